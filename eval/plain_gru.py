"""A plain recurrent net for the next product, as a reference: what most public recommenders would train.

One table of product vectors, one GRU layer over a customer's last products, and the table again to score what comes
next, trained by cross-entropy against products drawn by how often they are bought. Without layers of attention, without
places and without a schedule. Source: Hidasi and others,
"Session-based recommendations with recurrent neural networks", ICLR 2016.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from profiles.sequence_items import ROUND, Draws, SequencePlan, padded, padded_batches

if TYPE_CHECKING:
    import torch

IMPOSSIBLE = -1e9
GRU_PLAN = SequencePlan(dim=64, dropout=0.3, epochs=10, batch=128, rate=2e-3)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class PlainGru:
    """table: the product vectors, with a bias each. net: the recurrent layer."""

    table: "torch.nn.Embedding"
    bias: "torch.nn.Embedding"
    net: "torch.nn.GRU"
    dropout: "torch.nn.Dropout"

    def states(self, rows: "torch.Tensor") -> "torch.Tensor":
        """(n, length) products in time order to (n, length, dim); a place sees those before it and itself."""
        states: torch.Tensor = self.dropout(self.net(self.dropout(self.table(rows)))[0])
        return states

    def scores(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """(n, P) of every product after these histories, none of them empty."""
        import torch

        found = []
        with torch.inference_mode():
            for start in range(0, len(histories), ROUND):
                some = histories[start : start + ROUND]
                states = self.states(padded(some, 0))
                last = states[torch.arange(len(some)), torch.tensor([len(one) - 1 for one in some])]
                found.append((last @ self.table.weight.T + self.bias.weight[:, 0]).numpy())
        return np.concatenate(found)


def fit_plain_gru(histories: Sequence[np.ndarray], products: int, plan: SequencePlan = GRU_PLAN, *,
                  progress: Say = lambda _: None) -> PlainGru:  # fmt: skip
    """Train on each customer's products in the order of time; those with one product or none are passed over."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        gru = PlainGru(nn.Embedding(products, plan.dim), nn.Embedding(products, 1),
                       nn.GRU(plan.dim, plan.dim, batch_first=True), nn.Dropout(plan.dropout))  # fmt: skip
        nn.init.normal_(gru.table.weight, std=0.1)
        nn.init.zeros_(gru.bias.weight)
        counts = np.bincount(np.concatenate(histories), minlength=products)
        draws, random = Draws(counts, plan), np.random.default_rng(plan.seed)
        learnt = [one[-(plan.longest + 1) :] for one in histories if len(one) > 1]
        parts = nn.ModuleList([gru.table, gru.bias, gru.net, gru.dropout]).train()
        optimizer = torch.optim.Adam(parts.parameters(), lr=plan.rate)
        for epoch in range(plan.epochs):
            losses = []
            for rows in padded_batches(learnt, plan.batch, random):
                loss: Any = _loss(gru, rows, *draws.draw(random))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            progress(f"GRU, epoch {epoch + 1} of {plan.epochs}: loss {np.mean(losses):.4f}")
        parts.eval()
    return gru


def _loss(gru: PlainGru, rows: "torch.Tensor", drawn: "torch.Tensor", log_expected: "torch.Tensor") -> "torch.Tensor":
    """The mean cross-entropy of each next product against the drawn ones, whose odds of being drawn are taken out."""
    import torch
    from torch.nn import functional

    after = rows[:, 1:]
    there = after >= 0
    after = after[there]
    states = gru.states(rows[:, :-1].clamp(min=0))[there]
    against = states @ gru.table(drawn).T + (gru.bias(drawn)[:, 0] - log_expected)
    against = against.masked_fill(drawn[None] == after[:, None], IMPOSSIBLE)
    right = (states * gru.table(after)).sum(1) + gru.bias(after)[:, 0]
    return functional.cross_entropy(
        torch.cat([right[:, None], against], dim=1), torch.zeros(len(after), dtype=torch.long)
    )
