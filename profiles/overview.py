"""What the predictors of a home look at most, over many of its customers, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from profiles.counting import Array
from profiles.dnn import TableModel
from profiles.evidence import SEASON
from profiles.explain import features_of, pushes
from profiles.features import FEATURES
from profiles.predictor import Predictor
from profiles.rows import Looking
from profiles.tables import Table
from profiles.targets import churn_target, contact_target

MOST_ROWS = 300  # customers whose pushes are looked at
MOST = 10  # features that are told
CLEAR = 0.3  # correlation of a number with its push from which its direction is told
Way = Literal["raises", "lowers", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """How much a feature matters. push: the mean size of what it adds to the log-odds.

    way: whether more of it raises or lowers the chance; mixed for categories, and where neither is clear.
    """

    name: str
    meaning: str
    push: float
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Influences:
    """features: the strongest first. rows: the customers they were told from."""

    rows: int
    features: tuple[Influence, ...]


def influences(predictor: Predictor, looking: Looking, day: float, *, seed: int) -> dict[str, Influences]:
    """By score: what pushes the chances of those customers whom it is told of as of the day."""
    models = {"churn_risk": (predictor.churn, churn_target), "contact_risk": (predictor.contact, contact_target)}
    found = {}
    for score, (model, target) in models.items():
        if model is None:
            continue
        table = looking.rows(target, [day], seed=seed).table
        if len(table) > MOST_ROWS:
            table = table.chosen(np.sort(np.random.default_rng(seed).choice(len(table), MOST_ROWS, replace=False)))
        if len(table):
            found[score] = Influences(rows=len(table), features=_strongest(model, table))
    return found


def _strongest(model: TableModel, table: Table) -> tuple[Influence, ...]:
    names, pushed = features_of(model), pushes(model, table)
    told = [
        Influence(
            name=name,
            meaning=FEATURES[name].meaning,
            push=float(np.abs(pushed[:, place]).mean()),
            way=_way(table.numeric, name, pushed[:, place]),
        )
        for place, name in enumerate(names)
        if name in FEATURES and name not in SEASON
    ]
    return ranked_influences(told)


def ranked_influences(told: Sequence[Influence]) -> tuple[Influence, ...]:
    """The strongest MOST, by size of push, then by name."""
    return tuple(sorted(told, key=lambda one: (-one.push, one.name))[:MOST])


def _way(numbers: Mapping[str, Array], name: str, pushed: Array) -> Way:
    """By the rank correlation of the numbers with their pushes."""
    from scipy.stats import spearmanr

    if name not in numbers:
        return "mixed"
    known = ~np.isnan(numbers[name])
    values, own = numbers[name][known], pushed[known]
    if len(values) < 3 or not np.ptp(values) or not np.ptp(own):
        return "mixed"
    clear = float(spearmanr(values, own).statistic)
    return "raises" if clear >= CLEAR else "lowers" if clear <= -CLEAR else "mixed"
