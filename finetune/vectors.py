"""Encode labelled texts, each once. The texts are masked as they are when a turn is understood."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from finetune.examples import Labelled
from rapport.text import mask

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder


@dataclass(frozen=True, slots=True)
class Encoded:
    """n labelled texts ready to fit on. texts: masked. vectors: (n, dim) float32 unit rows, in the same order.

    counts: (n,) float32, how much each row counts in a fit; None: all alike.
    """

    texts: tuple[str, ...]
    vectors: "np.ndarray"
    labels: tuple[str, ...]
    counts: "np.ndarray | None" = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> "Encoded":
        """The rows at these places."""
        places = list(rows)
        texts, labels = (tuple(column[row] for row in places) for column in (self.texts, self.labels))
        return Encoded(texts, self.vectors[places], labels, None if self.counts is None else self.counts[places])

    def counted(self, labels: Sequence[str]) -> "Encoded":
        """Each text once with each of its labels that is among `labels`, at its first place, and how often it has it.

        The counts have mean 1, so that a fit is regularised as by so many different texts.
        """
        import numpy as np

        times: Counter[tuple[str, str]] = Counter()
        first: dict[tuple[str, str], int] = {}
        for row, (text, label) in enumerate(zip(self.texts, self.labels, strict=True)):
            if label in labels:
                times[text.casefold(), label] += 1
                first.setdefault((text.casefold(), label), row)
        counts = np.array([times[pair] for pair in first], dtype=np.float32)
        return replace(self.take(list(first.values())), counts=counts / counts.mean())

    def settled(self) -> "Encoded":
        """Each text once, at its first place and with its most frequent label; left out where its labels are even."""
        labels: dict[str, Counter[str]] = defaultdict(Counter)
        first: dict[str, int] = {}
        for row, (text, label) in enumerate(zip(self.texts, self.labels, strict=True)):
            key = text.casefold()
            labels[key][label] += 1
            first.setdefault(key, row)
        best = {key: votes.most_common(2) for key, votes in labels.items()}
        kept = [key for key, votes in best.items() if len(votes) == 1 or votes[0][1] > votes[1][1]]
        rows = self.take([first[key] for key in kept])
        return Encoded(rows.texts, rows.vectors, tuple(best[key][0][0] for key in kept))

    @staticmethod
    def none(cache: "VectorCache") -> "Encoded":
        """No rows."""
        return cache.of(())

    def plus(self, other: "Encoded") -> "Encoded":
        """These rows, then the other ones."""
        import numpy as np

        counts = None
        if self.counts is not None or other.counts is not None:
            alike = [np.ones(len(one), dtype=np.float32) if one.counts is None else one.counts for one in (self, other)]
            counts = np.concatenate(alike)
        return Encoded(
            self.texts + other.texts, np.concatenate([self.vectors, other.vectors]), self.labels + other.labels, counts
        )


class VectorCache:
    """Vectors by masked text, however many tasks use them."""

    def __init__(self, encoder: "Encoder") -> None:
        self.encoder = encoder
        self._rows: dict[str, np.ndarray] = {}

    def of(self, rows: Sequence[Labelled]) -> Encoded:
        """The rows, masked and encoded."""
        import numpy as np

        texts = tuple(mask(row.text) for row in rows)
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self.encoder.encode(new), strict=True))
        empty = np.zeros((0, self.encoder.dim), dtype=np.float32)
        vectors = np.stack([self._rows[text] for text in texts]) if texts else empty
        return Encoded(texts, vectors, tuple(row.label for row in rows))
