"""Figures of two models on the same cases, with bootstrap intervals: of each and of the change between them.

The cases are drawn anew many times, each with what both models did there, so what makes a case hard for both does not
blur the change. Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993 (percentile intervals).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

BATCH = 256  # drawings held in memory at once
SMALL = 1e-9  # stands for 0 where something is divided by it

Statistic = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that it lies in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How intervals are drawn. confidence: share of such intervals that hold the true figure."""

    confidence: float = 0.95
    resamples: int = 4000
    seed: int = 7

    def estimate(self, statistic: Statistic, *columns: Sequence[float]) -> Estimate:
        """A figure of one or more columns of the same cases. statistic: takes arrays and `axis`.

        A single case has no spread to draw from: its interval is the value itself.
        """
        import numpy as np
        from scipy.stats import bootstrap

        data = tuple(np.asarray(column, dtype=np.float64) for column in columns)
        value = float(statistic(*data, axis=-1))
        if len(data[0]) < 2:
            return Estimate(value, value, value)
        drawn = bootstrap(
            data, statistic, paired=True, vectorized=True, batch=BATCH, method="percentile",
            n_resamples=self.resamples, confidence_level=self.confidence, rng=np.random.default_rng(self.seed),
        ).confidence_interval  # fmt: skip
        return Estimate(value, float(drawn.low), float(drawn.high))

    def least_cases(self, share: float) -> int:
        """How many cases it takes to see at least one of a kind that makes up this share, as surely as stated.

        Where no case changed, fewer cases leave it open whether that share of all cases does.
        """
        return math.ceil(math.log((1 - self.confidence) / 2) / math.log(1 - share))


def mean(values: "np.ndarray", axis: int = -1) -> Any:
    """The mean along an axis."""
    return values.mean(axis=axis)


def late(values: "np.ndarray", axis: int = -1) -> Any:
    """The 95th percentile along an axis."""
    import numpy as np

    return np.quantile(values, 0.95, axis=axis)


def difference(of: Statistic) -> Statistic:
    """The first column's figure less the second's."""
    return lambda one, other, axis=-1: of(one, axis=axis) - of(other, axis=axis)


def ratio(of: Statistic) -> Statistic:
    """The first column's figure as a multiple of the second's."""
    import numpy as np

    return lambda one, other, axis=-1: of(one, axis=axis) / np.maximum(of(other, axis=axis), SMALL)
