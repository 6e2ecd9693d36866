"""A map with one hidden layer from a text's vector to scores, in numpy: what `finetune.hidden` learns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Hidden:
    """inner (units, dim), inner_bias (units,), outer (labels, units), outer_bias (labels,)."""

    inner: "np.ndarray"
    inner_bias: "np.ndarray"
    outer: "np.ndarray"
    outer_bias: "np.ndarray"

    def logits(self, given: "np.ndarray") -> "np.ndarray":
        """(n, dim) to the (n, labels) scores."""
        import numpy as np

        units = np.maximum(given @ self.inner.T + self.inner_bias, 0.0)
        scores: np.ndarray = units @ self.outer.T + self.outer_bias
        return scores
