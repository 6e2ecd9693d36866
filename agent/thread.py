"""The beginning and the end of a turn: what it starts from in its conversation, and the `Turn` that is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agent.context import Context, read_context, write_context
from agent.desk import Written
from agent.facts import Facts, Identified, Step
from agent.handover import Event, make_handover, next_state
from agent.know import Known
from agent.profile_use import NOBODY, Regard, routed
from agent.remember import remember, tried
from rapport.types import (
    Conversation,
    Handover,
    Identity,
    Message,
    Reply,
    State,
    ToolResult,
    Turn,
    TurnId,
    Viewer,
)


def utc_now() -> datetime:
    """The time, aware and UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What a turn starts from. conversation: without what was said before it was last closed.

    start: the state that the turn's move starts from; a closed conversation is open again by the message itself.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    context: Context
    start: State
    reopened: bool = False


def begin(conversation: Conversation, messages: Sequence[Message]) -> Thread:
    """Take up a conversation at its unanswered messages.

    A closed one starts a fresh context, and who was verified only claims now: another person may sit there.
    """
    context = read_context(conversation.context)
    start = conversation.state
    identity = conversation.identity
    if start is State.CLOSED:
        start = next_state(start, "reopen")
        identity = Identity.CLAIMED if identity is Identity.VERIFIED else identity
        context = Context(since=int(messages[0].id or 0))
    recent = tuple(message for message in conversation.messages if (message.id or 0) >= context.since)
    stored = write_context(context) if conversation.state is State.CLOSED else conversation.context
    return Thread(
        conversation=replace(conversation, messages=recent, context=stored, state=start, identity=identity),
        messages=tuple(messages),
        context=context,
        start=start,
        reopened=conversation.state is State.CLOSED,
    )


def viewer_of(conversation: Conversation, identified: Identified) -> Viewer:
    """Who is asking, after this turn's own verification."""
    if identified.outcome == "matched":
        return Viewer(identified.customer, Identity.VERIFIED)
    return Viewer(conversation.customer_id, conversation.identity)


def event_of(steps: Sequence[Step], start: State, *, gave_up: bool) -> Event:
    """What the turn means for who owns the conversation."""
    if any(step.decision.kind == "hand_over" for step in steps) and not gave_up:
        accepted = start is State.OFFERED and steps[0].rule == "offer_accepted"
        return "accept" if accepted else "request"
    if gave_up or any(step.offers for step in steps):
        return "offer"
    if start is State.OFFERED and steps[0].rule == "declined":
        return "decline"
    return "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """All that the stages of a turn made."""

    thread: Thread
    facts: Facts
    known: Known
    viewer: Viewer
    steps: tuple[Step, ...]
    results: tuple[ToolResult | None, ...]
    written: Written
    regard: Regard = NOBODY


def conclude(
    done: Done, *, id: TurnId, at: datetime, models: Mapping[str, str], index_version: str
) -> tuple[Turn, Event]:
    """The turn as it is kept, its stages' milliseconds left empty, and the event that moves the conversation."""
    thread, written = done.thread, done.written
    event = event_of(done.steps, thread.start, gave_up=written.gave_up)
    state = next_state(thread.start, event)
    context = remember(done.facts, done.steps, done.results)
    if done.regard.suggested is not None:
        context = replace(context, suggested=True)
    tools = tuple(result for result in (*done.results, done.regard.suggested) if result is not None)
    turn = Turn(
        id=id,
        conversation_id=thread.conversation.id,
        at=at,
        messages=thread.messages,
        understanding=done.facts.understanding,
        hits=done.known.hits,
        tools=tools,
        decisions=tuple(step.decision for step in done.steps),
        draft=written.draft,
        verdict=written.verdict,
        reply=Reply(text=written.draft.text, citations=written.draft.citations, confidence=_confidence(done)),
        handover=_handover(done, context) if state is State.QUEUED and thread.start is not State.QUEUED else None,
        state=state,
        identity=done.viewer.identity,
        customer_id=done.viewer.customer_id,
        context=write_context(context),
        ms={},
        models={**models, "writer": written.writer, **done.regard.trace},
        index_version=index_version,
    )
    return turn, "reopen" if thread.reopened else event


def _handover(done: Done, context: Context) -> Handover:
    reason = next(step.decision.reason for step in done.steps if step.decision.kind == "hand_over")
    made = make_handover(
        reason,
        done.facts.understanding,
        tools=[r for r in done.results if r],
        tried=tried(done.steps),
        trail=context.trail,
    )
    sources = [f"{hit.passage.title} ({hit.passage.record})" for hit in done.known.hits[:3]]
    before = [f"{message.role}: {message.text[:300]}" for message in done.thread.conversation.messages[-6:]]
    told = [f"Profile: {' '.join(done.regard.words)}"] if done.regard.words else []
    more = [*(["Sources: " + "; ".join(sources) + "."] if sources else []), *told, "Conversation:", *before]
    topics = [*(ask.intent for ask in done.facts.understanding.asks), done.thread.context.intent or ""]
    return routed(replace(made, summary="\n".join([made.summary, *more])), done.regard, topics)


def _confidence(done: Done) -> float:
    """How sure the reply is, 0-1: the least sure of its parts."""
    shares = []
    for step in done.steps:
        if step.looks_up:
            shares.append(1.0)
        elif step.rule in ("article", "article_then_offer"):
            shares.append(done.known.answerable[step.index])
        else:
            shares.append(step.ask.confidence)
    return round(min(shares, default=0.0), 4)
