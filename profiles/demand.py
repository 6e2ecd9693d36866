"""What of the shop's products is bought of late, and what that says of the customers who bought them.

Who bought what hardly anybody wants any more comes back less often, and some products bring customers back. `demand_at`
reads both from everybody's purchases before a cutoff; a model keeps it, so that one customer's purchases suffice
afterwards.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.gathering import places
from profiles.transactions import NO_PRODUCT, Transactions
from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    import numpy as np

DEMAND_FILE = "demand.json"
TOLD = ("wanted", "returning")  # of a product, see `Demand`
COLUMNS = tuple(f"{told}_{where}" for where in ("bought", "last") for told in TOLD)  # of a customer, see `wares`
_LATELY, _SEASON, _STEP = 14.0, 60.0, 45.0  # days: wanted; buyers who may come back; between two looks at them
_LONGEST = 730.0  # days looked back
_FEW = 30.0  # buyers that a product's returning is as if it had beside its own, who come back as all do


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """products: (P,) ids, ascending. numbers: (P, 2). centre: (4,) the mean of `COLUMNS` over all customers.

    wanted: logarithm of the buyers of the last 14 days. returning: by how much the share of its buyers who came back
    lies above that of all.
    """

    products: "np.ndarray"
    numbers: "np.ndarray"
    centre: "np.ndarray"

    def save(self, folder: Path) -> None:
        """Write `DEMAND_FILE`."""
        content = {name: getattr(self, name).tolist() for name in ("products", "numbers", "centre")}
        (folder / DEMAND_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Demand":
        """Raises CorruptArtifact where the file is missing or does not fit."""
        import numpy as np

        try:
            content = json.loads((folder / DEMAND_FILE).read_text(encoding="utf-8"))
            products = np.array(content["products"] or np.empty(0, "U1"))
            numbers = np.array(content["numbers"], float).reshape(len(products), len(TOLD))
            return cls(products, numbers, np.array(content["centre"], float).reshape(len(COLUMNS)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptArtifact(
                f"{folder / DEMAND_FILE} holds no demand ({error}).", hint="Train it again."
            ) from error

    def wares(self, transactions: Transactions, cutoff: float) -> "np.ndarray":
        """(C, 4) `COLUMNS`: the mean of the products' numbers over the lines that each customer bought before the
        cutoff, and over those of their last day, less the centre; 0 where no product is known.
        """
        import numpy as np

        n = len(transactions.customers)
        place = places(self.products, transactions.products.tolist())
        rows = _named(transactions, cutoff)
        rows = rows[place[transactions.product[rows]] >= 0]
        who, day = transactions.customer[rows], np.floor(transactions.day[rows])
        told = self.numbers[place[transactions.product[rows]]]
        last = np.full(n, -np.inf)
        np.maximum.at(last, who, day)
        means = np.full((n, len(COLUMNS)), np.nan)
        for at, chosen in enumerate((np.ones(len(rows), bool), day == last[who])):
            lines = np.bincount(who[chosen], minlength=n)
            for k in range(len(TOLD)):
                total = np.bincount(who[chosen], told[chosen, k], minlength=n)
                np.divide(total, lines, out=means[:, at * len(TOLD) + k], where=lines > 0)
        found: np.ndarray = np.nan_to_num(means - self.centre)
        return found


def demand_at(transactions: Transactions, cutoff: float, horizon: float) -> Demand:
    """What was known when the cutoff's day began. horizon: days within which customers come back, or do not."""
    import numpy as np

    known = transactions.chosen(_named(transactions, cutoff))
    order = np.argsort(known.products, kind="stable")
    numbers = np.stack([_wanted(known, cutoff), _returning(known, cutoff, horizon)], axis=1)
    bare = Demand(known.products[order], numbers[order], np.zeros(len(COLUMNS)))
    said = bare.wares(known, cutoff)
    return replace(bare, centre=said.mean(axis=0)) if len(said) else bare


def _wanted(known: Transactions, cutoff: float) -> "np.ndarray":
    import numpy as np

    found: np.ndarray = np.log1p(np.bincount(_pairs(known, cutoff - _LATELY, cutoff)[1], minlength=len(known.products)))
    return found


def _returning(known: Transactions, cutoff: float, horizon: float) -> "np.ndarray":
    """Looks back every `_STEP` days at who had bought a product lately, and whether they came in the horizon."""
    import numpy as np

    more, seen = np.zeros(len(known.products)), np.zeros(len(known.products))
    begin = max(float(known.day.min(initial=cutoff)), cutoff - _LONGEST)
    for stand in np.arange(cutoff - horizon, begin + _SEASON, -_STEP):
        came = np.zeros(len(known.customers), bool)
        came[known.customer[(known.day >= stand) & (known.day < stand + horizon)]] = True
        who, what = _pairs(known, stand - _SEASON, stand)
        usual = came[np.unique(who)].mean() if len(who) else 0.0
        more += np.bincount(what, came[who] - usual, minlength=len(more))
        seen += np.bincount(what, minlength=len(more))
    return more / (seen + _FEW)


def _pairs(known: Transactions, start: float, end: float) -> "tuple[np.ndarray, np.ndarray]":
    """Customers and products, each pair once, of what was bought from `start` on and before `end`."""
    import numpy as np

    rows = (known.day >= start) & (known.day < end)
    width = max(len(known.products), 1)
    return np.divmod(np.unique(known.customer[rows] * np.int64(width) + known.product[rows]), width)


def _named(transactions: Transactions, cutoff: float) -> "np.ndarray":
    """Which lines before the cutoff's day bring a product that was bought."""
    import numpy as np

    bought = (transactions.amount >= 0) & (transactions.quantity >= 0) & (transactions.product != NO_PRODUCT)
    return np.flatnonzero(bought & (transactions.day < cutoff))
