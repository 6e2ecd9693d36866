"""The curves behind a classifier's pictures: how far its probabilities hold, and what answering more of them costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The rows whose confidence lies from low to high. confidence: their mean. accuracy: the share that is right."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


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


def reliability_bins(confidences: "np.ndarray", right: "np.ndarray", *, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width over 0-1, as `rapport.metrics.expected_calibration_error` counts; empty ones are left out.

    confidences: (n,) in 0-1. right: (n,) booleans.
    """
    import numpy as np

    places = np.minimum((confidences * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            low=place / bins,
            high=(place + 1) / bins,
            rows=int((places == place).sum()),
            confidence=float(confidences[places == place].mean()),
            accuracy=float(right[places == place].mean()),
        )
        for place in np.unique(places).tolist()
    )


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


def intervals(wrong: "np.ndarray", rows: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Clopper and Pearson's two-sided 95% intervals of n shares at once, as `finetune.calibrate.interval` of one."""
    import numpy as np
    from scipy.stats import beta

    low = np.where(wrong > 0, beta.ppf(0.025, np.maximum(wrong, 1), rows - wrong + 1), 0.0)
    high = np.where(wrong < rows, beta.ppf(0.975, wrong + 1, np.maximum(rows - wrong, 1)), 1.0)
    return low, high
