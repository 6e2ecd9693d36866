"""The recurrent nets of a purchase model side by side, for one customer alone. Knows nothing of training.

One after the other they would spend more on calling torch than on a customer's few numbers. For many customers at once
it is the other way round, see `lstm_train.run_nets`: the recurrent layers stand in blocks on the diagonal of one, and
what is in between are zeros that have to be counted with.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.sequences import LONGEST, Sequences, bases

if TYPE_CHECKING:
    import numpy as np

    from profiles.lstm_net import NetShape
    from profiles.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """The weights of N nets, float32; see `profiles.lstm_net` for what they mean.

    numbers: (events, N * hidden). weekday, kind: (7, N * hidden), (kinds, N * hidden), what each adds to it. read: one
    recurrent torch module of N * hidden. remembered, given: (N, hidden, width), (N, features, width), the first layer
    that thinks. layers: (N, before, after) of the second and of the one that says. biases: (N, 1, after) of all three.
    """

    numbers: "np.ndarray"
    weekday: "np.ndarray"
    kind: "np.ndarray"
    read: Any
    remembered: "np.ndarray"
    given: "np.ndarray"
    layers: "tuple[np.ndarray, np.ndarray]"
    biases: "tuple[np.ndarray, ...]"

    @classmethod
    def of(cls, nets: Sequence[Any], shape: "NetShape") -> "Together":
        """The nets as they stand; what they learn later is not seen."""
        import torch

        with torch.no_grad():
            enter = [torch.split(net.enter.weight.T, [shape.events, 4, 4]) for net in nets]
            days = [net.weekday.weight @ one[1] + net.enter.bias for net, one in zip(nets, enter, strict=True)]
            kinds = [net.kind.weight @ one[2] for net, one in zip(nets, enter, strict=True)]
            linears = [[net.think[0], net.think[3], net.say] for net in nets]
            weights = [torch.stack([one.weight.T for one in some]) for some in zip(*linears, strict=True)]
            remembered, given = torch.split(weights[0], [shape.hidden, shape.features], dim=1)
            return cls(
                numbers=torch.cat([one[0] for one in enter], dim=1).numpy(),
                weekday=torch.cat(days, dim=1).numpy(),
                kind=torch.cat(kinds, dim=1).numpy(),
                read=_side_by_side([net.read for net in nets]),
                remembered=remembered.numpy(),
                given=given.numpy(),
                layers=(weights[1].numpy(), weights[2].numpy()),
                biases=tuple(
                    torch.stack([one.bias for one in some])[:, None].numpy() for some in zip(*linears, strict=True)
                ),
            )

    def run(self, sequences: Sequences, window: "Window", features: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """What `lstm_train.run_nets` gives for a window of one customer: (1, 4 + kinds) and (1, hidden x nets)."""
        import torch

        start = sequences.starts[window.who[0]]
        end = start + window.event[0] + 1
        events = slice(max(start, end - LONGEST), end)
        entered = sequences.numbers[events] @ self.numbers
        entered += self.weekday[sequences.weekday[events]] + self.kind[sequences.kind[events]]
        with torch.inference_mode():
            states = self.read(torch.from_numpy(_gelu(entered))[None])[0][:, -1].numpy()
        each = states.reshape(len(self.given), 1, -1)
        thought = _gelu(each @ self.remembered + features @ self.given + self.biases[0])
        thought = _gelu(thought @ self.layers[0] + self.biases[1])
        said = (thought @ self.layers[1] + self.biases[2]).mean(axis=0)
        said[:, :4] += bases(window)
        return said, states


def _side_by_side(cells: Sequence[Any]) -> Any:
    """Recurrent layers as one that reads and remembers what each does, in that order."""
    import torch
    from scipy.linalg import block_diag

    hidden, n = cells[0].hidden_size, len(cells)
    whole = type(cells[0])(n * cells[0].input_size, n * hidden, batch_first=True).requires_grad_(False)
    for name, own in whole.named_parameters():
        gates = zip(*(cell.get_parameter(name).detach().split(hidden) for cell in cells), strict=True)
        own.copy_(
            torch.cat([torch.from_numpy(block_diag(*gate)) if own.dim() == 2 else torch.cat(gate) for gate in gates])
        )
    return whole.eval()


def _gelu(values: "np.ndarray") -> "np.ndarray":
    from scipy.special import erf

    found: np.ndarray = 0.5 * values * (1 + erf(values * math.sqrt(0.5)))
    return found
