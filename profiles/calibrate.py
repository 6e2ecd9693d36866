"""Make chances mean what they say: a curve fitted on predictions for rows that the predictor did not learn from.

The curve is beta calibration, which holds Platt's for scores and the identity: three numbers, monotone, so that no
order changes. Source: Kull, Silva Filho and Flach, AISTATS 2017.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """chance -> 1 / (1 + exp(-(low * ln p - high * ln(1 - p) + offset))); low and high are at least 0."""

    low: float = 1.0
    high: float = 1.0
    offset: float = 0.0

    def apply(self, chances: "np.ndarray") -> "np.ndarray":
        """(n,) calibrated chances, in the same order as before."""
        import numpy as np

        clipped = np.clip(chances.astype(np.float64), LEAST, 1 - LEAST)
        logits = self.low * np.log(clipped) - self.high * np.log1p(-clipped) + self.offset
        return 1.0 / (1.0 + np.exp(-logits))


def fit_calibration(chances: "np.ndarray", target: "np.ndarray") -> Calibration:
    """The curve of the greatest likelihood. chances: (n,), each for a row that its predictor did not learn from."""
    import numpy as np
    from scipy.optimize import minimize

    clipped = np.clip(chances.astype(np.float64), LEAST, 1 - LEAST)
    columns = np.stack([np.log(clipped), -np.log1p(-clipped), np.ones(len(clipped))], axis=1)
    truth = target.astype(np.float64)

    def loss(weights: "np.ndarray") -> tuple[float, "np.ndarray"]:
        logits = columns @ weights
        slope = 1.0 / (1.0 + np.exp(-logits)) - truth
        return float(np.mean(np.logaddexp(0.0, logits) - truth * logits)), columns.T @ slope / len(truth)

    found = minimize(
        loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]
    )
    low, high, offset = map(float, found.x)
    return Calibration(low=low, high=high, offset=offset)
