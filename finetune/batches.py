"""Training batches: texts of like length together, in an order that the seed fixes. Knows no labels and no losses."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

POOL = 16  # batches whose texts are sorted together: enough for even lengths, few enough to stay random


def batches(lengths: Sequence[int], size: int, *, seed: int) -> list[list[int]]:
    """Every row once, in batches of `size` rows of like length, in a random order that the seed fixes."""
    chance = random.Random(seed)
    order = list(range(len(lengths)))
    chance.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), size * POOL):
        pool = sorted(order[start : start + size * POOL], key=lambda row: lengths[row])
        found += [pool[place : place + size] for place in range(0, len(pool), size)]
    chance.shuffle(found)
    return found


class Shared:
    """The hidden states of many texts at one layer, kept so that the layers below run once and not every epoch.

    states: (all tokens, dim) in one block; a text's own lie behind those of the texts before it.
    """

    def __init__(self, states: "torch.Tensor", lengths: Sequence[int]) -> None:
        self._states = states
        self._starts = [0]
        for length in lengths:
            self._starts.append(self._starts[-1] + length)

    def padded(self, rows: Sequence[int]) -> tuple["torch.Tensor", "torch.Tensor"]:
        """(n, longest, dim) states of the rows and their (n, longest) mask."""
        import torch

        pieces = [self._states[self._starts[row] : self._starts[row + 1]] for row in rows]
        mask = [torch.ones(len(piece), dtype=torch.long) for piece in pieces]
        pad: Any = torch.nn.utils.rnn.pad_sequence
        return pad(pieces, batch_first=True), pad(mask, batch_first=True)
