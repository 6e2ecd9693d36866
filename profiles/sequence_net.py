"""The net of `profiles.sequence_items` as torch modules. Loads torch: import it inside functions."""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from profiles.sequence_alone import PlainNet
from profiles.sequence_items import SequencePlan, padded

IMPOSSIBLE = -1e9


class Block(nn.Module):
    """Causal self-attention and a small perceptron, each after a normalisation and beside a short cut."""

    def __init__(self, plan: SequencePlan) -> None:
        super().__init__()
        dim = plan.dim
        self.heads = plan.heads
        self.before, self.between = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.asked, self.mixed = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.wide, self.narrow = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.dropout = nn.Dropout(plan.dropout)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """(n, length, dim) to the same shape; a place sees those before it and itself."""
        n, length, dim = states.shape
        parts = self.asked(self.before(states)).view(n, length, 3, self.heads, dim // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        states = states + self.dropout(self.mixed(seen.transpose(1, 2).reshape(n, length, dim)))
        changed: torch.Tensor = states + self.dropout(self.narrow(functional.gelu(self.wide(self.between(states)))))
        return changed


class ItemNet(nn.Module):
    """Products in order to the next one; one table of vectors serves what goes in and what comes out."""

    def __init__(self, products: int, plan: SequencePlan) -> None:
        super().__init__()
        self.products, self.plan = products, plan
        self.item = nn.Embedding(products, plan.dim)
        self.place = nn.Embedding(plan.longest, plan.dim)
        self.blocks = nn.ModuleList(Block(plan) for _ in range(plan.layers))
        self.last = nn.LayerNorm(plan.dim)
        self.bias = nn.Parameter(torch.zeros(products))
        self.dropout = nn.Dropout(plan.dropout)
        for table in (self.item, self.place):
            nn.init.normal_(table.weight, std=0.05)

    @cached_property
    def alone(self) -> PlainNet:
        """The net for one customer alone, as it stands when this is first asked for: after its training."""
        return PlainNet.of(self)

    def start_at(self, counts: np.ndarray) -> None:
        """Begin with half of what a product's count says, (P,): without it, the first passes learn nothing else."""
        shares = (counts + 1.0) / (counts + 1.0).mean()
        with torch.no_grad():
            self.bias.copy_(torch.from_numpy(0.5 * np.log(shares)))

    def states(self, rows: torch.Tensor) -> torch.Tensor:
        """(n, length) places in time order to (n, length, dim); what stands to the right of a place is not seen."""
        vectors = self.item(rows) * (0.2 * math.sqrt(self.plan.dim))
        states = self.dropout(vectors + self.place.weight[: rows.shape[1]])
        for block in self.blocks:
            states = block(states)
        ended: torch.Tensor = self.last(states)
        return ended

    def forward(self, rows: torch.Tensor, drawn: torch.Tensor, log_expected: torch.Tensor) -> torch.Tensor:
        """The mean cross-entropy of each next product against the drawn ones.

        rows: (n, length) places with -1 on the right. drawn, log_expected: see `Draws`.
        """
        after = rows[:, 1:]
        there = after >= 0
        after = after[there]
        states = self.states(rows[:, :-1].clamp(min=0))[there]
        against = (states @ self.item(drawn).T).float() + (self.bias[drawn] - log_expected)
        against = against.masked_fill(drawn[None] == after[:, None], IMPOSSIBLE)
        right = (states.float() * self.item(after).float()).sum(dim=1) + self.bias[after]
        return functional.softplus(against.logsumexp(dim=1) - right).mean()

    def chances(self, histories: Sequence[np.ndarray]) -> torch.Tensor:
        """(n, P) float32 chances after these histories, none of them empty; each is read from its end."""
        rows = padded([one[-self.plan.longest :] for one in histories], 0)
        ends = torch.tensor([min(len(one), self.plan.longest) - 1 for one in histories])
        states = self.states(rows)[torch.arange(len(rows)), ends]
        return (states @ self.item.weight.T + self.bias).softmax(dim=1)
