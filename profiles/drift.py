"""How far customers have moved from those that the predictors learnt from: a stability index for each feature.

A PSI below 0.1 is stable, to 0.25 shifting, above changed, but never worse than stable where chance alone gives as much
with so few customers. The features are those of today's customers, computed as they were for training.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from profiles.evidence import Evidence, Spread
from profiles.features import FEATURES
from profiles.tables import Table
from rapport.psi import MOVED, MOVING, chance_psi, mean_psi

Verdict = Literal["stable", "shifting", "changed"]
VERDICTS: tuple[Verdict, ...] = ("stable", "shifting", "changed")
LEAST_ROWS = 30  # customers below whom nothing can be told


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDrift:
    """psi: 0 where nothing changed. chance: what it stays below 99 times in 100 without any change. meaning: in words.

    new: the share of today's customers with a value of the category that was not seen, or was rare, at training.
    """

    name: str
    meaning: str
    psi: float
    chance: float
    verdict: Verdict
    new: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """features: the most moved first. verdict: the worst of them, or None where there are too few customers to tell."""

    training_rows: int
    rows: int
    verdict: Verdict | None
    features: tuple[FeatureDrift, ...] = ()


def measure_drift(evidence: Evidence, table: Table) -> Drift:
    """Compare today's customers, one row each, with those of training."""
    rows = len(table)
    if min(rows, evidence.rows) < LEAST_ROWS:
        return Drift(training_rows=evidence.rows, rows=rows, verdict=None)
    columns = {**table.numeric, **table.categorical}
    found = [
        _moved(name, spread, spread.counts(columns[name]), evidence.rows)
        for name, spread in evidence.spreads.items()
        if name in columns
    ]
    return Drift(
        training_rows=evidence.rows,
        rows=rows,
        verdict=max((one.verdict for one in found), key=VERDICTS.index, default=None),
        features=tuple(sorted(found, key=lambda one: (-VERDICTS.index(one.verdict), -one.psi, one.name))),
    )


def _moved(name: str, spread: Spread, counts: "np.ndarray", rows: int) -> FeatureDrift:
    shares = np.asarray(spread.shares)
    value = mean_psi([shares], [counts], rows)
    chance = chance_psi([shares], rows, int(counts.sum()))
    verdict: Verdict = "stable" if value < MOVING or value <= chance else "shifting" if value <= MOVED else "changed"
    new = counts[-2] / counts.sum() - shares[-2] if spread.names is not None else 0.0
    return FeatureDrift(
        name=name,
        meaning=FEATURES[name].meaning if name in FEATURES else name,
        psi=value,
        chance=chance,
        verdict=verdict,
        new=max(0.0, float(new)),
    )
