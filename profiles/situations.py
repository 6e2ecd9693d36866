"""What goes on with a customer's orders, and what customers in such a situation wrote about: a table of counts.

A situation is told from the orders as they could be known at a moment: what lies after it is not looked at.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from rapport.errors import CorruptArtifact
from rapport.records import Order, RecordKind, Ticket

if TYPE_CHECKING:
    from crm.store import Store

Situation = Literal["refund", "late", "fresh", "under_way", "arrived", "nothing"]
SITUATIONS: tuple[Situation, ...] = get_args(Situation)  # of several the first counts
WORDS: Mapping[Situation, str] = {
    "refund": "money was asked back lately", "late": "a parcel is late", "fresh": "has just ordered",
    "under_way": "a parcel is under way", "arrived": "a parcel has arrived lately",
}  # fmt: skip
FILE = "situations.json"
REFUND, LATE, FRESH = timedelta(days=21), timedelta(days=30), timedelta(hours=12)
ARRIVED = timedelta(days=14)
# As many cases of the whole company stand beside those of a situation, so that few cases say little.
PRIOR_CASES = 10
MOST_ORDERS = 20  # the newest of a customer
MOST_TICKETS = 20_000
LEAST_TICKETS = 100


def situation_of(orders: Iterable[Order], at: datetime) -> Situation:
    """The first of SITUATIONS that one of the orders is in."""
    found = {name for order in orders if order.placed_at and order.placed_at < at for name in _of_order(order, at)}
    return next((name for name in SITUATIONS if name in found), "nothing")


def _of_order(order: Order, at: datetime) -> Iterable[Situation]:
    if order.placed_at and at - order.placed_at < FRESH:
        yield "fresh"
    if any(refund.requested_at and refund.requested_at < at < refund.requested_at + REFUND for refund in order.refunds):
        yield "refund"
    for parcel in order.deliveries:
        if parcel.shipped_at is None or parcel.shipped_at >= at:
            continue
        if parcel.delivered_at and parcel.delivered_at < at:
            if at - parcel.delivered_at < ARRIVED:
                yield "arrived"
        elif parcel.expected_at:
            if at <= parcel.expected_at:
                yield "under_way"
            elif at - parcel.expected_at < LATE:
                yield "late"


@dataclass(frozen=True, slots=True)
class Situations:
    """Chance of each reason to write, by situation; those of a situation sum to 1."""

    reasons: Mapping[Situation, Mapping[str, float]]

    def save(self, folder: Path) -> None:
        """Write the table."""
        (folder / FILE).write_text(json.dumps(self.reasons, indent=1, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Situations":
        """Read what `save` wrote. Raises CorruptArtifact where it is no such table."""
        try:
            read = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls({name: {reason: float(share) for reason, share in read[name].items()} for name in SITUATIONS})
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise CorruptArtifact(
                f"{folder / FILE} cannot be read ({error}).", hint="Run: rapport profiles train"
            ) from error


def learn(cases: Sequence[tuple[Situation, str]]) -> Situations:
    """The table of (situation, reason) cases. Raises ValueError for none."""
    if not cases:
        raise ValueError("no cases")
    every = Counter(reason for _, reason in cases)
    reasons: dict[Situation, Mapping[str, float]] = {}
    for name in SITUATIONS:
        own = Counter(reason for situation, reason in cases if situation == name)
        total = own.total() + PRIOR_CASES
        reasons[name] = {
            reason: round((own[reason] + PRIOR_CASES * n / len(cases)) / total, 6)
            for reason, n in sorted(every.items())
        }
    return Situations(reasons)


def learn_from(store: "Store", before: datetime) -> Situations | None:
    """The table of a home's tickets that began before a moment and have an intent; None where they are too few."""
    cases: list[tuple[Situation, str]] = []
    for ticket in store.iterate(RecordKind.TICKETS):
        if not isinstance(ticket, Ticket) or ticket.customer_id is None or ticket.created_at is None:
            continue
        reason = ticket.labels.get("intent", "oos")
        if reason != "oos" and ticket.created_at < before:
            orders = store.orders_of(ticket.customer_id, limit=MOST_ORDERS)
            cases.append((situation_of(orders, ticket.created_at), reason))
        if len(cases) == MOST_TICKETS:
            break
    return learn(cases) if len(cases) >= LEAST_TICKETS else None
