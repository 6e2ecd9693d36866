"""What happened with customers, as dated facts in arrays. What is computed as of a day sees the facts before it alone.

A fact is dated by when it was *known*: a parcel is late from the morning after it was due, a refund is declined some
days after it was asked for. So a history cut at a day (`History.before`) is what could be known when that day began,
and nothing that comes to the records later changes it. Reading them from the store is `profiles.reading`'s.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from profiles.transactions import NO_PRODUCT, Transactions

NOTHING = -1  # the code of a fact that names nothing


class Kind(StrEnum):
    """What a fact is about. The value of a fact is 1 where nothing else is said."""

    ORDER = "order"  # value: its money; nan where it is missing or in a currency without a rate; thing: payment method
    LINE = "line"  # value: its share of the order's money; number: pieces; thing: product
    DISCOUNTED = "discounted"  # an order with a discount code
    CANCELLED = "cancelled"  # an order
    LATE = "late"  # a parcel
    LOST = "lost"  # a parcel
    RETURN = "return"  # money was asked back; value: how much
    REPAID = "repaid"  # money went back; value: how much
    DECLINED = "declined"  # a refund
    VIEW = "view"  # a page, other than one of tracking
    TRACKING = "tracking"  # a look at where a parcel is
    CART = "cart"  # something was put into the cart
    SEARCH = "search"
    LOGIN = "login"
    MAIL = "mail"  # a mail of the company was opened
    OTHER = "other"  # any other event but "purchase", which the order tells better
    TICKET = "ticket"  # thing: channel
    REASON = "reason"  # why they wrote, of tickets and turns; thing: intent
    MOOD = "mood"  # of a ticket or turn; value: -1 negative to 1 positive
    CSAT = "csat"  # value: satisfaction with a ticket, 0-1
    ESCALATED = "escalated"  # a ticket
    TURN = "turn"  # a message of theirs that the agent dealt with
    HANDED = "handed"  # a turn that gave the conversation to a person


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """Facts of one kind, ordered by customer, then by time.

    owner: (N,) int32, index into the history's customers. day: (N,) float64, days since 1970-01-01 UTC. value: (N,)
    float64. thing: (N,) int32, index into the history's things or NOTHING. number: (N,) float64, pieces of a line.
    """

    owner: np.ndarray
    day: np.ndarray
    value: np.ndarray
    thing: np.ndarray
    number: np.ndarray

    def __len__(self) -> int:
        """How many facts there are."""
        return len(self.owner)

    def chosen(self, rows: np.ndarray) -> "Facts":
        """The facts that `rows` (booleans or ascending indices) names."""
        return Facts(
            owner=self.owner[rows], day=self.day[rows], value=self.value[rows], thing=self.thing[rows],
            number=self.number[rows],
        )  # fmt: skip

    def before(self, day: float) -> "Facts":
        """Those that were known when the day began."""
        if not len(self):
            return self
        rows = self.day < day
        return self if rows.all() else self.chosen(rows)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """All facts of some customers.

    customers: (C,) ids, sorted. created: (C,) days since 1970-01-01 on which the company got to know them, or nan.
    country: (C,) as text, "" where it is not known. things: (T,) what the facts' `thing` names. facts: every kind is
    there. cleaned: what was left out or changed, by reason; see `profiles.reading.CLEANED`.
    """

    customers: np.ndarray
    created: np.ndarray
    country: np.ndarray
    things: np.ndarray
    facts: Mapping[Kind, Facts]
    cleaned: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.customers)

    def before(self, day: float) -> "History":
        """What was known when `day` began: nothing of that moment or later. The customers stay."""
        facts = {kind: of_kind.before(day) for kind, of_kind in self.facts.items()}
        created = np.where(self.created < day, self.created, np.nan)
        return replace(self, facts=facts, created=created)

    def known(self) -> np.ndarray:
        """(C,) whether the company knew of the customer at all: a date of creation, or any fact."""
        found: np.ndarray = np.isfinite(self.created)
        for facts in self.facts.values():
            found[facts.owner] = True
        return found

    def chosen(self, rows: np.ndarray) -> "History":
        """Some of the customers (booleans or ascending indices) with their facts."""
        kept = np.flatnonzero(rows) if rows.dtype == bool else rows
        if len(kept) == len(self):
            return self
        places = np.full(len(self), -1, np.int32)
        places[kept] = np.arange(len(kept), dtype=np.int32)
        facts = {}
        for kind, of_kind in self.facts.items():
            own = of_kind.chosen(places[of_kind.owner] >= 0)
            facts[kind] = replace(own, owner=places[own.owner])
        return replace(
            self, customers=self.customers[kept], created=self.created[kept], country=self.country[kept], facts=facts
        )

    def named(self, thing: np.ndarray) -> np.ndarray:
        """(n,) the things of these codes as objects: text, or None for NOTHING."""
        names = np.array([*self.things, None], object)  # NOTHING is -1: the last one
        found: np.ndarray = names[thing]
        return found

    def transactions(self, *, limit: float) -> Transactions:
        """The lines bought, as models of buying read them; money above `limit` an order counts as the limit.

        An order of unknown money counts with 0. What was cancelled or sent back was bought all the same: it shows that
        the customer comes.
        """
        lines = self.facts[Kind.LINE]
        with_lines, owner = np.unique(lines.owner, return_inverse=True)
        bought, product = np.unique(lines.thing[lines.thing != NOTHING], return_inverse=True)
        places = np.full(len(lines), NO_PRODUCT, np.int32)
        places[lines.thing != NOTHING] = product
        return Transactions(
            customers=self.customers[with_lines],
            products=self.things[bought].astype(str) if len(bought) else np.empty(0, "U1"),
            customer=owner.astype(np.int32),
            day=lines.day,
            amount=np.clip(np.nan_to_num(lines.value), 0.0, limit),
            quantity=lines.number,
            product=places,
        )


def facts_of(
    owner: np.ndarray,
    day: np.ndarray,
    *,
    value: np.ndarray | None = None,
    thing: np.ndarray | None = None,
    number: np.ndarray | None = None,
) -> Facts:
    """Put facts in order; those without a finite day are left out, and equal times keep their order."""
    rows = np.flatnonzero(np.isfinite(day))
    rows = rows[np.lexsort((day[rows], owner[rows]))]
    n = len(rows)
    return Facts(
        owner=owner[rows].astype(np.int32),
        day=day[rows],
        value=np.ones(n) if value is None else value[rows].astype(np.float64),
        thing=np.full(n, NOTHING, np.int32) if thing is None else thing[rows].astype(np.int32),
        number=np.ones(n) if number is None else number[rows].astype(np.float64),
    )


def joined(parts: list[Facts]) -> Facts:
    """Facts of several sources as one, in order; those of each source are."""
    if len(parts) == 1:
        return parts[0]
    return facts_of(
        np.concatenate([part.owner for part in parts]),
        np.concatenate([part.day for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        thing=np.concatenate([part.thing for part in parts]),
        number=np.concatenate([part.number for part in parts]),
    )


def last_of(facts: Facts, customers: int) -> np.ndarray:
    """(C,) the row of each customer's newest fact, -1 where there is none."""
    rows: np.ndarray = np.full(customers, -1, np.int64)
    if len(facts):
        ends = np.searchsorted(facts.owner, np.arange(customers), side="right") - 1
        has = (ends >= 0) & (facts.owner[np.maximum(ends, 0)] == np.arange(customers))
        rows[has] = ends[has]
    return rows


def merged(histories: Sequence[History]) -> History:
    """The histories of different customers as one; they come in the order of their customers."""
    names: dict[str, int] = {}
    parts: dict[Kind, list[Facts]] = {kind: [] for kind in Kind}
    cleaned: Counter[str] = Counter()
    before = 0
    for one in histories:
        codes = np.array([names.setdefault(name, len(names)) for name in one.things] + [NOTHING], np.int32)
        for kind, facts in one.facts.items():
            shifted = replace(facts, owner=(facts.owner + before).astype(np.int32), thing=codes[facts.thing])
            parts[kind].append(shifted)
        cleaned.update(one.cleaned)
        before += len(one)
    return History(
        customers=np.concatenate([one.customers for one in histories]),
        created=np.concatenate([one.created for one in histories]),
        country=np.concatenate([one.country for one in histories]),
        things=np.array(list(names), object),
        facts={kind: joined(some) for kind, some in parts.items()},
        cleaned=dict(cleaned),
    )
