"""What both doors do: the HTTP routes and the chat page call these and nothing below, so they behave alike.

Checks who may touch a conversation, keeps messages before anything is answered, and leaves the words to the agent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.turn import check_text
from crm.store import Store, Transition
from rapport.errors import NotFound, Refused
from rapport.paths import Home
from rapport.records import Article, RecordKind
from rapport.settings import Settings
from rapport.types import Citation, Conversation, ConversationId, Message, State, Turn, Viewer
from ui import auth
from ui.api import moves
from ui.api.errors import TooMany
from ui.api.explaining import Explainers
from ui.api.limits import Bucket
from ui.api.metrics import Metrics
from ui.api.profiling import ProfileKeeper
from ui.api.turns import Listener, TurnRunner
from ui.articles import article_path, is_public

if TYPE_CHECKING:
    from agent.suggest import Suggested
    from agent.turn import Agent

WITH_A_PERSON = (State.HUMAN,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A citation with where it can be read. url: the company's own page; page: the article's path on this server."""

    id: str
    title: str
    url: str | None
    page: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it is shown, with what its reply cites."""

    message: Message
    sources: tuple[Source, ...] = ()
    turn_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A conversation as its customer may see it. moves: oldest first."""

    conversation: Conversation
    shown: tuple[Shown, ...]
    moves: tuple[Transition, ...]

    @property
    def colleague(self) -> str | None:
        """Who has the conversation, while a person does."""
        taken = [move.actor for move in self.moves if move.to is State.HUMAN]
        return taken[-1] if taken and self.conversation.state is State.HUMAN else None


@dataclass(frozen=True, slots=True)
class Said:
    """A kept message and what comes of it: live events, the turn that answered it, or nothing while a person has it."""

    message: Message
    outcome: Listener | Turn | None


class Service:
    """The conversations of one server."""

    def __init__(self, home: Home, settings: Settings, *, agent: "Agent", store: Store, metrics: Metrics) -> None:
        self.home = home
        self.settings = settings
        self.agent = agent
        self.store = store
        self.metrics = metrics
        self.profiling = ProfileKeeper(home, settings, store=store, metrics=metrics)
        self.runner = TurnRunner(
            agent, store, self.metrics, wait_seconds=settings.agent.wait_seconds, after=self.profiling.after_turn
        )
        self.explainers = Explainers(home, agent.parts.models)
        self._key = auth.server_key(home)
        self._pace = Bucket(settings.server.messages_per_minute)

    @staticmethod
    def clock() -> datetime:
        """Now, aware and UTC."""
        return datetime.now(UTC)

    def open(self, *, viewer: Viewer, channel: str, locale: str = "en") -> tuple[Conversation, str]:
        """Begin a conversation. Returns it and its secret token."""
        conversation = self.store.create_conversation(channel=channel, viewer=viewer, locale=locale, at=self.clock())
        return conversation, auth.conversation_token(self._key, conversation.id)

    def admit(self, id: str, token: str) -> ConversationId:
        """Pass the conversation's opener and staff. NotFound for anybody else: its existence is not told."""
        known = ConversationId(id)
        if auth.opens(self._key, known, token) or auth.is_staff(self.settings, token):
            self.store.conversation(known)
            return known
        raise NotFound("there is no such conversation, or the token is not its own.",
                       hint="Open one with POST /v1/conversations and send its token.")  # fmt: skip

    def view(self, id: ConversationId) -> View:
        """The conversation with the citations of its replies."""
        conversation = self.store.conversation(id)
        shown = tuple(
            Shown(message, self.sources(turn.reply.citations), turn.id) if turn and turn.reply else Shown(message)
            for message, turn in _with_turns(conversation.messages, self.store.turns(id))
        )
        return View(conversation=conversation, shown=shown, moves=tuple(self.store.transitions(id)))

    def sources(self, citations: Sequence[Citation]) -> tuple[Source, ...]:
        """Citations with their pages here; a record that is no public article (any more) has none."""
        found = self.store.fetch(RecordKind.ARTICLES, [citation.id for citation in citations]) if citations else {}
        now = self.clock()
        public = {key for key, article in found.items() if isinstance(article, Article) and is_public(article, now)}
        return tuple(
            Source(
                id=part.id, title=part.title, url=part.url, page=article_path(part.id) if part.id in public else None
            )
            for part in citations
        )

    def say(self, id: ConversationId, text: str, *, client_id: str | None = None) -> Said:
        """Keep a customer's message, then have it answered. It is durable before this returns.

        The same client_id again gives the same message and answer. Raises UserError for an empty or too long text,
        TooMany for too many messages.
        """
        check_text(text, self.settings.agent.max_message_chars)
        if not self._pace.take(id):
            raise TooMany("that is a lot of messages at once.", hint="Wait a moment and send it again.")
        message = self.store.receive(id, text, at=self.clock(), client_id=client_id)
        if self.store.conversation(id).state in WITH_A_PERSON:
            return Said(message, self.runner.answered(id, message))
        return Said(message, self.runner.answer(id, message))

    def answering(self, id: ConversationId) -> bool:
        """Whether a reply is being made, such as when a page is reloaded in the middle of it."""
        return self.runner.running(id)

    def gathering(self, id: ConversationId) -> bool:
        """Whether the answer still takes in what the customer writes next."""
        return self.runner.gathering(id)

    def reply_as_staff(self, id: ConversationId, text: str, *, client_id: str | None = None) -> Message:
        """Keep a colleague's message. Raises Refused unless a person has the conversation."""
        check_text(text, self.settings.agent.max_message_chars)
        if self.store.conversation(id).state is not State.HUMAN:
            raise Refused("nobody has taken this conversation.", hint="Take it first: POST …/assign with your name.")
        return self.store.receive(id, text, at=self.clock(), role="staff", client_id=client_id)

    def suggest(self, id: ConversationId) -> "Suggested":
        """A reply for the colleague who has the conversation; see `agent.suggest`."""
        from agent.suggest import suggest

        return suggest(self.agent.parts, id)

    def ask_for_a_person(self, id: ConversationId, *, actor: str, reason: str = "") -> State:
        """Queue the conversation for a colleague; asking twice changes nothing."""
        wish = moves.Wish(by=actor, at=self.clock(), reason=reason)
        return moves.ask_for_a_person(self.store, id, wish, settings=self.settings, profiles=self.agent.profiles)

    def assign(self, id: ConversationId, *, actor: str) -> State:
        """A colleague takes the conversation, under the name that the customer sees."""
        from agent import handover

        return handover.assign(self.store, id, actor=actor, at=self.clock())

    def give_back(self, id: ConversationId, *, actor: str) -> State:
        """The colleague gives it back to the agent."""
        from agent import handover

        return handover.give_back(self.store, id, actor=actor, at=self.clock())

    def close_conversation(self, id: ConversationId, *, actor: str) -> State:
        """The colleague closes it."""
        from agent import handover

        return handover.close(self.store, id, actor=actor, at=self.clock())


def _with_turns(messages: Sequence[Message], turns: Sequence[Turn]) -> Iterator[tuple[Message, Turn | None]]:
    """Join replies to their turns: in order, each to the next turn that says the same."""
    waiting = [turn for turn in turns if turn.reply is not None]
    for message in messages:
        turn = waiting[0] if waiting and message.role == "assistant" else None
        if turn and turn.reply and turn.reply.text == message.text:
            waiting.pop(0)
            yield message, turn
        else:
            yield message, None
