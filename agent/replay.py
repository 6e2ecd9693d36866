"""Make a kept turn again from what it started from, and say what came out differently. Writes nothing.

A turn is decided by its conversation so far, the records, the customer's profile, the models, the index and the
settings. Where all of these are as they were, a replay is the same word by word.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.context import read_context
from rapport.types import Conversation, Identity, State, Turn, TurnId

if TYPE_CHECKING:
    from agent.turn import Agent


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that came out differently."""

    field: str
    kept: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found."""

    turn: Turn
    same: bool
    differences: tuple[Difference, ...]


def replay(agent: "Agent", turn_id: TurnId) -> Replay:
    """Replay one turn. Raises NotFound."""
    kept = agent.store.turn(turn_id)
    turn, _ = agent.take_turn(conversation_before(agent, kept), kept.messages, at=kept.at, id=kept.id)
    differences = tuple(
        Difference(name, before, after)
        for name, before, after in ((name, _seen(kept, name), _seen(turn, name)) for name in _COMPARED)
        if before != after
    )
    return Replay(turn, not differences, differences)


def conversation_before(agent: "Agent", kept: Turn) -> Conversation:
    """The conversation as it stood when the turn began."""
    conversation = agent.store.conversation(kept.conversation_id)
    earlier = [turn for turn in agent.store.turns(kept.conversation_id) if turn.id != kept.id and turn.at <= kept.at]
    earlier = earlier[: _place(agent, kept)]
    last = max(message.id or 0 for message in kept.messages)
    moves = [move for move in agent.store.transitions(kept.conversation_id) if move.turn_id == kept.id]
    state = moves[0].before if moves else kept.state
    return replace(
        conversation,
        state=state,
        identity=_identity(conversation, kept, earlier),
        customer_id=_customer(conversation, kept, earlier),
        context=earlier[-1].context if earlier else {},
        messages=tuple(message for message in conversation.messages if (message.id or 0) <= last),
    )


def _place(agent: "Agent", kept: Turn) -> int:
    ids = [turn.id for turn in agent.store.turns(kept.conversation_id)]
    return ids.index(kept.id)


def _identity(conversation: Conversation, kept: Turn, earlier: list[Turn]) -> Identity:
    if earlier:
        return earlier[-1].identity
    # verified by its own facts: the facts that it used up tell that it started without
    return Identity.ANONYMOUS if _verified_here(kept) else kept.identity


def _customer(conversation: Conversation, kept: Turn, earlier: list[Turn]) -> Any:
    if earlier:
        return earlier[-1].customer_id
    return None if _verified_here(kept) else kept.customer_id


def _verified_here(kept: Turn) -> bool:
    asked = read_context(kept.context)
    said = any(
        decision.rule == "verified_only" or decision.reason.startswith("verified;") for decision in kept.decisions
    )
    return kept.identity is Identity.VERIFIED and said and not asked.facts


_COMPARED = ("intents", "decisions", "tools", "reply", "citations", "state", "identity", "context", "models", "index")


def _seen(turn: Turn, name: str) -> Any:
    views: dict[str, Any] = {
        "intents": [ask.intent for ask in turn.understanding.asks],
        "decisions": [(decision.kind, decision.rule) for decision in turn.decisions],
        "tools": [(tool.tool, tool.found, tool.record, dict(tool.values)) for tool in turn.tools],
        "reply": turn.reply.text if turn.reply else None,
        "citations": [citation.id for citation in turn.reply.citations] if turn.reply else [],
        "state": State(turn.state).value,
        "identity": Identity(turn.identity).value,
        "context": dict(turn.context),
        "models": dict(turn.models),
        "index": turn.index_version,
    }
    return views[name]
