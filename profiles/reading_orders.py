"""Orders with their lines, parcels and refunds as dated facts. The rules of cleaning are told in `profiles.reading`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from profiles.gathering import Gathering, Money, Rows, floats
from profiles.history import NOTHING, Kind

CANCELLED_DAYS, LOST_DAYS, DECLINED_DAYS = 3.0, 7.0, 10.0  # after the order, the due day, the request
_CANCELLED = ("cancelled", "canceled")


@dataclass(slots=True, eq=False)
class OrderRows:
    """The orders of some customers; those that are not counted have the owner -1.

    places: of each order by its id. factor: what turns an amount into the company's money. undisturbed: neither
    cancelled nor lost, so that a refund means that something came back.
    """

    places: Mapping[str, int]
    owner: np.ndarray
    placed: np.ndarray
    total: np.ndarray
    factor: np.ndarray
    payment: np.ndarray
    undisturbed: np.ndarray

    @classmethod
    def none(cls) -> "OrderRows":
        """No orders."""
        numbers, codes = np.empty(0), np.empty(0, np.int32)
        return cls(
            places={}, owner=codes, placed=numbers, total=numbers, factor=numbers, payment=codes,
            undisturbed=np.empty(0, bool),
        )  # fmt: skip

    def find(self, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(rows of parts whose order counts, the place of their order)."""
        found = np.array([self.places.get(id, -1) for id in ids], np.int64)
        rows = np.flatnonzero(found >= 0)
        rows = rows[self.owner[found[rows]] >= 0]
        return rows, found[rows]


def take_orders(gathering: Gathering, rows: Rows, money: Money) -> OrderRows:
    """Read the orders. They become facts with their lines, see `take_lines`."""
    found = sorted((row for part in rows for row in part), key=lambda row: row[0])
    if not found:
        return OrderRows.none()
    owner, placed = gathering.owners([row[1] for row in found]), floats([row[2] for row in found])
    factor = floats([money.factor(row[3]) for row in found])
    total = floats([row[4] for row in found])
    gathering.count_dates(owner, placed)
    numbers: dict[str, int] = {}
    number = np.array([numbers.setdefault(row[8] or row[0], len(numbers)) for row in found], np.int64)
    first = gathering.first(owner, placed, number)
    with np.errstate(invalid="ignore"):
        back = first & (total < 0)
    gathering.cleaned["negative"] += int(back.sum())
    gathering.add(Kind.REPAID, owner[back], placed[back], value=-(total * factor)[back])
    owner = np.where(first & ~back & gathering.usable(owner, placed), owner, -1).astype(np.int32)
    gathering.cleaned["currency"] += int(((owner >= 0) & np.isnan(factor)).sum())
    kept = owner >= 0
    discounted = kept & np.array([bool(row[7]) for row in found], bool)
    gathering.add(Kind.DISCOUNTED, owner[discounted], placed[discounted])
    cancelled = np.array([row[5].lower() in _CANCELLED for row in found], bool)
    gone = kept & cancelled
    gathering.add(Kind.CANCELLED, owner[gone], gathering.moment.known(placed[gone], CANCELLED_DAYS))
    return OrderRows(
        places={row[0]: place for place, row in enumerate(found)},
        owner=owner,
        placed=placed,
        total=total,
        factor=factor,
        payment=gathering.codes([row[6] for row in found]),
        undisturbed=~cancelled,
    )


def take_lines(gathering: Gathering, rows: Rows, orders: OrderRows) -> None:
    """Make orders and lines facts: an order's money is shared by its lines as their prices are."""
    found = [row for part in rows for row in part]
    if not len(orders.owner):
        return
    bought = np.array([row[2] > 0 for row in found], bool)
    mine, order = orders.find([row[0] for row in found])
    gathering.cleaned["negative"] += int((~bought[mine]).sum())
    mine, order = mine[bought[mine]], order[bought[mine]]
    quantity = floats([found[row][2] for row in mine])
    price = quantity * floats([found[row][3] for row in mine])
    product = gathering.codes([found[row][1] for row in mine])
    lines = np.bincount(order, minlength=len(orders.owner))
    worth = np.bincount(order, weights=price, minlength=len(orders.owner))  # nan where a price is missing
    summed = np.where(lines > 0, worth, np.nan)
    total = np.where(np.isnan(orders.total), np.maximum(summed, 0.0), orders.total) * orders.factor
    kept = orders.owner >= 0
    gathering.cleaned["unpriced"] += int((kept & np.isnan(orders.total) & np.isnan(summed)).sum())
    gathering.add(Kind.ORDER, orders.owner[kept], orders.placed[kept], value=total[kept], thing=orders.payment[kept])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(worth[order] > 0, price / worth[order], 1 / lines[order])
    gathering.add(
        Kind.LINE, orders.owner[order], orders.placed[order], value=share * total[order], thing=product, number=quantity
    )
    bare = kept & (lines == 0)
    nothing = np.full(int(bare.sum()), NOTHING, np.int32)
    gathering.add(Kind.LINE, orders.owner[bare], orders.placed[bare], value=total[bare], thing=nothing)


def take_deliveries(gathering: Gathering, rows: Rows, orders: OrderRows) -> None:
    """Make late and lost parcels facts: late from the morning after the due day, lost some days later."""
    found = [row for part in rows for row in part]
    if not found:
        return
    mine, order = orders.find([row[0] for row in found])
    status = np.array([found[row][1].lower() for row in mine], object)
    shipped, due, arrived = (floats([found[row][place] for row in mine]) for place in (2, 3, 4))
    owner = orders.owner[order]
    with np.errstate(invalid="ignore"):
        came_late = np.floor(arrived) > np.floor(due)
    missing = np.isnan(arrived) & ~np.isin(status, ("delivered", "returned"))
    late = came_late | missing
    gathering.add(Kind.LATE, owner[late], np.floor(due[late]) + 1)
    lost = status == "lost"
    expected = np.where(np.isnan(due), shipped + LOST_DAYS, due)
    expected = np.where(np.isnan(expected), orders.placed[order] + 2 * LOST_DAYS, expected)
    gathering.add(Kind.LOST, owner[lost], gathering.moment.known(expected[lost], LOST_DAYS))
    orders.undisturbed[order[lost]] = False


def take_refunds(gathering: Gathering, rows: Rows, orders: OrderRows) -> None:
    """Make refunds facts: asked for, paid, declined. Money for a cancelled or lost order is no return."""
    found = [row for part in rows for row in part]
    if not found:
        return
    mine, order = orders.find([row[0] for row in found])
    amount = np.abs(floats([found[row][1] for row in mine])) * orders.factor[order]
    asked, paid = (floats([found[row][place] for row in mine]) for place in (3, 4))
    asked = np.where(np.isnan(asked), paid, asked)
    owner = orders.owner[order]
    gathering.count_dates(owner, asked)
    back = orders.undisturbed[order]
    gathering.add(Kind.RETURN, owner[back], asked[back], value=amount[back])
    gathering.add(Kind.REPAID, owner, paid, value=amount)
    declined = np.array([_declined(found[row]) for row in mine], bool)
    gathering.add(Kind.DECLINED, owner[declined], gathering.moment.known(asked[declined], DECLINED_DAYS))


def _declined(row: Sequence[Any]) -> bool:
    return str(row[2]).lower() in ("declined", "rejected")
