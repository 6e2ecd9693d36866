"""The recurrent net over a customer's events, and what it is trained to say. Knows tensors, nothing of files.

An LSTM or GRU reads the events in order; at a cutoff its state and the features of that day go through two layers
that say, each as a correction of what the probability models expect: whether anything is bought in the horizon, how
many times, how many days until then (a Weibull time, so that customers who have not come back yet teach too), what an
occasion brings, and which other kinds of events come.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

ANY, COUNT, DAYS, MONEY = range(4)  # the outputs; the kinds of events follow
_MOST = 6.0  # logarithm of the most occasions or corrections that a loss looks at
TASKS = {"any": 1.0, "count": 1.0, "days": 0.1, "money": 0.1, "kinds": 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetShape:
    """Sizes. events: numbers of an event. features: numbers of a window. kinds: of events."""

    events: int
    features: int
    kinds: int
    hidden: int = 48
    width: int = 96
    dropout: float = 0.2
    cell: Literal["gru", "lstm"] = "gru"


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Customers with their events, and windows of theirs.

    numbers, weekday, kind: (B, L, F), (B, L), (B, L). lengths: (B,). who, at: (R,) the customer of each window, and the
    event it ends with. features, base: (R, S), (R, 4).
    """

    numbers: "torch.Tensor"
    weekday: "torch.Tensor"
    kind: "torch.Tensor"
    lengths: "torch.Tensor"
    who: "torch.Tensor"
    at: "torch.Tensor"
    features: "torch.Tensor"
    base: "torch.Tensor"


def build_net(shape: NetShape) -> Any:
    """A net of this shape with untrained weights; its outputs begin at the base."""
    import torch
    from torch import nn

    class PurchaseNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weekday = nn.Embedding(7, 4)
            self.kind = nn.Embedding(shape.kinds, 4)
            self.enter = nn.Linear(shape.events + 8, shape.hidden)
            cell = nn.GRU if shape.cell == "gru" else nn.LSTM
            self.read = cell(shape.hidden, shape.hidden, batch_first=True)
            self.forget = nn.Dropout(shape.dropout)
            self.think = nn.Sequential(
                nn.Linear(shape.hidden + shape.features, shape.width), nn.GELU(), nn.Dropout(shape.dropout),
                nn.Linear(shape.width, shape.width), nn.GELU(), nn.Dropout(shape.dropout),
            )  # fmt: skip
            self.say = nn.Linear(shape.width, 4 + shape.kinds)
            nn.init.zeros_(self.say.weight)
            nn.init.zeros_(self.say.bias)
            self.steadiness = nn.Parameter(torch.zeros(()))  # logarithm of the Weibull shape

        def states(self, batch: Batch) -> torch.Tensor:
            """(R, hidden) what the net remembers at each window's last event."""
            both = torch.cat([batch.numbers, self.weekday(batch.weekday), self.kind(batch.kind)], dim=-1)
            states = _read(self.read, nn.functional.gelu(self.enter(both)), batch.lengths)
            remembered: torch.Tensor = states[batch.who, batch.at]
            return remembered

        def forward(self, batch: Batch) -> torch.Tensor:
            return self.told(self.states(batch), batch)

        def told(self, states: torch.Tensor, batch: Batch) -> torch.Tensor:
            """(R, 4 + kinds)."""
            thought = self.think(torch.cat([self.forget(states), batch.features], dim=-1))
            said: torch.Tensor = self.say(thought)
            return torch.cat([said[:, :4] + batch.base, said[:, 4:]], dim=-1)

    return PurchaseNet()


def _read(cell: Any, events: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
    """(B, L, hidden) what a recurrent layer remembers after each of (B, L, hidden) events."""
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    if len(events) == 1:  # one customer's events are not filled up
        alone: torch.Tensor = cell(events)[0]
        return alone
    packed = pack_padded_sequence(events, lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(cell(packed)[0], batch_first=True)
    return states


def loss_of(net: Any, said: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    """The weighted sum over the tasks. truth: (R, 4 + kinds): count, days, whether seen, money of an occasion, kinds.

    Money below or equal 0 is unknown.
    """
    import torch
    from torch.nn import functional

    count, days, seen, money = truth[:, :4].unbind(dim=1)
    said_any, said_count, said_days, said_money = said[:, :4].unbind(dim=1)
    loss = TASKS["any"] * functional.binary_cross_entropy_with_logits(said_any, (count > 0).float())
    loss = loss + TASKS["count"] * functional.poisson_nll_loss(said_count.clamp(max=_MOST), count)
    steadiness = net.steadiness.clamp(-1.5, 1.0)
    shape = steadiness.exp()
    distance = (days.clamp(min=0.5).log() - said_days).clamp(-_MOST, _MOST)  # log(t / scale)
    hazard = (shape * distance).clamp(max=_MOST).exp()
    loss = loss + TASKS["days"] * (hazard - seen * (steadiness + (shape - 1) * distance - said_days)).mean()
    known = money > 0
    if bool(known.any()):
        ratio = (money[known].log() - said_money[known]).clamp(-_MOST, _MOST)
        loss = loss + TASKS["money"] * (ratio.exp() - ratio).mean()  # the gamma deviance: right on the mean
    if said.shape[1] > 6:  # kinds beside purchases and returns
        loss = loss + TASKS["kinds"] * functional.binary_cross_entropy_with_logits(said[:, 4:], truth[:, 4:])
    return torch.as_tensor(loss)
