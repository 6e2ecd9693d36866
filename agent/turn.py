"""Answer a customer: understand, know, decide, act, compose, write, check, log.

The main path is `Agent.take_turn`; each stage is a module of its own. Turns of one conversation follow one another in
this process by a lock, between processes by the store's compare-and-set: a turn that comes too late is made anew. What
a chat model writes is let out sentence by sentence while the turn is made; see `agent.desk`.
"""

import logging
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from agent.act import Tools
from agent.compose import Composer
from agent.decide import decide
from agent.desk import Desk
from agent.events import Cited, Finished, Retracted, StateChanged, Telling, TurnEvent, result, tokens
from agent.facts import Facts, Identified, Limits
from agent.gather import Gathering, Reading, gather
from agent.handover import Event
from agent.identify import identify, note_failure
from agent.know import Known, know
from agent.likely_articles import Expected
from agent.locks import Locks
from agent.own_trade import OwnTrade
from agent.profile_use import ProfileUse, shown, with_offer
from agent.stopwatch import Stopwatch
from agent.thread import Done, Thread, begin, conclude, viewer_of
from crm.conversations import kept_text
from crm.store import StaleTurn, Store
from rapport.affairs import Affairs
from rapport.errors import Refused, UserError
from rapport.settings import Settings
from rapport.types import (
    Conversation,
    ConversationId,
    Identity,
    Message,
    State,
    Turn,
    TurnId,
    Understanding,
    Viewer,
)
from rapport.wishes import Wishes
from retrieval.search import Searcher

