"""What a conversation is about, kept between its turns: plain JSON, so that it is stored and replayed as it is.

Knows nothing of how the words are understood; `agent.understand` reads `order`, `intent` and `query` to complete a
follow-up, `agent.decide` reads the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PendingKind = Literal["verify", "order_number", "which_order", "offer", "clarify", "product"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One question put aside until something else is known: its intent, words, the order and the fields it named."""

    intent: str
    text: str
    order: str | None = None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What the last reply asked the customer for, and the questions that wait for it."""

    kind: PendingKind
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The thread of a conversation.

    order: number of the order under discussion. orders: numbers that the last reply listed, in its order.
    intent, query: of the last question that was taken up. product: the product under discussion.
    facts: identity facts given so far and not yet matched. failures: identity matches that failed.
    clarified: times in a row that the agent asked back. unhelped: times in a row that it asked back or had no answer.
    trail: sentiment of the customer's messages, said: their last vectors, packed; both oldest first.
    since: id of the message that this context starts with; earlier ones belong to a closed conversation.
    suggested: products were suggested, which is done once.
    """

    order: str | None = None
    orders: tuple[str, ...] = ()
    intent: str | None = None
    query: str | None = None
    product: str | None = None
    pending: Pending | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    failures: int = 0
    clarified: int = 0
    unhelped: int = 0
    trail: tuple[float, ...] = ()
    said: tuple[str, ...] = ()
    since: int = 0
    suggested: bool = False


def read_context(stored: Mapping[str, Any]) -> Context:
    """The context from a conversation's stored mapping; what is missing has its default."""
    known = {name: stored[name] for name in Context.__dataclass_fields__ if name in stored}
    for name in ("orders", "trail", "said"):
        known[name] = tuple(known.get(name) or ())
    if waiting := known.get("pending"):
        wanted = tuple(
            Wanted(**{**item, "topics": tuple(item.get("topics", ()))}) for item in waiting.get("wanted", ())
        )
        known["pending"] = Pending(kind=waiting["kind"], wanted=wanted)
    return Context(**known)


def write_context(context: Context) -> dict[str, Any]:
    """The context as JSON values; fields at their default are left out."""
    stored: dict[str, Any] = {}
    for name, declared in Context.__dataclass_fields__.items():
        value = getattr(context, name)
        if value and value != declared.default:
            stored[name] = list(value) if isinstance(value, tuple) else value
    stored.pop("pending", None)
    if context.facts:
        stored["facts"] = dict(context.facts)
    if context.pending:
        wanted = [_plain(item) for item in context.pending.wanted]
        stored["pending"] = {"kind": context.pending.kind, "wanted": wanted}
    return stored


def _plain(wanted: Wanted) -> dict[str, Any]:
    stored: dict[str, Any] = {"intent": wanted.intent, "text": wanted.text, "order": wanted.order}
    return {**stored, "topics": list(wanted.topics)} if wanted.topics else stored
