"""The nets of a table model side by side, to predict with all of them in one pass. Knows nothing of training.

numpy, not torch: for the few rows of one customer torch spends more on each of its calls than on the numbers in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from profiles.dnn_network import Shape
    from profiles.encode import Encoded


class Explained(NamedTuple):
    """chances: (n,). pushes: (n, inputs), what each input adds against the typical one."""

    chances: "np.ndarray"
    pushes: "np.ndarray"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """The weights of N nets with k members each, float32; see `profiles.dnn_network` for what they mean.

    embeddings: for each category (N, places, width). first: (N, inputs, k * width + 1), the first layer and, last, the
    linear map beside the layers. later: for each further layer (N, k, width, width). biases: for each layer
    (N, k, 1, width). heads: (N, k, width, 1). offsets: (N, 1, k). typical: (N, 1, inputs).
    """

    shape: "Shape"
    embeddings: "tuple[np.ndarray, ...]"
    first: "np.ndarray"
    later: "tuple[np.ndarray, ...]"
    biases: "tuple[np.ndarray, ...]"
    heads: "np.ndarray"
    offsets: "np.ndarray"
    typical: "np.ndarray"

    @classmethod
    def of(cls, networks: Sequence[Any], shape: "Shape") -> "Ensemble":
        """The networks as they stand; what they learn later is not seen."""
        import torch

        with torch.no_grad():
            members = [network.members for network in networks]
            layers = [torch.stack([one.weights(at) for one in members]) for at in range(shape.depth)]
            wide = torch.stack([network.wide.weight for network in networks]).transpose(1, 2)
            biases = [torch.stack([one.biases[at] for one in members])[:, :, None] for at in range(shape.depth)]
            return cls(
                shape=shape,
                embeddings=tuple(torch.stack([table.weight for table in some]).numpy() for some in _columns(networks)),
                first=torch.cat([layers[0].transpose(1, 2).flatten(2), wide], dim=2).numpy(),
                later=tuple(layer.numpy() for layer in layers[1:]),
                biases=tuple(bias.numpy() for bias in biases),
                heads=torch.stack([one.heads for one in members])[..., None].numpy(),
                offsets=torch.stack([one.offsets for one in members])[:, None].numpy(),
                typical=torch.stack([network.typical for network in networks])[:, None].numpy(),
            )

    def chance(self, rows: "Encoded") -> "np.ndarray":
        """(n,) the mean chance over all members of all nets."""
        found: np.ndarray = self._run(self._embed(rows) @ self.first)[1].mean(2).mean(0)
        return found

    def explain(
        self, rows: "Encoded", way: "tuple[np.ndarray, np.ndarray]", outer: "Callable[[np.ndarray], np.ndarray]"
    ) -> Explained:
        """The chances, and integrated gradients of a function of them from the typical inputs to these, of all nets.

        way: (S,) places between 0 and 1, the last of them 1, and (S,) weights of a quadrature. outer: (n,) chances to
        the function's slope. What the first layer makes of the points on the way lies between what it makes of both
        ends, so it is asked for these alone.
        """
        import numpy as np

        places, weights = (one[:, None, None] for one in way)
        inputs = self._embed(rows)
        start, end = self.typical @ self.first, inputs @ self.first
        points = start[:, None] * (1 - places) + end[:, None] * places  # (N, S, n, k * width + 1)
        nets, steps, n, wide = points.shape
        layers, chances = self._run(points.reshape(nets, steps * n, wide))
        means = chances.mean(2).mean(0)
        slope = self._slope(layers, chances, outer(means)).reshape(points.shape)
        mean = (slope * weights).sum(1) @ self.first.transpose(0, 2, 1)
        return Explained(means[-n:], np.add.reduce(mean * (inputs - self.typical), axis=0))

    def _embed(self, rows: "Encoded") -> "np.ndarray":
        """(N, n, inputs), what the first layer reads."""
        import numpy as np

        found = np.empty((len(self.first), len(rows), self.shape.inputs), np.float32)
        begin = self.shape.numbers
        found[:, :, :begin] = rows.numbers
        for at, table in enumerate(self.embeddings):
            end = begin + table.shape[2]
            found[:, :, begin:end] = table[:, rows.places[:, at]]
            begin = end
        return found

    def _run(self, entered: "np.ndarray") -> "tuple[list[np.ndarray], np.ndarray]":
        """What each hidden layer says (N, k, n, width), and the chances (N, n, k). entered: `first` applied."""
        import numpy as np
        from scipy.special import expit

        nets, n, _ = entered.shape
        hidden = entered[:, :, :-1].reshape(nets, n, self.shape.members, self.shape.width).transpose(0, 2, 1, 3)
        layers = [np.maximum(hidden + self.biases[0], 0)]
        for weights, bias in zip(self.later, self.biases[1:], strict=True):
            layers.append(np.maximum(layers[-1] @ weights + bias, 0))
        logits = (layers[-1] @ self.heads)[..., 0].transpose(0, 2, 1) + self.offsets + entered[:, :, -1:]
        return layers, expit(logits)

    def _slope(self, layers: "list[np.ndarray]", chances: "np.ndarray", outer: "np.ndarray") -> "np.ndarray":
        """(N, n, k * width + 1) how a function of the chances slopes at what `first` gives. outer: (n,) its own slope.

        Worked out by hand from the last layer to the first: for so few rows autograd's books would cost twice as much.
        """
        import numpy as np

        nets, n, members = chances.shape
        logits = (outer / (nets * members))[:, None] * (1 - chances) * chances
        hidden = logits.transpose(0, 2, 1)[..., None] * self.heads.transpose(0, 1, 3, 2)
        for weights, layer in zip(reversed(self.later), reversed(layers[1:]), strict=True):
            hidden = (hidden * (layer > 0)) @ weights.transpose(0, 1, 3, 2)
        first = (hidden * (layers[0] > 0)).transpose(0, 2, 1, 3).reshape(nets, n, -1)
        return np.concatenate([first, logits.sum(2, keepdims=True)], axis=2)


def _columns(networks: Sequence[Any]) -> "zip[tuple[Any, ...]]":
    """For each category, its embedding in every net."""
    return zip(*(network.embeddings for network in networks), strict=True)
