"""In which months of the year something comes more or less often than in an average month, and how sure that is.

Weeks are counted, and the count of a week is exp(time of the year + trend) times what it is counted against: the days
of the week, or all that was bought in it, so that a category's season is that of its share and not of the whole shop.
The year is made of waves, and a ridge penalty weighs more on the short ones, so that few counts give a smooth year and
many a sharp one. A season is told where an F-test against the trend alone is sure of it, with the scatter of the weeks
in place of Poisson's. Of a single year it is what that year did. Weeks are UTC.
Source: McCullagh and Nelder, Generalized Linear Models, 1989 (quasi-likelihood).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from profiles.counting import Array
from profiles.history import History, Kind

LEAST_WEEKS, LEAST_COUNT = 52, 60  # below which no season is told
TREND_WEEKS = 103  # from which on growth can be told from the time of the year
LONGEST = 1_826  # days that are looked back at
SURE = 0.01  # of the F-test
CLEAR, ERRORS = 1.2, 2.0  # how far a month must lie from the average: times it, and in standard errors
PRIOR = 1.0  # deviation of the effect of a wave that the penalty stands for
WAVES = 11  # of the months of a year, beside their mean
MONDAY = 4  # 1970-01-05
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """months: (12,) times an average month, January first. high, low: numbers of the months that clearly lie off it:
    by a fifth, and one at least of those that follow each other by more than chance.

    counted: how many were counted, over `weeks`. share: whether it is of the share of all that was bought. Both high
    and low are empty where no season can be told.
    """

    name: str
    share: bool
    counted: int
    weeks: int
    months: tuple[float, ...]
    high: tuple[int, ...]
    low: tuple[int, ...]


def home_seasons(history: History, contacts: Array, categories: Mapping[str, str], *, end: float) -> tuple[Season, ...]:
    """Of the orders, of the contacts (days), and of what is bought by category; without those of too few or too short.

    categories: of each product that has one.
    """
    lines = history.facts[Kind.LINE]
    kinds = np.array([categories.get(name, "") for name in history.things] + [""], np.str_)  # NOTHING is the last
    kind = kinds[lines.thing]
    found = [
        season_of("orders", history.facts[Kind.ORDER].day, end=end),
        season_of("contacts", contacts, end=end),
        *(
            season_of(str(name), lines.day[kind == name], end=end, against=lines.day)
            for name in np.unique(kind)
            if name
        ),
    ]
    return tuple(one for one in found if one is not None)


def season_of(name: str, days: Array, *, end: float, against: Array | None = None) -> Season | None:
    """The season of what happened on these days, over the whole weeks before `end`.

    against: the days of all that `days` is a share of; without it, how often they come. None where there are less than
    LEAST_WEEKS, or fewer than LEAST_COUNT happened in them.
    """
    of = days if against is None else against
    weeks = _weeks(max(float(of.min(initial=end)), end - LONGEST), end)
    counts = _counted(days, weeks)
    if len(weeks) < LEAST_WEEKS or counts.sum() < LEAST_COUNT:
        return None
    exposure = np.full(len(weeks), 7.0) if against is None else _counted(against, weeks)
    known = exposure > 0
    months, errors, told = _fitted(counts[known], exposure[known], weeks[known])
    sure = told & (np.abs(np.log(months)) > ERRORS * errors)
    return Season(
        name=name, share=against is not None, counted=int(counts.sum()), weeks=len(weeks),
        months=tuple(float(one) for one in months),
        high=_runs(months >= CLEAR, sure), low=_runs(months <= 1 / CLEAR, sure),
    )  # fmt: skip


def spans(months: Sequence[int]) -> str:
    """ "October to February"; months that follow each other are one span, December before January. "" of none."""
    there = set(months)
    starts = [month for month in sorted(there) if (month - 2) % 12 + 1 not in there]
    return _listed([_span(start, there) for start in starts])


def in_words(season: Season) -> str:
    """ "most in November (1.4 times an average month), least in February (0.8 times)"; "" where none can be told."""
    told: list[str] = []
    for word, chosen in (("most", season.high), ("least", season.low)):
        if chosen:
            times = sum(season.months[month - 1] for month in chosen) / len(chosen)
            what = "" if told else " its average share" if season.share else " an average month"
            told.append(f"{word} in {spans(chosen)} ({times:.1f} times{what})")
    return ", ".join(told)


def _span(start: int, there: set[int]) -> str:
    last = start
    while last % 12 + 1 in there and last % 12 + 1 != start:
        last = last % 12 + 1
    first, final = MONTHS[start - 1], MONTHS[last - 1]
    return first if start == last else f"{first} and {final}" if start % 12 + 1 == last else f"{first} to {final}"


def _listed(told: Iterable[str]) -> str:
    *others, last = told or [""]
    return f"{', '.join(others)}, and {last}" if others else last


def _weeks(first: float, end: float) -> Array:
    """The Mondays of whole weeks."""
    start = int(np.ceil((first - MONDAY) / 7)) * 7 + MONDAY
    return np.arange(start, int(np.floor(end)) - 6, 7)


def _counted(days: Array, weeks: Array) -> Array:
    if not len(weeks):
        return np.zeros(0)
    places = np.floor((days - weeks[0]) / 7).astype(np.int64)
    inside = (places >= 0) & (places < len(weeks))
    return np.bincount(places[inside], minlength=len(weeks)).astype(float)


def _runs(clear: Array, sure: Array) -> tuple[int, ...]:
    """The numbers of clear months, of which one at least of those that follow each other is sure."""
    kept = clear & sure
    for _ in MONTHS:
        kept = clear & (kept | np.roll(kept, 1) | np.roll(kept, -1))
    return tuple(int(place) + 1 for place in np.flatnonzero(kept))


def _fitted(counts: Array, exposure: Array, weeks: Array) -> tuple[Array, Array, bool]:
    """(12,) times the average, (12,) standard errors of their logarithms, and whether there is a season at all."""
    from scipy.stats import f

    waves = _waves()
    year = _shares(weeks) @ waves  # a week may lie in two months
    trend = (weeks - weeks.mean())[:, None] / 365.25 if len(weeks) >= TREND_WEEKS else np.empty((len(weeks), 0))
    plain, _ = _model(trend, counts, exposure)
    fitted, effects = _model(np.concatenate([year, trend], axis=1), counts, exposure)
    columns = np.concatenate([year, trend, np.ones((len(weeks), 1))], axis=1)
    weight = columns.T @ (columns * fitted[:, None])
    penalty = np.diag([1 / PRIOR**2] * (columns.shape[1] - 1) + [0.0])
    used = float(np.trace(np.linalg.solve(weight + penalty, weight)))  # the effective number of parameters
    free, more = max(len(counts) - used, 1.0), max(used - 1 - trend.shape[1], 0.1)
    scatter = max(float(((counts - fitted) ** 2 / np.maximum(fitted, 1e-9)).sum()) / free, 1.0)
    better = (_deviance(counts, plain) - _deviance(counts, fitted)) / more / scatter
    spread = np.linalg.inv(weight / scatter + penalty)[:WAVES, :WAVES]
    errors = np.sqrt(np.einsum("ij,jk,ik->i", waves, spread, waves))
    months = np.exp(waves @ effects[:WAVES])
    return months / months.mean(), errors, bool(f.sf(better, more, free) < SURE)


def _waves() -> Array:
    """(12, WAVES) what each wave adds to the months; n waves a year are 1 / n² as high: short ones cost more."""
    angle = 2 * np.pi * np.arange(12) / 12
    pairs = [part(turns * angle) / turns**2 for turns in range(1, 6) for part in (np.sin, np.cos)]
    return np.stack([*pairs, np.cos(6 * angle) / 36], axis=1)


def _model(columns: Array, counts: Array, exposure: Array) -> tuple[Array, Array]:
    """(weeks,) fitted counts, and the effects of the columns."""
    from sklearn.linear_model import PoissonRegressor

    if not columns.shape[1]:
        return exposure * counts.sum() / exposure.sum(), np.empty(0)
    alpha = 1 / (exposure.sum() * PRIOR**2)  # the loss is a mean over the exposure
    model = PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-8, max_iter=100)
    model.fit(columns, counts / exposure, sample_weight=exposure)
    return exposure * model.predict(columns), np.asarray(model.coef_)


def _shares(weeks: Array) -> Array:
    """(weeks, 12) what part of each week lies in each month."""
    days = weeks[:, None] + np.arange(7)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    return np.stack([(months == month).mean(axis=1) for month in range(12)], axis=1)


def _deviance(counts: Array, fitted: Array) -> float:
    from scipy.special import xlogy

    return float(2 * (xlogy(counts, counts / np.maximum(fitted, 1e-12)) - counts + fitted).sum())
