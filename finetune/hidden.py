"""Learn a map with one hidden layer on frozen vectors: which label, and on which of two sides.

Scikit-learn's own has no dropout, without which it learns the rows by heart and tells the sides apart less well than a
linear map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.hidden import Hidden

if TYPE_CHECKING:
    import numpy as np
    import torch

BATCH = 256
SCALE = 4.0  # of the inputs, which are unit vectors, and of the first weights, so that the units differ from the start
DECAY, SMOOTHING = 1e-3, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenPlan:
    """units: of the hidden layer. epochs: passes over the rows. rate: the peak of the learning rate.

    forget_inputs, forget_units: the shares that are dropped at random in training.
    """

    units: int = 640
    epochs: int = 12
    rate: float = 4e-3
    forget_inputs: float = 0.1
    forget_units: float = 0.3
    seed: int = 0


def fit_hidden(given: "np.ndarray", truth: "np.ndarray", inside: int, plan: HiddenPlan) -> Hidden:
    """Learn from (n, dim) inputs and the (n,) columns of their labels; the first `inside` labels are one side.

    The loss is that of the label and, as much, that of the side.
    """
    import numpy as np
    import torch

    torch.manual_seed(plan.seed)
    inputs, labels = torch.as_tensor(given * SCALE, dtype=torch.float32), torch.as_tensor(truth)
    first, last = torch.nn.Linear(given.shape[1], plan.units), torch.nn.Linear(plan.units, int(truth.max()) + 1)
    with torch.no_grad():
        first.weight *= SCALE
    net = torch.nn.Sequential(
        torch.nn.Dropout(plan.forget_inputs), first, torch.nn.ReLU(), torch.nn.Dropout(plan.forget_units), last
    )
    steps = max(1, len(inputs) // BATCH) * plan.epochs
    optimizer = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=steps)
    for order in (torch.randperm(len(inputs)) for _ in range(plan.epochs)):
        for rows in torch.split(order, BATCH)[: steps // plan.epochs]:
            loss = _loss(net(inputs[rows]), labels[rows], inside)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            rates.step()
    inner, inner_bias, outer, outer_bias = (
        np.asarray(item.detach()) for item in (first.weight, first.bias, last.weight, last.bias)
    )
    return Hidden(SCALE * inner, inner_bias, outer, outer_bias)


def mean_of(maps: Sequence[Hidden]) -> Hidden:
    """One map whose scores are the mean of these maps' scores: their units stand side by side."""
    import numpy as np

    return Hidden(
        np.vstack([one.inner for one in maps]),
        np.concatenate([one.inner_bias for one in maps]),
        np.hstack([one.outer for one in maps]) / len(maps),
        np.mean([one.outer_bias for one in maps], axis=0),
    )


def _loss(scores: "torch.Tensor", labels: "torch.Tensor", inside: int) -> "torch.Tensor":
    from torch.nn import functional

    side = scores[:, :inside].logsumexp(1) - scores[:, inside:].logsumexp(1)
    of_label = functional.cross_entropy(scores, labels, label_smoothing=SMOOTHING)
    return of_label + functional.binary_cross_entropy_with_logits(side, (labels < inside).float())
