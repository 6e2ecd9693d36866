"""Layers of trained nets in numpy, for the few numbers of one customer. Knows nothing of whole nets or of training.

torch spends several times as much on being called as on these numbers; tests compare each layer with its own.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Linear(NamedTuple):
    """weight: (inputs, outputs). bias: (outputs,)."""

    weight: "np.ndarray"
    bias: "np.ndarray"

    @classmethod
    def of(cls, layer: Any) -> "Linear":
        """A torch layer as it stands."""
        return cls(layer.weight.detach().numpy().T, layer.bias.detach().numpy())

    def __call__(self, values: "np.ndarray") -> "np.ndarray":
        """(n, inputs) to (n, outputs)."""
        found: np.ndarray = values @ self.weight + self.bias
        return found


class Norm(NamedTuple):
    """A normalisation of each row. weight, bias: (dim,). least: added to the variance."""

    weight: "np.ndarray"
    bias: "np.ndarray"
    least: float

    @classmethod
    def of(cls, layer: Any) -> "Norm":
        """A torch layer as it stands."""
        return cls(layer.weight.detach().numpy(), layer.bias.detach().numpy(), layer.eps)

    def __call__(self, values: "np.ndarray") -> "np.ndarray":
        """(n, dim) to the same shape."""
        import numpy as np

        centred = values - values.mean(axis=1, keepdims=True)
        variance = np.square(centred).mean(axis=1, keepdims=True)
        found: np.ndarray = centred / np.sqrt(variance + self.least) * self.weight + self.bias
        return found


class Recurrent(NamedTuple):
    """N recurrent layers of one shape, each with G gates: GRU (3) or LSTM (4).

    enter, remember: (N, inputs, G * hidden), (N, hidden, G * hidden). biases: (N, 1, G * hidden) of each.
    """

    enter: "np.ndarray"
    remember: "np.ndarray"
    biases: "tuple[np.ndarray, np.ndarray]"

    @classmethod
    def of(cls, layers: Any) -> "Recurrent":
        """torch layers as they stand."""
        import numpy as np

        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        enter, remember, first, second = (
            np.stack([getattr(layer, name).detach().numpy().T for layer in layers]) for name in names
        )
        return cls(enter, remember, (first[:, None], second[:, None]))

    def __call__(self, events: "np.ndarray") -> "np.ndarray":
        """(N, length, inputs) to (N, 1, hidden), what each layer remembers after the last of its events."""
        import numpy as np

        hidden = self.remember.shape[1]
        entered = events @ self.enter + self.biases[0]
        state = cell = np.zeros((len(events), 1, hidden), np.float32)
        for at in range(events.shape[1]):
            now, before = entered[:, at : at + 1], state @ self.remember + self.biases[1]
            if self.remember.shape[2] == 3 * hidden:
                state = _gru(now, before, state)
            else:
                state, cell = _lstm(now + before, cell)
        return state


def gelu(values: "np.ndarray") -> "np.ndarray":
    """Of the same shape; Hendrycks and Gimpel's activation, without an approximation."""
    from scipy.special import erf

    found: np.ndarray = 0.5 * values * (1 + erf(values * math.sqrt(0.5)))
    return found


def silu(values: "np.ndarray") -> "np.ndarray":
    """Of the same shape: each value times its logistic function."""
    from scipy.special import expit

    found: np.ndarray = values * expit(values)
    return found


def softmax(values: "np.ndarray") -> "np.ndarray":
    """Of the same shape; the last axis sums to 1."""
    import numpy as np

    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    found: np.ndarray = raised / raised.sum(axis=-1, keepdims=True)
    return found


def _gru(now: "np.ndarray", before: "np.ndarray", state: "np.ndarray") -> "np.ndarray":
    import numpy as np
    from scipy.special import expit

    hidden = state.shape[2]
    gates = expit(now[:, :, : 2 * hidden] + before[:, :, : 2 * hidden])
    reset, keep = gates[:, :, :hidden], gates[:, :, hidden:]
    fresh = np.tanh(now[:, :, 2 * hidden :] + reset * before[:, :, 2 * hidden :])
    found: np.ndarray = fresh + keep * (state - fresh)
    return found


def _lstm(gates: "np.ndarray", cell: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    import numpy as np
    from scipy.special import expit

    enter, forget, fresh, tell = np.split(gates, 4, axis=2)
    cell = expit(forget) * cell + expit(enter) * np.tanh(fresh)
    return expit(tell) * np.tanh(cell), cell
