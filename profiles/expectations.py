"""Past expectations against what has come since: how many purchases, how much money, how long until the next one.

Purchases and money count once their days are over. The days to the next purchase are read without waiting for
everybody: who has not bought yet has waited at least so long (right-censored), and the share that has bought by each
day is Kaplan and Meier's product-limit estimate. What is told is a median, so half should have bought by the day told.
Purchases and their money are counted as the predictors count them: the purchases of a day are one, and money above
what one order counts at most is cut off. Predictions of one customer overlap; intervals allow for it (errors clustered
by customer). Source: Kaplan and Meier, Journal of the American Statistical Association, 1958.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from crm.histories import day_of
from crm.profiles import Prediction
from profiles.counting import Array
from profiles.history import History
from profiles.occasions import occasions_of
from profiles.outcomes import LEAST_ROWS, by_moment
from profiles.transactions import Transactions

GROUPS = 5  # of about as many predictions each, by what was told
HALF = 0.5
Z95 = 1.959964
Name = Literal["purchases", "spending"]
NAMES: tuple[Name, ...] = ("purchases", "spending")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Predictions of about the same size. least to most: what was told. told, came: means. low, high: 95% of came."""

    rows: int
    least: float
    most: float
    told: float
    came: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What became of the amounts that were told for `days`.

    rows, customers, moments, open, next_at: as of an `Outcome`. told, came: their means, or None without rows.
    rank: Spearman's correlation of what was told with what came; None where one of them is the same for all.
    groups: the least told first; empty where there are too few rows to tell.
    """

    name: Name
    days: int
    rows: int
    customers: int
    moments: int
    told: float | None
    came: float | None
    open: int
    next_at: datetime | None
    rank: float | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitGroup:
    """Predictions of about the same number of days. least to most: what was told; told: its median.

    seen: the days by which half had bought, or None where fewer have, and `watched` is how long was looked on at most.
    over: the predictions whose own days are over; by_then: the share of them that had bought by then.
    """

    rows: int
    least: float
    most: float
    told: float
    seen: float | None
    watched: float
    over: int
    by_then: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What became of the days to the next purchase that were told.

    bought: of `rows` predictions, those whose customer has bought since. over, by_then: as of a `WaitGroup`, of all.
    """

    rows: int
    customers: int
    moments: int
    bought: int
    over: int
    by_then: float | None
    groups: tuple[WaitGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """amounts: purchases and money. waits: days to the next purchase."""

    amounts: tuple[Amounts, ...]
    waits: Waits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """What was told as of one moment. rows: places of the customers. values: by the names of a `Prediction`."""

    moment: datetime
    rows: Array
    values: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class _Records:
    """What was bought. places: of its customers among the `size` of the history."""

    bought: Transactions
    places: Array
    size: int

    def within(self, start: float, days: int, name: Name) -> Array:
        """(C,) what came of each customer in the days from `start` on."""
        occasions = occasions_of(self.bought.between(start, start + days))
        rows = self.places[np.searchsorted(self.bought.customers, occasions.customers)]
        weights = None if name == "purchases" else occasions.amount
        return np.bincount(rows[occasions.who], weights, minlength=self.size).astype(float)

    def next_day(self, start: float) -> Array:
        """(C,) the day of each customer's next purchase from `start` on; infinite where there is none."""
        later = self.bought.day >= start
        found: Array = np.full(self.size, np.inf)
        np.minimum.at(found, self.places[self.bought.customer[later]], np.floor(self.bought.day[later]))
        return found


def measure_expectations(
    predictions: Iterable[Prediction], history: History, *, end: float, days: int, limit: float
) -> Expectations:
    """days: those that purchases and money were told for. history: what was known as of `end`.

    limit: the money of one order that counts at most. Predictions of who is not in the history are passed over.
    """
    told = list(_told(predictions, history))
    bought = history.transactions(limit=limit)
    records = _Records(bought, np.searchsorted(history.customers, bought.customers), len(history))
    return Expectations(
        amounts=tuple(_amounts(name, told, records, end=end, days=days) for name in NAMES),
        waits=_waits(told, records, end=end),
    )


def _told(predictions: Iterable[Prediction], history: History) -> Iterator[_Told]:
    """By moment, oldest first, for who has bought something: of others nothing is expected."""
    for moment, (rows, some) in by_moment(predictions, history).items():
        kept = [place for place, one in enumerate(some) if one.purchases is not None]
        if kept:
            names = (*NAMES, "next_purchase_days")
            values = {name: np.array([getattr(some[place], name) for place in kept], float) for name in names}
            yield _Told(moment=moment, rows=rows[kept], values=values)


def _amounts(name: Name, told: Iterable[_Told], records: _Records, *, end: float, days: int) -> Amounts:
    said, came, owners, over, waiting, unfinished = [np.empty(0)], [np.empty(0)], [np.empty(0, int)], 0, [], 0
    for one in told:
        start = day_of(one.moment)
        if start + days > end:
            waiting.append(one.moment + timedelta(days=days))
            unfinished += len(one.rows)
            continue
        over += 1
        said.append(one.values[name])
        came.append(records.within(start, days, name)[one.rows])
        owners.append(one.rows)
    before, after, owner = np.concatenate(said), np.concatenate(came), np.concatenate(owners)
    return Amounts(
        name=name, days=days, rows=len(before), customers=len(np.unique(owner)), moments=over,
        told=_mean(before), came=_mean(after), open=unfinished, next_at=min(waiting, default=None),
        rank=_rank(before, after), groups=groups_of(before, after, owner),
    )  # fmt: skip


def groups_of(told: Array, came: Array, owner: Array) -> tuple[Group, ...]:
    """GROUPS of about as many rows, equal predictions together; none below LEAST_ROWS rows. owner: (n,) customers."""
    if len(told) < LEAST_ROWS:
        return ()
    return tuple(_group(told[rows], came[rows], owner[rows]) for rows in _parts(told))


def _group(told: Array, came: Array, owner: Array) -> Group:
    mean, n = float(came.mean()), len(came)
    _, who = np.unique(owner, return_inverse=True)
    many = int(who.max()) + 1
    errors = np.bincount(who, came - mean)
    width = Z95 * math.sqrt(float((errors**2).sum()) * many / max(many - 1, 1)) / n
    return Group(
        rows=n, least=float(told.min()), most=float(told.max()), told=float(told.mean()), came=mean,
        low=max(0.0, mean - width), high=mean + width,
    )  # fmt: skip


def _waits(told: Iterable[_Told], records: _Records, *, end: float) -> Waits:
    said, waited, seen, owners, moments = [np.empty(0)], [np.empty(0)], [np.empty(0)], [np.empty(0, int)], 0
    for one in told:
        today = math.floor(day_of(one.moment))
        watched = math.floor(end) - today
        if watched < 1:
            continue
        moments += 1
        said.append(one.values["next_purchase_days"])
        waited.append((records.next_day(day_of(one.moment)) - today)[one.rows])
        seen.append(np.full(len(one.rows), float(watched)))
        owners.append(one.rows)
    before, after, watched_days = np.concatenate(said), np.concatenate(waited), np.concatenate(seen)
    over, share = _by_then(before, after, watched_days)
    return Waits(
        rows=len(before), customers=len(np.unique(np.concatenate(owners))), moments=moments,
        bought=int((after <= watched_days).sum()), over=over, by_then=share,
        groups=wait_groups_of(before, after, watched_days),
    )  # fmt: skip


def wait_groups_of(told: Array, waited: Array, watched: Array) -> tuple[WaitGroup, ...]:
    """Days told, until the purchase (infinite where none was seen) and looked on, (n,) each; grouped as amounts are."""
    if len(told) < LEAST_ROWS:
        return ()
    return tuple(_wait_group(told[rows], waited[rows], watched[rows]) for rows in _parts(told))


def _wait_group(told: Array, waited: Array, watched: Array) -> WaitGroup:
    over, share = _by_then(told, waited, watched)
    return WaitGroup(
        rows=len(told), least=float(told.min()), most=float(told.max()), told=float(np.median(told)),
        seen=median_wait(waited, watched), watched=float(watched.max()), over=over, by_then=share,
    )  # fmt: skip


def median_wait(waited: Array, watched: Array) -> float | None:
    """The first day by which half have bought, by the product-limit estimate; None where it never falls so low."""
    from scipy.stats import CensoredData, ecdf

    bought = waited <= watched
    times = CensoredData(uncensored=waited[bought], right=watched[~bought])
    left = ecdf(times).sf
    low = np.flatnonzero(left.probabilities <= HALF + 1e-12)
    return float(left.quantiles[low[0]]) if len(low) else None


def _by_then(told: Array, waited: Array, watched: Array) -> tuple[int, float | None]:
    """Whose days are over, and the share of them that had bought by then. Chosen by what was told and when alone."""
    over = told <= watched
    n = int(over.sum())
    return n, float((waited[over] <= told[over]).mean()) if n else None


def _parts(told: Array) -> Iterator[Array]:
    """The rows of each group, the least told first."""
    edges = np.unique(np.quantile(told, np.arange(1, GROUPS) / GROUPS))
    places = np.searchsorted(edges, told, side="left")
    for place in np.unique(places):
        yield np.flatnonzero(places == place)


def _mean(values: Array) -> float | None:
    return float(values.mean()) if len(values) else None


def _rank(told: Array, came: Array) -> float | None:
    from scipy.stats import spearmanr

    if len(told) < LEAST_ROWS or not np.ptp(told) or not np.ptp(came):
        return None
    return float(spearmanr(told, came).statistic)
