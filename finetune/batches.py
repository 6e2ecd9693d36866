"""Training batches: texts of like length together, in an order that the seed fixes. Knows no labels and no losses."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
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


def paired(truth: Sequence[int], size: int, *, centres: "np.ndarray", seed: int) -> list[list[int]]:
    """Batches of two rows each of `size` // 2 labels, as many as hold all rows once on average.

    Every other batch takes a random label and those whose centres lie nearest to it, so that contrast has something
    hard to tell apart. centres: (L, dim) unit vectors. A label with one row stands alone in its batch.
    """
    import numpy as np

    chance = np.random.default_rng(seed)
    rows = {label: np.flatnonzero(np.asarray(truth) == label) for label in sorted(set(truth))}
    labels, near = np.array(list(rows)), centres @ centres.T
    found = []
    for number in range(max(1, round(len(truth) / size))):
        if number % 2:
            chosen = labels[np.argsort(-near[chance.choice(labels), labels], kind="stable")[: size // 2]]
        else:
            chosen = chance.permutation(labels)[: size // 2]
        picked = [chance.permutation(rows[label])[:2] for label in chosen.tolist()]
        found.append([int(row) for pair in picked for row in pair])
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
