"""The recurrent nets of a purchase model side by side, for one customer alone. Knows nothing of training.

One after the other they would spend more on calling torch than on a customer's few numbers. For many customers at once
it is the other way round, see `lstm_train.run_nets`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.plain_layers import Recurrent, gelu
from profiles.sequences import LONGEST, Sequences, bases

if TYPE_CHECKING:
    import numpy as np

    from profiles.lstm_net import NetShape
    from profiles.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """The weights of N nets, float32; see `profiles.lstm_net` for what they mean.

    numbers: (N, events, hidden). weekday, kind: (N, 7, hidden), (N, kinds, hidden), what each adds to it. remembered,
    given: (N, hidden, width), (N, features, width), the first layer that thinks. layers: (N, before, after) of the
    second and of the one that says. biases: (N, 1, after) of all three.
    """

    numbers: "np.ndarray"
    weekday: "np.ndarray"
    kind: "np.ndarray"
    read: Recurrent
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
                numbers=torch.stack([one[0] for one in enter]).numpy(),
                weekday=torch.stack(days).numpy(),
                kind=torch.stack(kinds).numpy(),
                read=Recurrent.of([net.read for net in nets]),
                remembered=remembered.numpy(),
                given=given.numpy(),
                layers=(weights[1].numpy(), weights[2].numpy()),
                biases=tuple(
                    torch.stack([one.bias for one in some])[:, None].numpy() for some in zip(*linears, strict=True)
                ),
            )

    def run(self, sequences: Sequences, window: "Window", features: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """What `lstm_train.run_nets` gives for a window of one customer: (1, 4 + kinds) and (1, hidden x nets)."""
        start = sequences.starts[window.who[0]]
        end = start + window.event[0] + 1
        events = slice(max(start, end - LONGEST), end)
        entered = sequences.numbers[events] @ self.numbers
        entered += self.weekday[:, sequences.weekday[events]] + self.kind[:, sequences.kind[events]]
        states = self.read(gelu(entered))
        thought = gelu(states @ self.remembered + features @ self.given + self.biases[0])
        thought = gelu(thought @ self.layers[0] + self.biases[1])
        said = (thought @ self.layers[1] + self.biases[2]).mean(axis=0)
        said[:, :4] += bases(window)
        return said, states.reshape(1, -1)
