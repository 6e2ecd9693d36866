"""Suggest a reply to the colleague who has a conversation. Nothing of it is sent: a person sends, changes or drops it.

What the customer wrote is read, looked up, written and checked as in a turn, so the words hold only what this customer
may read. Passages for staff stand beside them and are marked as internal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.decide import decide
from agent.events import result
from agent.facts import Facts, Identified, Step
from agent.know import Known, know
from agent.profile_use import profile_words
from agent.thread import Thread, begin
from crm.store import Suggestion
from rapport.errors import Refused
from rapport.types import Citation, ConversationId, Message, MessageId, State, ToolResult, Understanding, Viewer

if TYPE_CHECKING:
    import numpy as np

    from agent.turn import Parts

FURTHEST = 3  # runs of messages looked back through for one that can be answered: the last may only ask for a person
# What a colleague would say as well. The rest is about the agent itself, or is asked by it to understand.
SUGGESTED = frozenset(
    {"order_status", "delivery", "refund", "invoice", "product", "article", "article_then_offer", "verify"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """Words of a passage for staff that bear on the question. They are not for the customer."""

    source: Citation
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A suggested reply. message_id: the customer's message that it answers.

    kept: the suggestion as it stands in the store; None where neither records nor articles answer. citations: of its
    text. internal: best first. profile: the customer's in words, for the colleague alone.
    """

    message_id: MessageId
    kept: Suggestion | None
    citations: tuple[Citation, ...] = ()
    internal: tuple[Internal, ...] = ()
    profile: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be answered, as it is read, and who will read the answer. vectors: of its requests' queries."""

    thread: Thread
    understanding: Understanding
    vectors: "np.ndarray"
    viewer: Viewer


def suggest(parts: "Parts", id: ConversationId) -> Suggested:
    """A reply to what the customer wrote last, kept as a suggestion.

    Raises NotFound; Refused unless a person has the conversation and the customer waits for an answer.
    """
    conversation = parts.store.conversation(id)
    if conversation.state is not State.HUMAN:
        raise Refused("nobody has taken this conversation.", hint="Take it first: POST …/assign with your name.")
    runs = list(_unanswered(conversation.messages))[:FURTHEST]
    if not runs:
        raise Refused("the customer has written nothing since the last answer.", hint="Ask again when they write.")
    viewer = Viewer(conversation.customer_id, conversation.identity)
    first: Suggested | None = None
    for messages in runs:
        thread = begin(conversation, messages)
        understanding, vectors = parts.understander.understand(
            messages, thread.conversation, today=parts.clock().date()
        )
        found = _suggested(parts, _Asked(thread, _calm(understanding), vectors, viewer))
        if found.kept is not None:
            return found
        first = first or found
    assert first is not None
    return first


def _unanswered(messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    """Runs of the customer's messages since a colleague wrote last, newest first."""
    run: list[Message] = []
    for message in reversed(messages):
        if message.role == "customer":
            run.insert(0, message)
        elif message.role != "system" and run:
            yield tuple(run)
            run = []
        if message.role == "staff":
            return
    if run:
        yield tuple(run)


def _calm(understanding: Understanding) -> Understanding:
    """The same without the wish for a person: one has the conversation."""
    return replace(understanding, escalate=0.0, escalate_level="answer", escalate_reason="")


def _suggested(parts: "Parts", asked: _Asked) -> Suggested:
    thread, viewer = asked.thread, asked.viewer
    known = know(
        parts.searcher, asked.understanding, asked.vectors, messages=thread.messages, viewer=viewer,
        titles=parts.understander.titles,
    )  # fmt: skip
    facts = parts.facts(
        asked.understanding, known, identity=viewer.identity, thread=thread, state=State.BOT, identified=Identified()
    )
    steps = tuple(_told(decide(facts)))
    last = thread.messages[-1].id
    assert last is not None  # the store has kept it
    profile = parts.store.profile(viewer.customer_id) if viewer.customer_id is not None else None
    told = profile_words(parts.store, profile)
    made = Suggested(message_id=last, kept=None, internal=tuple(_internal(parts, asked)), profile=told)
    return _written(parts, made, facts, steps, known=known, asked=asked) if steps else made


def _told(steps: Sequence[Step]) -> Iterator[Step]:
    """What a colleague would say as well, without the offer of a person."""
    for step in steps:
        if step.rule in SUGGESTED:
            rule = "article" if step.rule == "article_then_offer" else step.rule
            yield replace(step, decision=replace(step.decision, rule=rule), offers=False)


def _written(
    parts: "Parts", made: Suggested, facts: Facts, steps: Sequence[Step], *, known: Known, asked: _Asked
) -> Suggested:
    """The suggestion with its words, kept; without them where no writer passed the checks."""
    results = tuple(parts.tools.run(step, asked.viewer) if step.looks_up else None for step in steps)
    brief = parts.composer.compose(facts, steps, results, known=known, conversation=asked.thread.conversation)
    written = result(parts.desk.write(brief, asked.viewer))
    if written.gave_up:
        return made
    kept = Suggestion(
        conversation_id=asked.thread.conversation.id,
        message_id=made.message_id,
        text=written.draft.text,
        model=written.writer,
        at=parts.clock(),
        record=_order(results),
    )
    return replace(made, kept=parts.store.add_suggestion(kept), citations=written.draft.citations)


def _order(results: Sequence[ToolResult | None]) -> str | None:
    """The one order that the reply states; None where it states none or several."""
    found = {one.record for one in results if one is not None and one.found and "number" in one.values}
    return found.pop() if len(found) == 1 else None


def _internal(parts: "Parts", asked: _Asked) -> Iterator[Internal]:
    """The words of staff articles among the best passages that a colleague may see, each article once."""
    staff = replace(asked.viewer, staff=True)
    known = know(parts.searcher, asked.understanding, asked.vectors, messages=asked.thread.messages, viewer=staff)
    told: set[str] = set()
    for query, vector, found in zip(known.queries, known.vectors, known.found, strict=True):
        for hit in found.hits if found.answerable >= parts.limits.answerable else ():
            passage = hit.passage
            if passage.visibility == "staff" and passage.record not in told:
                told.add(passage.record)
                words = parts.composer.extractor.quote(query, vector, passage)
                yield Internal(source=Citation(id=passage.record, title=passage.title, url=passage.url), text=words)
