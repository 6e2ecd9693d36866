"""Direct preference optimization: the loss that makes a preferred reply likelier, against where the model began.

Source: Rafailov et al., Direct Preference Optimization, NeurIPS 2023. That loss alone may make both replies unlikelier;
a share of the usual loss on the preferred one holds it. Source: Pang et al., Iterative Reasoning Preference
Optimization, NeurIPS 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from finetune.causal_batches import Batch
from finetune.causal_loss import Losses
from finetune.causal_plan import CausalPlan
from finetune.causal_rows import Example

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class PairExample(Example):
    """Two replies to one conversation, as one thing to learn.

    ids: the tokens of both, which are what it costs; reply: 1, as pairs count. reference: log-probabilities of the
    chosen and the rejected reply by the model that training began with.
    """

    chosen: Example
    rejected: Example
    reference: tuple[float, float] = (0.0, 0.0)


def pair_of(chosen: Example, rejected: Example) -> PairExample:
    """A pair that no model has seen yet."""
    return PairExample((*chosen.ids, *rejected.ids), 1, chosen, rejected)


def margins(
    chosen: "torch.Tensor", rejected: "torch.Tensor", reference: "torch.Tensor", *, beta: float
) -> "torch.Tensor":
    """(n,) by how much the model prefers the chosen replies more than it did when it began.

    chosen, rejected: (n,) log-probabilities of whole replies. reference: (n, 2) the same by the model it began as.
    """
    return beta * ((chosen - reference[:, 0]) - (rejected - reference[:, 1]))


class PairLosses(Losses):
    """The loss of pairs; `mean` is that of a pair. sft: weight of the chosen reply's own loss a token."""

    def __init__(self, model: Any, device: Any, plan: CausalPlan, *, beta: float, sft: float) -> None:
        super().__init__(model, device, plan)
        self._beta, self._sft = beta, sft

    def total(self, examples: Sequence[Example], batch: Batch) -> "torch.Tensor":
        """The sum of the losses of a batch's pairs."""
        import torch

        pairs = [cast(PairExample, examples[place]) for row in batch for place in row]
        chosen, rejected = self.log_probabilities(pairs)
        reference = torch.tensor([pair.reference for pair in pairs], device=chosen.device)
        lengths = torch.tensor([pair.chosen.reply for pair in pairs], device=chosen.device)
        preferred = -torch.nn.functional.logsigmoid(margins(chosen, rejected, reference, beta=self._beta))
        return (preferred - self._sft * chosen / lengths).sum()

    def log_probabilities(self, pairs: Sequence[PairExample]) -> "tuple[torch.Tensor, torch.Tensor]":
        """(n,) log-probabilities of the chosen replies and of the rejected ones, all in one pass."""
        import torch

        rows = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
        found, places = self.of_tokens(rows, [[place] for place in range(len(rows))])
        losses = torch.zeros(places.shape, device=found.device)
        losses[places] = found
        chosen, rejected = (-losses.sum(1)).chunk(2)
        return chosen, rejected
