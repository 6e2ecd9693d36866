"""What a message wishes to be done: an order called off, changed, taken back, another record changed; or nothing.

A shipped head on the shared vectors; `python -m finetune.wishes` makes it anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.cards import made_with
from rapport.heads import Head, base_name, load_head
from rapport.text import mask
from rapport.types import Ask

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

FOLDER = Path(__file__).with_name("wishes")
CANCEL, CHANGE, RETURN = "cancel_order", "change_order", "return_item"
RECORD, KNOW = "change_record", "know"


class Wishes:
    """Tells what is to be done."""

    def __init__(self, head: Head) -> None:
        self._head = head

    def read(self, asks: Sequence[Ask], queries: Sequence[str], vectors: "np.ndarray") -> tuple[Ask, ...]:
        """The asks with their likeliest wish, its probability, and the one that they wish for anything.

        queries: of the asks. vectors: (n, dim) unit vectors of them.
        """
        labels, said = self._head.labels, self._head.predict(vectors, [mask(query) for query in queries]).probabilities
        nothing = labels.index(KNOW)
        wishes = [at for at in range(len(labels)) if at != nothing]
        likeliest = [max(wishes, key=lambda at: float(row[at])) for row in said]
        return tuple(
            replace(
                ask, wish=labels[at], wish_sure=round(1.0 - float(row[nothing]), 4), wish_share=round(float(row[at]), 4)
            )
            for ask, at, row in zip(asks, likeliest, said, strict=True)
        )


def shipped_wishes(encoder: "Encoder") -> Wishes | None:
    """The shipped head, or None for an encoder that it was not made with."""
    return Wishes(load_head(FOLDER)) if made_with(FOLDER, base_name(encoder)) else None
