"""Batches of examples: of like length side by side, or several in one row without seeing each other."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from finetune.causal_rows import Example

if TYPE_CHECKING:
    import torch

POOL = 16  # batches whose examples are sorted together: enough for even lengths, few enough to stay random
IGNORED = -100  # the label of what is not learnt
Batch = list[list[int]]  # rows; each the places of its examples


def padded_batches(lengths: Sequence[int], tokens: int, *, seed: int) -> list[Batch]:
    """Every example once, one a row; a batch has at most `tokens` tokens with its padding, or one example."""
    chance = random.Random(seed)
    order = list(range(len(lengths)))
    chance.shuffle(order)
    pool = max(1, POOL * tokens * len(lengths) // max(1, sum(lengths)))
    found: list[Batch] = []
    for start in range(0, len(order), pool):
        batch: Batch = []
        for place in sorted(order[start : start + pool], key=lambda place: lengths[place]):
            if batch and (len(batch) + 1) * lengths[place] > tokens:
                found.append(batch)
                batch = []
            batch.append([place])
        found.append(batch)
    chance.shuffle(found)
    return found


def packed_batches(lengths: Sequence[int], tokens: int, *, seed: int) -> list[Batch]:
    """Every example once, in rows as long as the longest one, each example where it fits, the longest first.

    A batch is as many rows as have at most `tokens` tokens. Shorter rows waste more, longer ones make attention
    dearer, which runs over the whole row although examples see only themselves.
    """
    chance = random.Random(seed)
    order = list(range(len(lengths)))
    chance.shuffle(order)
    longest = max(lengths, default=1)
    rows: list[list[int]] = []
    pool = max(1, POOL * max(tokens, longest) * len(lengths) // max(1, sum(lengths)))
    for start in range(0, len(order), pool):
        rows += _packed(sorted(order[start : start + pool], key=lambda place: -lengths[place]), lengths, longest)
    chance.shuffle(rows)
    size = max(1, tokens // longest)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _packed(order: Sequence[int], lengths: Sequence[int], room: int) -> list[list[int]]:
    """The examples in rows of at most `room` tokens, each in the first row with room for it."""
    rows: list[list[int]] = []
    left: list[int] = []
    for place in order:
        fit = next((at for at, free in enumerate(left) if free >= lengths[place]), None)
        if fit is None:
            rows.append([place])
            left.append(room - lengths[place])
        else:
            rows[fit].append(place)
            left[fit] -= lengths[place]
    return rows


def tensors_of(examples: Sequence[Example], batch: Batch) -> "tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]":
    """(ids, positions, labels), each (rows, longest), padded at the right; positions is None for single examples.

    Positions start again with every example, from which transformers sees that they are several and keeps each from
    attending to another. Padding needs no mask: it follows all that is learnt, and nothing attends forwards.
    labels: the token itself where it is learnt, else IGNORED.
    """
    import torch

    rows = [[examples[place] for place in row] for row in batch]
    longest = max(sum(len(example.ids) for example in row) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    positions = torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for number, row in enumerate(rows):
        at = 0
        for example in row:
            end = at + len(example.ids)
            ids[number, at:end] = torch.tensor(example.ids)
            positions[number, at:end] = torch.arange(len(example.ids))
            labels[number, end - example.reply : end] = ids[number, end - example.reply : end]
            at = end
    return ids, positions if any(len(row) > 1 for row in rows) else None, labels


def learnt(examples: Sequence[Example], batch: Batch) -> int:
    """How many tokens of the batch are learnt."""
    return sum(examples[place].reply for row in batch for place in row)