if TYPE_CHECKING:
    from agent.replay import Replay
    from agent.understand import Understander

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
# Patterns, the catalogue and the shapes of order numbers are read when the first turn needs them.
REHEARSED = ("how do I return it, and where is my order?", "I want to talk to a person")


Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an agent is made of. models: artifact name per role, for the trace.

    profiles: what is done with customers' profiles; without it, what the shipped rules say. affairs: tells what
    concerns another person by more than the patterns of `agent.bounds`, wishes what is to be done about an order by
    more than those of `agent.forms`; None with an encoder that they do not know.
    """

    store: Store
    settings: Settings
    understander: "Understander"
    searcher: Searcher
    trade: OwnTrade
    tools: Tools
    composer: Composer
    desk: Desk
    limits: Limits
    clock: Clock
    models: Mapping[str, str]
    profiles: ProfileUse | None = None
    affairs: Affairs | None = None
    wishes: Wishes | None = None

    def facts(self, understanding: Understanding, known: Known, *, identity: Identity, thread: Thread, state: State,
              identified: Identified) -> Facts:  # fmt: skip
        """All that a decision on these requests depends on."""
        asks = understanding.asks
        if self.wishes is not None:
            asks = self.wishes.read(asks, known.queries, known.vectors)
        return Facts(
            understanding=replace(understanding, asks=asks),
            answerable=known.answerable,
            names_product=tuple(self.tools.catalogue.names(ask.text) for ask in asks),
            own_trade=self.trade.matches(asks, known.found),
            others=self.affairs.others(known.queries, known.vectors) if self.affairs is not None else (),
            state=state,
            identity=identity,
            context=thread.context,
            identified=identified,
            limits=self.limits,
        )


class Agent:
    """Answers the conversations of one company. Safe to share between threads."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.store = parts.store
        self.settings = parts.settings
        self.clock = parts.clock
        self.profiles = parts.profiles or ProfileUse(parts.store)
        self._locks = Locks()

    def take_turn(
        self, conversation: Conversation, messages: Sequence[Message], *, at: datetime, id: TurnId
    ) -> tuple[Turn, Event]:
        """One turn, not yet kept, and the event that it is for the conversation's state."""
        return result(self._turn(self._read(conversation, messages, at), id))

    def expecting(self, reasons: Callable[[], Mapping[str, float]]) -> Expected:
        """What a search is to expect of a message that leaves open what it is about: chance by intent."""
        return Expected(self.parts.understander.titles, reasons, self.parts.limits.answerable)

    def _read(self, conversation: Conversation, messages: Sequence[Message], at: datetime) -> Reading:
        thread, watch = begin(conversation, messages), Stopwatch()
        with watch("understand"):
            understanding, vectors = self.parts.understander.understand(messages, thread.conversation, today=at.date())
        return Reading(
            conversation=conversation, thread=thread, understanding=understanding, vectors=vectors, at=at, watch=watch
        )

    def _turn(self, reading: Reading, id: TurnId) -> Generator[str, None, tuple[Turn, Event]]:
        """Yields sentences of the reply that may be let out before the turn is whole."""
        parts, thread, watch, at = self.parts, reading.thread, reading.watch, reading.at
        with watch("know"):
            said = reading.understanding
            identified = identify(parts.store, thread, said, settings=parts.settings.verify, at=at)
            viewer = viewer_of(thread.conversation, identified)
            profile = self.profiles.of(viewer)
            understanding = self.profiles.read(said, viewer, at=at)
            known = know(
                parts.searcher, understanding, reading.vectors, messages=thread.messages, viewer=viewer,
                expected=self.expecting(partial(self.profiles.likely, viewer, at=at)), titles=parts.understander.titles,
            )  # fmt: skip
        with watch("decide"):
            facts = parts.facts(
                understanding, known, identity=viewer.identity, thread=thread, state=thread.start, identified=identified
            )
            steps = decide(facts)
            regard = self.profiles.regard(facts, steps, profile=profile, at=at)
            steps = with_offer(regard, facts, steps)
        with watch("act"):
            results = tuple(parts.tools.run(step, viewer) if step.looks_up else None for step in steps)
            regard = self.profiles.completed(regard, facts, steps, results, viewer=viewer, at=at)
        with watch("compose"):
            brief = parts.composer.compose(facts, steps, results, known=known, conversation=thread.conversation)
            brief = shown(brief, regard, steps)
        written = yield from parts.desk.write(brief, viewer)
        done = Done(
            thread=thread, facts=facts, known=known, viewer=viewer, steps=steps, results=results, written=written,
            regard=regard,
        )  # fmt: skip
        turn, event = conclude(done, id=id, at=at, models=parts.models, index_version=parts.searcher.version)
        return replace(turn, ms={**watch.ms, "write": written.write_ms, "check": written.check_ms}), event

    def respond(self, id: ConversationId, *, gathering: Gathering | None = None) -> Iterator[TurnEvent]:
        """Answer all unanswered messages in one turn. Nothing to answer: the state alone.

        The tokens between the last `Retracted` and the end are the reply as it is kept. The first may come while the
        rest is still written; a caller who leaves then ends the writing, and nothing is kept.
        gathering: waits for more messages where these look unfinished; without it they are answered at once.
        Raises NotFound; StaleTurn where others keep changing the conversation meanwhile.
        """
        before = self.store.conversation(id).state
        with self._locks.holding(id):
            turn, sent = yield from self._answer(id, gathering)
        if turn is None:
            yield StateChanged(self.store.conversation(id).state)
            return
        if turn.reply is not None:
            yield from tokens(turn.reply.text[len(sent) :])
            for citation in turn.reply.citations:
                yield Cited(citation)
        if turn.state is not before:
            yield StateChanged(turn.state)
        yield Finished(turn)

    def ask(
        self, text: str, *, viewer: Viewer, conversation_id: ConversationId | None = None, channel: str = "cli"
    ) -> Turn:
        """Keep a message and answer it. Without a conversation_id a conversation is begun.

        Raises UserError for an empty or too long text, before anything is kept; Refused while a person owns it.
        """
        check_text(text, self.settings.agent.max_message_chars)
        at = self.clock()
        if conversation_id is None:
            conversation_id = self.store.create_conversation(channel=channel, viewer=viewer, at=at, said=text).id
        else:
            self.store.receive(conversation_id, text, at=at)
        for event in self.respond(conversation_id):
            if isinstance(event, Finished):
                return event.turn
        raise Refused(
            "a person has this conversation; the message is kept for them.",
            hint="They answer it, or give the conversation back.",
        )

    def warm_up(self) -> None:
        """Load what loads late, so that the first customer does not wait for it. Keeps nothing."""
        self.parts.understander.warm_up()
        desk = self.parts.desk
        if desk.writer is not None:
            desk.writer.describe()
        rehearsing = Agent(replace(self.parts, desk=replace(desk, writer=None)))  # a chat model may be another machine
        try:
            for text in REHEARSED:
                conversation, message = _rehearsal(text, at=self.clock())
                rehearsing.take_turn(conversation, (message,), at=message.at, id=TurnId("rehearsal"))
        except Exception as error:  # what fails here may yet go well for a customer, and their messages are kept
            log.error("the turn that loads the rest before the first customer failed", exc_info=error)

    def recover(self) -> int:
        """Answer what a kill left unanswered. Returns how many conversations were answered."""
        answered = 0
        for id in self.store.waiting_conversations(older_than=self.clock()):
            answered += any(isinstance(event, Finished) for event in self.respond(id))
        return answered

    def replay(self, turn_id: TurnId) -> "Replay":
        """Make a kept turn again from what it started from, write nothing, and compare."""
        from agent.replay import replay

        return replay(self, turn_id)

    def _answer(
        self, id: ConversationId, gathering: Gathering | None
    ) -> Generator[TurnEvent, None, tuple[Turn | None, str]]:
        """Make a turn and keep it. Returns it with what of its reply was let out; None where nothing is to be answered.

        What was let out of a turn that then comes too late is retracted: nothing of it is kept.
        """

        def read(conversation: Conversation, messages: Sequence[Message]) -> Reading:
            return self._read(conversation, messages, self.clock())

        for attempt in range(1, MOST_ATTEMPTS + 1):
            reading = gather(self.store, id, read, least=self.parts.limits.finished, gathering=gathering)
            if reading is None:
                break
            before, gathering = reading.conversation, None  # made anew, a turn waits no more
            telling, watch = Telling(self.store, before), Stopwatch()
            try:
                turn, event = yield from telling.through(self._turn(reading, TurnId(uuid.uuid4().hex)))
                with watch("log"):
                    self.store.save_turn(turn, expected=before.state, event=event)
            except StaleTurn:
                if telling.sent:
                    yield Retracted()
                if attempt == MOST_ATTEMPTS:
                    raise
            else:
                note_failure(self.store, turn, before=before, settings=self.settings.verify)
                return replace(turn, ms={**turn.ms, **watch.ms}), telling.sent
        return None, ""


def _rehearsal(text: str, *, at: datetime) -> tuple[Conversation, Message]:
    """A message of nobody in a conversation that no database holds."""
    message = Message(role="customer", text=text, at=at)
    conversation = Conversation(
        id=ConversationId("rehearsal"), customer_id=None, identity=Identity.ANONYMOUS, channel="cli",
        state=State.BOT, messages=(message,),
    )  # fmt: skip
    return conversation, message


def check_text(text: str, most: int) -> None:
    """Raise UserError for a message that is empty, longer than `most` characters, or no text that can be kept."""
    if not text.strip():
        raise UserError("the message is empty.", hint="Write a few words.")
    if len(text) > most:
        raise UserError(f"the message has {len(text):,} characters.", hint=f"Send at most {most:,} at once.")
    kept_text(text)
