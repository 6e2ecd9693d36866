"""Texts as token ids, padded into batches of like length. Knows nothing of models."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class Tokens:
    """Cuts texts as the encoder in `folder` does; "[SEP]" typed by a customer is text, not a control token."""

    def __init__(self, folder: Path, *, most: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.enable_truncation(max_length=most)
        self._tokenizer.no_padding()

    def encodings(self, texts: Sequence[str]) -> list[Any]:
        """The tokens of each text: `ids`, and their `offsets` (start, end) in the text."""
        return list(self._tokenizer.encode_batch(list(texts)))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text."""
        return [encoding.ids for encoding in self.encodings(texts)]


def padded(rows: Sequence[Sequence[int]]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """(n, longest) ids, zero-padded, and the (n, longest) mask of what is no padding."""
    import torch

    longest = max(len(row) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[place, : len(row)] = 1
    return ids, mask


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Every row once, in batches of rows of like length, shortest first."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    return (order[start : start + size] for start in range(0, len(order), size))
