"""Whose affairs a message concerns: the writer's own, or those of another person, of whom nothing may be told.

A shipped head on the shared vectors; `python -m finetune.affairs` makes it anew.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rapport.cards import made_with
from rapport.heads import Head, base_name, load_head
from rapport.text import mask

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

FOLDER = Path(__file__).with_name("affairs")
OTHERS, OWN = "others", "own"


class Affairs:
    """Tells messages about another person's data."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._column = head.labels.index(OTHERS)

    def others(self, texts: Sequence[str], vectors: "np.ndarray") -> tuple[float, ...]:
        """Per text, the probability that it concerns another person, 0-1. vectors: (n, dim) unit vectors of them."""
        said = self._head.predict(vectors, [mask(text) for text in texts])
        return tuple(float(share) for share in said.probabilities[:, self._column])


def shipped_affairs(encoder: "Encoder") -> Affairs | None:
    """The shipped head, or None for an encoder that it was not made with."""
    return Affairs(load_head(FOLDER)) if made_with(FOLDER, base_name(encoder)) else None
