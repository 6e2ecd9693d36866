"""How lately, how often and for how much each customer bought, as of a day."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.transactions import Transactions

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rfm:
    """Customers who bought before `as_of`, in days since 1970-01-01.

    recency: (n,) days since the last purchase. frequency: (n,) days with a purchase. money: (n,) what they spent less
    what went back, 0 at least. left_out: customers without a purchase, such as those with returns alone.
    """

    as_of: float
    customers: "np.ndarray"
    recency: "np.ndarray"
    frequency: "np.ndarray"
    money: "np.ndarray"
    left_out: int = 0

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.customers)

    def logs(self) -> "np.ndarray":
        """(n, 3) log(1 + value) of recency, frequency and money."""
        import numpy as np

        logs: np.ndarray = np.log1p(np.stack([self.recency, self.frequency, self.money], axis=1))
        return logs


def rfm_of(transactions: Transactions, *, as_of: float | None = None) -> Rfm:
    """Count what happened before `as_of`; without it, up to the end of the last day. Later lines change nothing."""
    import numpy as np

    end = float(np.floor(transactions.day.max()) + 1) if as_of is None and len(transactions) else as_of or 0.0
    known = transactions.before(end)
    size = len(known.customers)
    bought = known.quantity > 0
    owner, day = known.customer[bought], known.day[bought]
    last = np.full(size, -np.inf)
    np.maximum.at(last, owner, day)
    new = np.ones(len(owner), bool)  # the lines come by customer, then by time
    new[1:] = (owner[1:] != owner[:-1]) | (np.floor(day[1:]) != np.floor(day[:-1]))
    money = np.maximum(np.bincount(known.customer, known.amount, size), 0.0)
    buyers = np.isfinite(last)
    return Rfm(
        as_of=end,
        customers=known.customers[buyers],
        recency=end - last[buyers],
        frequency=np.bincount(owner[new], minlength=size)[buyers].astype(np.float64),
        money=money[buyers],
        left_out=int((~buyers).sum()),
    )
