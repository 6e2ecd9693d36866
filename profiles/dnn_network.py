"""The net for mixed tables: embeddings and encoded numbers into k small nets that share their weights.

Each of the k members scales the inputs and outputs of the shared layers by numbers of its own and has its own last
layer, so one pass costs little more than one net and predicts like an ensemble. A linear map of the inputs that all
members share stands beside them: what merely adds up need not be learnt by the layers.
Source: Gorishniy, Kotelnikov and Babenko, TabM, ICLR 2025; Wen, Tran and Ba, BatchEnsemble, ICLR 2020.
"""

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """numbers: columns of encoded numbers. places: sizes of the vocabularies. width, depth: of the hidden layers."""

    numbers: int
    places: tuple[int, ...]
    members: int
    width: int
    depth: int
    dropout: float

    @property
    def embedded(self) -> tuple[int, ...]:
        """The width of each category's embedding: grows slowly with its vocabulary."""
        return tuple(min(16, 1 + math.ceil(size**0.56)) for size in self.places)

    @property
    def inputs(self) -> int:
        """How many numbers go into the first layer."""
        return self.numbers + sum(self.embedded)


def build_network(shape: Shape) -> Any:
    """A module that maps (encoded numbers, places) to (n, k) logits.

    Its `embed` gives the (n, inputs) that its `decide` reads, for explanations; `typical` is what it gives on average.
    """
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            pairs = zip(shape.places, shape.embedded, strict=True)
            self.embeddings = nn.ModuleList(nn.Embedding(size, width) for size, width in pairs)
            self.members = _members(shape)
            self.wide = nn.Linear(shape.inputs, 1, bias=False)
            nn.init.zeros_(self.wide.weight)
            self.register_buffer("typical", torch.zeros(shape.inputs))

        def embed(self, numbers: "torch.Tensor", places: "torch.Tensor") -> "torch.Tensor":
            found = [embedding(places[:, at]) for at, embedding in enumerate(self.embeddings)]
            return torch.cat([numbers, *found], dim=1)

        def decide(self, inputs: "torch.Tensor") -> "torch.Tensor":
            logits: torch.Tensor = self.members(inputs) + self.wide(inputs)
            return logits

        def forward(self, numbers: "torch.Tensor", places: "torch.Tensor") -> "torch.Tensor":
            return self.decide(self.embed(numbers, places))

    return Network()


def _members(shape: Shape) -> Any:
    """A module that maps (n, inputs) to (n, k): what the layers add to the logits."""
    import torch
    from torch import nn

    widths = [shape.inputs, *[shape.width] * shape.depth]

    class Members(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            k = shape.members
            self.layers = nn.ModuleList(nn.Linear(*pair, bias=False) for pair in itertools.pairwise(widths))
            self.scales_in = nn.ParameterList(torch.ones(k, width) for width in widths[:-1])
            self.scales_in[0] = nn.Parameter(torch.randint(0, 2, (k, shape.inputs)).float() * 2 - 1)
            self.scales_out = nn.ParameterList(torch.ones(k, width) for width in widths[1:])
            self.biases = nn.ParameterList(torch.zeros(k, width) for width in widths[1:])
            self.heads = nn.Parameter(torch.empty(k, shape.width).uniform_(-1, 1) / math.sqrt(shape.width))
            self.offsets = nn.Parameter(torch.zeros(k))
            self.dropout = nn.Dropout(shape.dropout)

        def forward(self, inputs: "torch.Tensor") -> "torch.Tensor":
            hidden = inputs @ self.weights(0).permute(1, 0, 2).flatten(1)  # one product, (n, k * width)
            hidden = hidden.view(-1, shape.members, shape.width).transpose(0, 1)
            hidden = self.dropout(torch.relu(hidden + self.biases[0][:, None]))
            for at in range(1, shape.depth):
                hidden = torch.baddbmm(self.biases[at][:, None], hidden, self.weights(at))
                hidden = self.dropout(torch.relu(hidden))
            logits: torch.Tensor = (hidden @ self.heads[:, :, None])[:, :, 0].T + self.offsets
            return logits

        def weights(self, at: int) -> "torch.Tensor":
            """(k, before, after) of a layer, the members' scales within."""
            shared = self.layers[at].weight.T
            own: torch.Tensor = shared * self.scales_in[at][:, :, None] * self.scales_out[at][:, None]
            return own

    return Members()
