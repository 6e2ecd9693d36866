"""Who owns a conversation: the state machine, and the moves that staff make with it.

`next_state` is pure and knows no store. The functions below it write one logged move each, compare-and-set, so two
doors that move the same conversation at once cannot both win. A turn's own moves are written with the turn.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from crm.store import Store
from prompts.render import say
from rapport.errors import Refused
from rapport.escalation import REASONS
from rapport.types import ConversationId, Handover, State, ToolResult, Understanding

Event = Literal["message", "offer", "accept", "decline", "request", "assign", "release", "close", "reopen"]

# release: staff give the conversation back. The next customer message then goes to the bot.
_MOVES: dict[State, dict[Event, State]] = {
    State.BOT: {
        "message": State.BOT,
        "offer": State.OFFERED,
        "request": State.QUEUED,
        "assign": State.HUMAN,
        "close": State.CLOSED,
    },
    State.OFFERED: {
        "message": State.BOT,
        "offer": State.OFFERED,
        "accept": State.QUEUED,
        "decline": State.BOT,
        "request": State.QUEUED,
        "assign": State.HUMAN,
        "close": State.CLOSED,
    },
    State.QUEUED: {
        "message": State.QUEUED,
        "request": State.QUEUED,
        "offer": State.QUEUED,
        "assign": State.HUMAN,
        "release": State.RETURNED,
        "close": State.CLOSED,
    },
    State.HUMAN: {
        "message": State.HUMAN,
        "assign": State.HUMAN,
        "release": State.RETURNED,
        "close": State.CLOSED,
    },
    State.RETURNED: {
        "message": State.BOT,
        "offer": State.OFFERED,
        "request": State.QUEUED,
        "assign": State.HUMAN,
        "close": State.CLOSED,
    },
    State.CLOSED: {"reopen": State.BOT},
}


def next_state(state: State, event: Event) -> State:
    """Where `event` leads from `state`. Raises Refused for a move that does not exist."""
    try:
        return _MOVES[state][event]
    except KeyError:
        possible = ", ".join(_MOVES[state])
        raise Refused(
            f"a conversation that is '{state}' cannot take '{event}'.", hint=f"Possible: {possible}."
        ) from None


def assign(store: Store, id: ConversationId, *, actor: str, at: datetime) -> State:
    """A person takes the conversation. Raises Refused when it is closed."""
    return _move(store, id, "assign", actor=actor, at=at)


def give_back(store: Store, id: ConversationId, *, actor: str, at: datetime) -> State:
    """The person gives the conversation back; the agent answers from the customer's next message on."""
    return _move(store, id, "release", actor=actor, at=at)


def close(store: Store, id: ConversationId, *, actor: str, at: datetime) -> State:
    """Close with one closing message. Raises Refused when it is closed already."""
    conversation = store.conversation(id)
    state = next_state(conversation.state, "close")
    message = say("closing", locale=conversation.locale)
    store.transition(id, expected=conversation.state, to=state, event="close", actor=actor, at=at, message=message)
    return state


def reopen(store: Store, id: ConversationId, *, actor: str, at: datetime) -> State:
    """Open a closed conversation again; it starts a fresh context, and who was verified only claims now."""
    return _move(store, id, "reopen", actor=actor, at=at)


def hand_over(
    store: Store, id: ConversationId, handover: Handover, *, by: tuple[str, datetime], told: str | None = None
) -> State:
    """Queue the conversation for a person outside a turn, such as by the button on the page.

    by: who asks and when. told: what the customer reads about it. Already queued or with a person: nothing is written
    and the state is returned as it is. Raises Refused for a closed one; StaleTurn where it moved meanwhile.
    """
    conversation = store.conversation(id)
    if conversation.state in (State.QUEUED, State.HUMAN):
        return conversation.state
    state = next_state(conversation.state, "request")
    actor, at = by
    store.transition(
        id, expected=conversation.state, to=state, event="request", actor=actor, at=at, message=told, handover=handover
    )
    return state


def make_handover(
    reason: str,
    understanding: Understanding,
    *,
    tools: Sequence[ToolResult],
    tried: Sequence[str],
    trail: Sequence[float],
) -> Handover:
    """What the person needs: why, what was asked, the mood, what was tried and found.

    tried: one line for each thing the agent did. trail: sentiment of the turns so far, oldest first, -1..1.
    """
    asked = "; ".join(ask.text.strip()[:300] for ask in understanding.asks)
    intents = ", ".join(dict.fromkeys(ask.intent for ask in understanding.asks))
    lines = [
        f"Reason: {reason}.",
        f"Asked: {asked}",
        f"Intent: {intents}. Language: {understanding.language}.",
        f"Mood, oldest first: {', '.join(f'{value:+.1f}' for value in trail) or 'unknown'}.",
        f"Looked up: {', '.join(_found(result) for result in tools) or 'nothing'}.",
        f"Tried: {'; '.join(tried) or 'nothing'}.",
    ]
    return Handover(
        reason=reason,
        queue=queue_of(ask.intent for ask in understanding.asks),
        priority=_priority(understanding),
        summary="\n".join(lines),
        suggestions=(),
    )


def _move(store: Store, id: ConversationId, event: Event, *, actor: str, at: datetime) -> State:
    conversation = store.conversation(id)
    state = next_state(conversation.state, event)
    store.transition(id, expected=conversation.state, to=state, event=event, actor=actor, at=at)
    return state


def _found(result: ToolResult) -> str:
    return f"{result.tool} {'found ' + str(result.record) if result.found and result.record else 'found nothing'}"


_QUEUES = {
    "billing": {"refund_status", "invoice", "payment_problem", "payment_info", "discount_code", "gift_card"},
    "delivery": {"order_status", "delivery_problem", "shipping_info", "change_address"},
    "returns": {"return_item", "exchange_item", "damaged_item", "wrong_item", "warranty_claim"},
    "orders": {"cancel_order", "change_order"},
    "accounts": {"account_access", "account_change", "data_privacy", "verify_me", "loyalty_program"},
}


def queue_of(intents: Iterable[str]) -> str:
    """The queue of the first intent that has one; "general" where none has."""
    for intent in intents:
        for queue, known in _QUEUES.items():
            if intent in known:
                return queue
    return "general"


def _priority(understanding: Understanding) -> Literal["low", "normal", "high", "urgent"]:
    if understanding.escalate_reason == REASONS["safety"]:
        return "urgent"
    urgent = understanding.escalate_level == "escalate" and understanding.escalate_reason != REASONS["person"]
    return "high" if urgent or understanding.sentiment <= -0.5 else "normal"
