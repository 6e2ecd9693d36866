"""Purchases as arrays: what every model of buying reads, whether they come from a file or from the store."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NO_PRODUCT = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transactions:
    """Lines of purchases, ordered by customer, then by time.

    customers: (C,) ids as text, each with at least one line. products: (P,) ids as text.
    customer: (N,) int32, index into `customers`. day: (N,) float64, days since 1970-01-01 UTC with the time as a
    fraction. amount: (N,) float64, money of the line in one currency; negative where something came back.
    quantity: (N,) float64. product: (N,) int32, index into `products` or NO_PRODUCT.
    """

    customers: "np.ndarray"
    products: "np.ndarray"
    customer: "np.ndarray"
    day: "np.ndarray"
    amount: "np.ndarray"
    quantity: "np.ndarray"
    product: "np.ndarray"

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.customer)

    def chosen(self, rows: "np.ndarray") -> "Transactions":
        """The lines that `rows` (booleans or ascending indices) names, with the customers that still have one.

        The products keep their indices.
        """
        import numpy as np

        kept, customer = np.unique(self.customer[rows], return_inverse=True)
        return replace(
            self,
            customers=self.customers[kept],
            customer=customer.astype(np.int32),
            day=self.day[rows],
            amount=self.amount[rows],
            quantity=self.quantity[rows],
            product=self.product[rows],
        )

    def before(self, day: float) -> "Transactions":
        """What was known when `day` began: nothing of that day or later."""
        rows = self.day < day
        return self if rows.all() else self.chosen(rows)

    def between(self, start: float, end: float) -> "Transactions":
        """The lines from `start` on and before `end`, both in days since 1970-01-01."""
        return self.chosen((self.day >= start) & (self.day < end))

    def starts(self) -> "np.ndarray":
        """(C + 1,) where each customer's lines begin; the last number is N."""
        import numpy as np

        return np.searchsorted(self.customer, np.arange(len(self.customers) + 1))


def transactions_of(
    lines: Iterable[tuple[str, float, float, float, str | None]],
) -> Transactions:
    """Put (customer id, day, amount, quantity, product id or None) in order; the order of equal times is kept."""
    import numpy as np

    rows = list(lines)
    customers, customer = np.unique([row[0] for row in rows] or np.empty(0, "U1"), return_inverse=True)
    named = sorted({row[4] for row in rows if row[4] is not None})
    places = {name: place for place, name in enumerate(named)}
    day = np.array([row[1] for row in rows], np.float64)
    order = np.lexsort((day, customer))
    product = np.array([NO_PRODUCT if row[4] is None else places[row[4]] for row in rows], np.int32)
    return Transactions(
        customers=customers,
        products=np.array(named or np.empty(0, "U1")),
        customer=customer[order].astype(np.int32),
        day=day[order],
        amount=np.array([row[2] for row in rows], np.float64)[order],
        quantity=np.array([row[3] for row in rows], np.float64)[order],
        product=product[order],
    )
