"""The nets of a table model side by side, to predict with all of them in one pass. Knows nothing of training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch

    from profiles.dnn_network import Shape
    from profiles.encode import Encoded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """The weights of N nets with k members each; see `profiles.dnn_network` for what they mean.

    embeddings: for each category (N, places, width). first: (N, k * width, inputs). later: for each further layer
    (N * k, width, width). biases: for each layer (N, k, 1, width). heads: (N, k, width, 1). offsets: (N, 1, k). wide:
    (N, 1, inputs). typical: (N, 1, inputs).
    """

    shape: "Shape"
    embeddings: "tuple[np.ndarray, ...]"
    first: "torch.Tensor"
    later: "tuple[torch.Tensor, ...]"
    biases: "tuple[torch.Tensor, ...]"
    heads: "torch.Tensor"
    offsets: "torch.Tensor"
    wide: "torch.Tensor"
    typical: "torch.Tensor"

    @classmethod
    def of(cls, networks: Sequence[Any], shape: "Shape") -> "Ensemble":
        """The networks as they stand; what they learn later is not seen."""
        import numpy as np
        import torch

        with torch.no_grad():
            members = [network.members for network in networks]
            layers = [torch.stack([one.weights(at) for one in members]) for at in range(shape.depth)]
            return cls(
                shape=shape,
                embeddings=tuple(np.stack([table.weight.numpy() for table in some]) for some in _columns(networks)),
                first=layers[0].transpose(2, 3).flatten(1, 2).contiguous(),
                later=tuple(layer.flatten(0, 1) for layer in layers[1:]),
                biases=tuple(torch.stack([one.biases[at] for one in members])[:, :, None] for at in range(shape.depth)),
                heads=torch.stack([one.heads for one in members])[..., None],
                offsets=torch.stack([one.offsets for one in members])[:, None],
                wide=torch.stack([network.wide.weight for network in networks]),
                typical=torch.stack([network.typical for network in networks])[:, None],
            )

    def embed(self, rows: "Encoded") -> "list[torch.Tensor]":
        """For each net (n, inputs), what its first layer reads."""
        import torch

        numbers = torch.from_numpy(rows.numbers)
        found = [torch.from_numpy(table[:, rows.places[:, at]]) for at, table in enumerate(self.embeddings)]
        return [torch.cat([numbers, *(one[at] for one in found)], dim=1) for at in range(len(self.first))]

    def chance(self, inputs: "Sequence[torch.Tensor]") -> "torch.Tensor":
        """(n,) the mean chance over all members of all nets. inputs: for each net (n, inputs), see `embed`."""
        return self._run(inputs)[1].mean(2).mean(0)

    def slope(
        self, inputs: "Sequence[torch.Tensor]", outer: "Callable[[torch.Tensor], torch.Tensor]"
    ) -> "torch.Tensor":
        """(N, n, inputs) how a function of the chance slopes at these inputs. outer: (n,) chances to its slope.

        Worked out by hand from the last layer to the first: for so few rows autograd's books would cost twice as much.
        """
        import torch

        layers, chances = self._run(inputs)
        nets, _, members = chances.shape
        each = outer(chances.mean(2).mean(0)) / nets / members
        logits = each[:, None] * (1 - chances) * chances
        hidden = logits.transpose(1, 2)[..., None] * self.heads.transpose(2, 3)
        for weights, layer in zip(reversed(self.later), reversed(layers[1:]), strict=True):
            below = torch.bmm((hidden * (layer > 0)).flatten(0, 1), weights.transpose(1, 2))
            hidden = below.view(layer.shape)
        first = (hidden * (layers[0] > 0)).transpose(1, 2).flatten(2)
        return torch.bmm(first, self.first) + logits.sum(2, keepdim=True) * self.wide

    def _run(self, inputs: "Sequence[torch.Tensor]") -> "tuple[list[torch.Tensor], torch.Tensor]":
        """What each hidden layer says (N, k, n, width), and the chances (N, n, k)."""
        import torch
        from torch.nn.functional import linear

        # net by net: for a single row that is quicker than a product of batches
        first = torch.stack([linear(one, weights) for one, weights in zip(inputs, self.first, strict=True)])
        wide = torch.stack([linear(one, weights) for one, weights in zip(inputs, self.wide, strict=True)])
        nets, n, _ = first.shape
        hidden = first.view(nets, n, self.shape.members, self.shape.width).transpose(1, 2)
        layers = [torch.relu(hidden + self.biases[0])]
        for weights, bias in zip(self.later, self.biases[1:], strict=True):
            further = torch.baddbmm(bias.flatten(0, 1), layers[-1].flatten(0, 1), weights)
            layers.append(torch.relu(further.view(hidden.shape)))
        logits = (layers[-1] @ self.heads)[..., 0].transpose(1, 2) + self.offsets + wide
        return layers, torch.sigmoid(logits)


def _columns(networks: Sequence[Any]) -> "zip[tuple[Any, ...]]":
    """For each category, its embedding in every net."""
    return zip(*(network.embeddings for network in networks), strict=True)
