"""A customer's story as a sequence: one row a day and kind of event. What every model of this folder counts.

An occasion is a day (UTC) on which a customer bought something: two receipts of one day are one occasion, a day on
which things only came back is a return and no occasion. Other kinds of events (a contact, a visit) may stand between
them. Knows nothing of cutoffs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from profiles.transactions import NO_PRODUCT, Transactions

if TYPE_CHECKING:
    import numpy as np

PURCHASE, RETURN = 0, 1
KINDS = ("purchase", "return")  # the kinds that purchases make by themselves


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occasions:
    """Events of customers, ordered by customer, then day, then kind.

    customers: (C,) ids as text. kinds: names of the kinds. who: (E,) index into `customers`. day: (E,) whole days since
    1970-01-01. kind: (E,) index into `kinds`. amount: (E,) money of what was bought that day, in one currency, 0 for
    other kinds. returned: (E,) money of what came back, positive. quantity: (E,) pieces bought. products: (E,)
    different products bought.
    """

    customers: "np.ndarray"
    kinds: tuple[str, ...]
    who: "np.ndarray"
    day: "np.ndarray"
    kind: "np.ndarray"
    amount: "np.ndarray"
    returned: "np.ndarray"
    quantity: "np.ndarray"
    products: "np.ndarray"

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.who)

    def chosen(self, rows: "np.ndarray") -> "Occasions":
        """The events that `rows` (booleans or ascending indices) names; the customers keep their indices."""
        names = (item.name for item in fields(self) if item.name not in ("customers", "kinds"))
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def before(self, day: float) -> "Occasions":
        """What was known when `day` began."""
        rows = self.day < day
        return self if rows.all() else self.chosen(rows)

    def purchases(self) -> "Occasions":
        """The occasions alone."""
        return self.chosen(self.kind == PURCHASE)


def occasions_of(
    transactions: Transactions, *, events: Iterable[tuple[str, float, str]] = (), kinds: tuple[str, ...] | None = None
) -> Occasions:
    """Purchases by day, with (customer id, day, kind) events of other kinds between them.

    events of customers who have no line of purchases are left out: they have no place in the arrays. kinds: the names
    that a trained model knows; an event of another kind is left out. Without it, all kinds are kept.
    """
    import numpy as np

    bought = _days(transactions)
    others = [row for row in events if kinds is None or row[2] in kinds]
    names = kinds or (*KINDS, *sorted({kind for _, _, kind in others} - set(KINDS)))
    places = {name: place for place, name in enumerate(transactions.customers)} if others else {}
    codes = {name: code for code, name in enumerate(names)}
    rows = {(places[customer], math.floor(day), codes[kind]) for customer, day, kind in others if customer in places}
    if not rows:
        return replace(bought, kinds=names)
    added = np.array(sorted(rows), np.float64)
    blank = np.zeros(len(added))
    who, day, kind = added[:, 0].astype(np.int32), added[:, 1], added[:, 2].astype(np.int16)
    columns = {"who": who, "day": day, "kind": kind}
    joined = {
        item.name: np.concatenate([getattr(bought, item.name), columns.get(item.name, blank)])
        for item in fields(bought)
        if item.name not in ("customers", "kinds")
    }
    order = np.lexsort((joined["kind"], joined["day"], joined["who"]))
    return replace(bought, kinds=names, **{name: column[order] for name, column in joined.items()})


def _days(transactions: Transactions) -> Occasions:
    """Lines of one customer and day as one event: a purchase where any line was bought, else a return."""
    import numpy as np

    day = np.floor(transactions.day)
    new = np.ones(len(transactions), bool)
    new[1:] = (transactions.customer[1:] != transactions.customer[:-1]) | (day[1:] != day[:-1])
    first = np.flatnonzero(new)
    event = np.cumsum(new) - 1
    bought = (transactions.amount >= 0) & (transactions.quantity >= 0)

    def total(values: "np.ndarray") -> "np.ndarray":
        return np.bincount(event, values, minlength=len(first))

    named = bought & (transactions.product != NO_PRODUCT)
    pairs = np.unique(event[named] * np.int64(len(transactions.products) + 1) + transactions.product[named])
    different = np.bincount(pairs // (len(transactions.products) + 1), minlength=len(first))
    return Occasions(
        customers=transactions.customers,
        kinds=KINDS,
        who=transactions.customer[first],
        day=day[first],
        kind=np.where(total(bought) > 0, PURCHASE, RETURN).astype(np.int16),
        amount=total(np.where(bought, transactions.amount, 0)),
        returned=total(np.where(bought, 0, np.abs(transactions.amount))),
        quantity=total(np.where(bought, transactions.quantity, 0)),
        products=different.astype(np.float64),
    )
