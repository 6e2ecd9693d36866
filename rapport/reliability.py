"""How far chances hold: what was promised and what came, bin by bin, and how sure a share of few rows is."""

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


def intervals(wrong: "np.ndarray", rows: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Clopper and Pearson's two-sided 95% intervals of n shares at once, as `finetune.calibrate.interval` of one."""
    import numpy as np
    from scipy.stats import beta

    low = np.where(wrong > 0, beta.ppf(0.025, np.maximum(wrong, 1), rows - wrong + 1), 0.0)
    high = np.where(wrong < rows, beta.ppf(0.975, wrong + 1, np.maximum(rows - wrong, 1)), 1.0)
    return low, high
