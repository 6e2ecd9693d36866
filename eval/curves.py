"""The curve behind a classifier's picture: what answering more messages costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.reliability import intervals

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """What happens where all rows from this threshold on are answered.

    coverage: the share answered. error: the share of those that is wrong, in its 95% interval (Clopper and Pearson).
    """

    threshold: float
    coverage: float
    error: float
    low: float
    high: float


def risk_coverage(sure: "np.ndarray", right: "np.ndarray") -> tuple[RiskPoint, ...]:
    """One point for each value of `sure`, highest first; rows of equal value are answered together.

    sure: (n,). right: (n,) booleans; an out-of-scope row is never right.
    Source: El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification, JMLR 2010.
    """
    import numpy as np

    order = np.argsort(-sure, kind="stable")
    ordered = sure[order]
    last = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True)) if len(ordered) else np.zeros(0, dtype=int)
    wrong, answered = np.cumsum(~right[order].astype(bool))[last], last + 1
    low, high = intervals(wrong, answered)
    columns = (ordered[last], answered / max(1, len(ordered)), wrong / answered, low, high)
    return tuple(
        RiskPoint(threshold=threshold, coverage=coverage, error=error, low=least, high=most)
        for threshold, coverage, error, least, most in zip(*(column.tolist() for column in columns), strict=True)
    )


def aurc(points: Sequence[RiskPoint]) -> float:
    """Area under the risk-coverage curve: the mean error over all coverages; 0 is perfect, nan where there is no row.

    Source: Geifman, Uziel and El-Yaniv, Bias-Reduced Uncertainty Estimation, ICLR 2019.
    """
    area, before = 0.0, 0.0
    for point in points:
        area, before = area + (point.coverage - before) * point.error, point.coverage
    return area if points else float("nan")
