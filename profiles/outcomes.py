"""Past predictions against what has happened since: whether a chance of one in three came true for one in three.

A prediction counts once its days are over; until then it is open. Weekly predictions of one customer overlap, so the
customers are counted beside the predictions. What was expected of purchases is `profiles.expectations`'. The value of a
customer is not judged: its year is seldom over, and it is told by the same models as the money of the nearer days.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from crm.histories import day_of, moment_of
from crm.profiles import Prediction
from profiles.counting import Array
from profiles.evidence import BINS
from profiles.history import History
from profiles.rows import TargetOf
from profiles.targets import Horizons, churn_target, contact_target
from rapport.metrics import chance_calibration_error, expected_calibration_error
from rapport.reliability import Bin, reliability_bins

Score = Literal["churn_risk", "contact_risk"]
TARGETS: Mapping[Score, TargetOf] = {"churn_risk": churn_target, "contact_risk": contact_target}
LEAST_ROWS, LEAST_OF_EACH = 50, 10  # predictions that are over, and of each outcome, below which no figure is told
TENTH = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """brier: mean squared error; base_brier: of everybody's chance being the share that it happened to.

    ece: over ten bins of equal width; chance_ece: what perfect chances would have with so few rows. lift: how many
    times as often it happened to the tenth with the highest chances as to all.
    """

    brier: float
    base_brier: float
    ece: float
    chance_ece: float
    lift: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the predictions of one score.

    rows: predictions whose `days` are over; customers and moments: of how many they were, and made as of how many
    moments. open: predictions that are not over; next_at: when the first of them is. foreseen: the sum of the chances.
    figures: None where there are too few rows to tell.
    """

    score: Score
    days: int
    rows: int
    customers: int
    moments: int
    happened: int
    foreseen: float
    open: int
    next_at: datetime | None
    figures: Figures | None


def measure_outcomes(
    predictions: Iterable[Prediction], history: History, *, end: float, horizons: Horizons
) -> tuple[Outcome, ...]:
    """One outcome a score. history: what was known as of `end`; predictions of customers who are not in it are passed
    over."""
    made = by_moment(predictions, history)
    days: Mapping[Score, int] = {"churn_risk": horizons.churn, "contact_risk": horizons.contact}
    return tuple(_outcome(score, made, (history, end, horizons), days[score]) for score in TARGETS)


def by_moment(predictions: Iterable[Prediction], history: History) -> dict[datetime, tuple[Array, list[Prediction]]]:
    """The predictions made as of each moment, oldest first, with the places of their customers in the history.

    Those of customers who are not in it are passed over.
    """
    known = {str(id): place for place, id in enumerate(history.customers)}
    made: dict[datetime, list[Prediction]] = {}
    for one in predictions:
        if one.customer_id in known:
            made.setdefault(one.as_of, []).append(one)
    return {
        moment: (np.array([known[one.customer_id] for one in made[moment]], np.int64), made[moment])
        for moment in sorted(made)
    }


def _outcome(
    score: Score, made: Mapping[datetime, tuple[Array, list[Prediction]]], seen: tuple[History, float, Horizons],
    days: int,
) -> Outcome:  # fmt: skip
    history, end, horizons = seen
    chances, happened, owners = [], [], []
    over, waiting, unfinished = set(), [], 0
    for moment, (places, told) in made.items():
        rows = places[[getattr(one, score) is not None for one in told]]
        if not len(rows):
            continue
        if day_of(moment) + days > end:
            waiting.append(moment + timedelta(days=days))
            unfinished += len(rows)
            continue
        over.add(moment)
        owners.append(rows)
        chances.append(np.array([value for one in told if (value := getattr(one, score)) is not None]))
        happened.append(TARGETS[score](history, day_of(moment), horizons).happened[rows])
    chance = np.concatenate(chances) if chances else np.empty(0)
    came = np.concatenate(happened) if happened else np.empty(0, bool)
    return Outcome(
        score=score, days=days, rows=len(chance), moments=len(over), happened=int(came.sum()),
        customers=len(np.unique(np.concatenate(owners))) if owners else 0, foreseen=float(chance.sum()),
        open=unfinished, next_at=min(waiting, default=None), figures=figures_of(chance, came),
    )  # fmt: skip


def figures_of(chances: Array, happened: Array) -> Figures | None:
    """None below LEAST_ROWS rows, or LEAST_OF_EACH of either outcome: they would be noise."""
    rate = float(happened.mean()) if len(happened) else 0.0
    if len(happened) < LEAST_ROWS or min(rate, 1 - rate) * len(happened) < LEAST_OF_EACH - 1e-6:
        return None
    top = np.argsort(-chances, kind="stable")[: max(1, round(TENTH * len(chances)))]
    return Figures(
        brier=float(np.mean((chances - happened) ** 2)),
        base_brier=rate * (1 - rate),
        ece=expected_calibration_error(chances, happened, bins=BINS),
        chance_ece=chance_calibration_error(chances, bins=BINS),
        lift=float(happened[top].mean()) / rate,
        bins=reliability_bins(chances, happened, bins=BINS),
    )


def since(horizons: Horizons, end: float, *, years: float = 1.0) -> datetime:
    """From when predictions are compared: those of the last year, and of the days that they look ahead before it."""
    return moment_of(end - 365.25 * years - max(horizons.churn, horizons.contact))
