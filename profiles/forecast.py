"""How many contacts come in each queue and hour: a Poisson model of the hour, the season and the level, with intervals.

The expected contacts of an hour are exp(hour of the day + day of the week + weekend hours + time of the year + trend +
holiday + how many came of late), learnt with a ridge penalty; a queue takes its share of them, by what came in the last
months. Counts scatter about the expected number by a negative binomial law whose width is learnt from past days. Times
are UTC. What is asked of a day ahead reads nothing of the days between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from profiles.contacts import Contacts
from rapport.errors import UserError

LEAST_WEEKS = 4
YEARLY = 400  # days of records from which the time of the year is learnt
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPlan:
    """How a forecast is made. ridge: the penalty. recent: days that tell the level. half_life: days, of the shares."""

    ridge: float = 3e-3
    recent: int = 56
    half_life: float = 90.0
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """first: the day on which it begins, since 1970-01-01. expected: (queues, hours). scatter: of days about it."""

    first: int
    queues: tuple[str, ...]
    expected: np.ndarray
    scatter: float
    quantiles: tuple[float, ...]

    def by_day(self) -> np.ndarray:
        """(queues, days) expected contacts."""
        found: np.ndarray = self.expected.reshape(len(self.queues), -1, 24).sum(2)
        return found

    def bounds(self, expected: np.ndarray) -> np.ndarray:
        """(quantiles, …) counts that so large a share of outcomes does not exceed, for expected numbers of any span."""
        from scipy import stats

        mean = np.maximum(expected, 1e-9)
        if self.scatter < 1e-6:
            return np.stack([stats.poisson.ppf(one, mean) for one in self.quantiles])
        size = 1 / self.scatter
        return np.stack([stats.nbinom.ppf(one, size, size / (size + mean)) for one in self.quantiles])


def forecast(contacts: Contacts, days: int, plan: ForecastPlan) -> Forecast:
    """Foresee the days that follow the records.

    Raises UserError where the records span less than four weeks, or hold no contact at all.
    """
    from sklearn.linear_model import PoissonRegressor

    past = contacts.counts.sum(0)
    length = len(past) // 24
    if length < LEAST_WEEKS * 7 or not past.sum():
        raise UserError(f"contacts of {length} days ({int(past.sum())} of them) are too few to foresee others.",
                        hint=f"Import tickets of {LEAST_WEEKS} weeks or more.")  # fmt: skip
    daily = past.reshape(-1, 24).sum(1)
    lag = days if length > days + LEAST_WEEKS * 7 else 0  # the level must be known so long ahead
    levels = _levels(daily, plan.recent, lag)
    start = min(lag + 7, length // 4)
    rows = np.arange(start, length)
    features = _features(contacts.first + rows, levels[rows], contacts.first, yearly=length >= YEARLY)
    model = PoissonRegressor(alpha=plan.ridge, max_iter=500).fit(features, past[start * 24 :])
    ahead = np.arange(length, length + days)
    told = np.full(days, _levels(daily, plan.recent, 0)[length])
    total = model.predict(_features(contacts.first + ahead, told, contacts.first, yearly=length >= YEARLY))
    fitted = model.predict(features).reshape(-1, 24).sum(1)
    return Forecast(
        first=contacts.first + length, queues=contacts.queues, expected=_shares(contacts, plan)[:, None] * total,
        scatter=_scatter(daily[start:], fitted), quantiles=plan.quantiles,
    )  # fmt: skip


def holidays(year: int) -> frozenset[date]:
    """Days on which most of Europe rests: New Year, Good Friday to Easter Monday, 1 May, Christmas."""
    easter = _easter(year)
    moving = {easter + timedelta(days=after) for after in (-2, 0, 1)}
    return frozenset(moving | {date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26)})


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar. Source: Meeus, Astronomical Algorithms, chapter 8."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (year % 19 + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _levels(daily: np.ndarray, recent: int, lag: int) -> np.ndarray:
    """(days + 1,) the logarithm of the mean day in the `recent` days that ended `lag` days earlier."""
    sums = np.concatenate([[0.0], np.cumsum(daily)])
    ends = np.maximum(np.arange(len(daily) + 1) - lag, 0)
    starts = np.maximum(ends - recent, 0)
    levels: np.ndarray = np.log((sums[ends] - sums[starts] + daily.mean()) / (ends - starts + 1))
    return levels


def _features(days: np.ndarray, levels: np.ndarray, first: int, *, yearly: bool) -> np.ndarray:
    """(24 days, columns): a row for each hour."""
    dates = [EPOCH + timedelta(days=int(day)) for day in days]
    weekday = np.array([one.weekday() for one in dates])
    rest = np.array([one in holidays(one.year) for one in dates], float)
    angle = 2 * np.pi * days / 365.25
    season = [part(turns * angle) for turns in (1, 2, 3) for part in (np.sin, np.cos)] if yearly else []
    trend = [(days - first) / 365.25] if yearly else []
    whole = np.stack([*np.eye(7)[weekday].T, rest, levels, *season, *trend], axis=1)
    hour = np.tile(np.eye(24), (len(days), 1))
    weekend = np.repeat(weekday >= 5, 24)[:, None] * hour
    return np.concatenate([np.repeat(whole, 24, axis=0), hour, weekend], axis=1)


def _shares(contacts: Contacts, plan: ForecastPlan) -> np.ndarray:
    """(queues,) what part of the contacts each queue takes, late ones counting more; no share is zero."""
    daily = contacts.counts.reshape(len(contacts.queues), -1, 24).sum(2)
    weights = 0.5 ** (np.arange(daily.shape[1])[::-1] / plan.half_life)
    found = daily @ weights + 0.5
    shares: np.ndarray = found / found.sum()
    return shares


def _scatter(seen: np.ndarray, fitted: np.ndarray) -> float:
    """What variance days have beyond that of a Poisson law, over the square of their mean; 0 at least."""
    return float(max((((seen - fitted) ** 2 - fitted).sum()) / (fitted**2).sum(), 0.0))


def pinball(seen: np.ndarray, told: np.ndarray, quantiles: Sequence[float]) -> float:
    """The mean pinball loss of quantiles. told: (quantiles, *shape of seen). Source: Koenker and Bassett, 1978."""
    losses = [
        np.maximum(share * (seen - one), (share - 1) * (seen - one)).mean()
        for share, one in zip(quantiles, told, strict=True)
    ]
    return float(np.mean(losses))
