"""Fit a linear map on vectors with a few dense features behind them. Knows nothing of what the features mean."""

from dataclasses import replace
from typing import TYPE_CHECKING

from finetune.logistic import Linear, fit_linear
from finetune.vectors import Encoded

if TYPE_CHECKING:
    import numpy as np

STRENGTH = 3.0  # inverse regularisation, chosen on dev; 1 to 6 differ little
WEIGHT = 0.5  # of a standardised feature beside a unit vector, chosen on dev; 0.3 to 0.7 differ little
LEAST_SPREAD = 0.05  # a feature that hardly ever occurs is not blown up


def fit_wide(rows: Encoded, *, dim: int, balanced: bool, given: "np.ndarray | None" = None) -> Linear:
    """Standardise the columns from `dim` on, fit, and fold mean and spread into weights and bias.

    The result takes the rows as they are, so no standardiser has to be kept beside it. given: see `fit_linear`.
    """
    import numpy as np

    block = rows.vectors[:, dim:]
    mean, factor = block.mean(axis=0), WEIGHT / np.maximum(block.std(axis=0), LEAST_SPREAD)
    scaled = np.concatenate([rows.vectors[:, :dim], (block - mean) * factor], axis=1)
    linear = fit_linear(replace(rows, vectors=scaled), strength=STRENGTH, balanced=balanced, given=given)
    own: np.ndarray = linear.weights[:, dim:] * factor
    weights = np.concatenate([linear.weights[:, :dim], own], axis=1)
    return replace(linear, weights=weights, bias=linear.bias - own @ mean)
