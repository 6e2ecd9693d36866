"""The net of `profiles.sequence_net` for one customer alone, in numpy. Its weights are those of the trained net."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from profiles.plain_layers import Linear, Norm, gelu, softmax

if TYPE_CHECKING:
    from profiles.sequence_net import ItemNet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainBlock:
    """The layers of a `sequence_net.Block`. unseen: (longest, longest), minus infinity where a place does not look."""

    heads: int
    before: Norm
    between: Norm
    asked: Linear
    mixed: Linear
    wide: Linear
    narrow: Linear
    unseen: np.ndarray

    @classmethod
    def of(cls, block: Any, longest: int) -> "PlainBlock":
        """A block as it stands."""
        return cls(
            heads=block.heads,
            before=Norm.of(block.before),
            between=Norm.of(block.between),
            asked=Linear.of(block.asked),
            mixed=Linear.of(block.mixed),
            wide=Linear.of(block.wide),
            narrow=Linear.of(block.narrow),
            unseen=np.triu(np.full((longest, longest), -np.inf, np.float32), 1),
        )

    def __call__(self, states: np.ndarray) -> np.ndarray:
        """(length, dim) to the same shape; a place sees those before it and itself."""
        length, dim = states.shape
        parts = self.asked(self.before(states)).reshape(length, 3, self.heads, dim // self.heads)
        query, key, value = parts.transpose(1, 2, 0, 3)
        likeness = query @ key.transpose(0, 2, 1) * (dim // self.heads) ** -0.5
        seen = softmax(likeness + self.unseen[:length, :length]) @ value
        states = states + self.mixed(seen.transpose(1, 0, 2).reshape(length, dim))
        changed: np.ndarray = states + self.narrow(gelu(self.wide(self.between(states))))
        return changed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainNet:
    """items: (P, dim). places: (longest, dim). scale: of the items that go in. bias: (P,)."""

    items: np.ndarray
    places: np.ndarray
    scale: float
    blocks: tuple[PlainBlock, ...]
    last: Norm
    bias: np.ndarray

    @classmethod
    def of(cls, net: "ItemNet") -> "PlainNet":
        """The net as it stands; what it learns later is not seen."""
        longest = net.plan.longest
        return cls(
            items=net.item.weight.detach().numpy(),
            places=net.place.weight.detach().numpy(),
            scale=0.2 * math.sqrt(net.plan.dim),
            blocks=tuple(PlainBlock.of(block, longest) for block in net.blocks),
            last=Norm.of(net.last),
            bias=net.bias.detach().numpy(),
        )

    def chances(self, history: np.ndarray) -> np.ndarray:
        """(P,) float32 chances after this history, which is not empty and is read from its end."""
        rows = history[-len(self.places) :]
        states = self.items[rows] * self.scale + self.places[: len(rows)]
        for block in self.blocks:
            states = block(states)
        return softmax(self.items @ self.last(states[-1:])[0] + self.bias)
