"""Let messages without labels teach: a classifier labels them, and its linear map learns from those that it is sure of.

The trained layers stay as they are. With few rows a label the map learns words that people use and the rows lack.
Whoever calls sees to it that held-out rows have no part in what labels them.
Source: Lee, Pseudo-label, ICML workshop 2013.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.logistic import Fit, Linear
from finetune.parts import Layers
from finetune.vectors import Encoded
from rapport.heads import Head
from rapport.scope import softmax

if TYPE_CHECKING:
    import numpy as np

SURE = 0.5  # chosen on train rows of banking77 that are no shots; 0.7 differs little, 0.9 and 0.0 teach less


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlabelled:
    """Messages without labels and how sure a classifier is of its labels for them.

    rows: their labels are empty. head: its temperature and scope are those of the classifier that labels. labels: with
    the out-of-scope one last. blend: what the linear map counts beside the layers.
    """

    rows: Encoded
    head: Head
    labels: tuple[str, ...]
    blend: float

    def refitted(
        self, taught: Encoded, near: "np.ndarray", parts: tuple[Linear, Layers | None], *, fit: Fit, balanced: bool
    ) -> Linear:
        """The linear map, fitted on the rows that taught the parts and on the messages that these are sure of.

        near: (n,) closeness of the messages to those rows.
        """
        linear, layers = parts
        return fit(taught.plus(self._guessed(linear, layers, near)), strength=linear.strength, balanced=balanced)

    def _guessed(self, linear: Linear, layers: Layers | None, near: "np.ndarray") -> Encoded:
        """The messages whose label is likely and in scope, with it."""
        import numpy as np

        logits = self.blend * scored(linear, self.rows, self.labels)
        if layers is not None:
            logits = logits + layers.logits(self.rows.texts)
        shares = softmax(logits[:, : len(self.head.labels)] / self.head.temperature)
        sure = shares.max(axis=1) * self.head.scope_of(logits, near * self.head.near)
        kept = np.flatnonzero(sure >= SURE).tolist()
        rows, best = self.rows.take(kept), shares.argmax(axis=1)
        return Encoded(rows.texts, rows.vectors, tuple(self.head.labels[best[row]] for row in kept))


def scored(linear: Linear, rows: Encoded, labels: Sequence[str]) -> "np.ndarray":
    """(n, L) scores in the order of `labels`; one that the map does not know is as good as impossible."""
    import numpy as np

    scores = np.full((len(rows), len(labels)), -30.0, dtype=np.float32)
    scores[:, [labels.index(label) for label in linear.labels]] = linear.logits(rows)
    return scores
