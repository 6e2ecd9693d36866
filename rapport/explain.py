"""Say which words of a text pushed a classifier to a label, and how much.

A weight is what a word adds to the log-odds of the label against its closest rival: 0.7 doubles the odds, -0.7 halves
them. The encoder's part is found by integrated gradients; that of the hashed words is linear, so their own weights are
exact. Both add up to the difference between the text and a text without words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from rapport.aligned import Word, words_of
from rapport.classifiers import Classifier, Suite
from rapport.encoders import MAX_CHARS
from rapport.errors import NotFound, UserError
from rapport.gradients import Gradients, Span
from rapport.heads import OOS, HeadOutput
from rapport.lexical import occurrences, weight

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

LISTED = 12  # labels that an error names


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word of the text, at start to end in it, and what it adds to the log-odds."""

    word: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why `label` rather than `against`.

    probability: of the label. against: the most probable of the other labels. words: all of the text's, in its order.
    total: what the words add together. blank: the log-odds of a text without words; with `total`, those of the text.
    unread: how many words at the end lie beyond the encoder's window, and count by their letters alone.
    """

    label: str
    probability: float
    against: str
    words: tuple[WordWeight, ...]
    total: float
    blank: float
    unread: int

    def as_json(self) -> dict[str, Any]:
        """The explanation as JSON values, rounded."""
        return {
            "label": self.label,
            "probability": round(self.probability, 4),
            "against": self.against,
            "words": [{**asdict(word), "weight": round(word.weight, 4)} for word in self.words],
            "total": round(self.total, 4),
        }


class Explainer:
    """Explains the predictions of one classifier. See `Gradients` for what it raises."""

    def __init__(self, encoder: "Encoder", classifier: Classifier) -> None:
        self._suite = Suite(encoder, {"it": classifier})
        self._gradients = Gradients(encoder, classifier)
        self._head = classifier.head
        self._names = (*self._head.labels, *([OOS] if self._head.has_oos_row else []))

    def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """Weigh the words of a text for the label predicted, or for another one that is named.

        The label "oos" tells what makes a text look out of scope, where the classifier has learnt from such rows: its
        logit against the best label's, while its probability is one less `in_scope`.
        Raises UserError for a text without words or beyond MAX_CHARS, NotFound for a label that it does not have.
        """
        import numpy as np

        if len(text) > MAX_CHARS:
            raise UserError(f"the text has {len(text):,} characters.", hint=f"Give at most {MAX_CHARS:,}.")
        masked, words = words_of(text)
        if not words:
            raise UserError("there is no text to explain.", hint="Give a few words.")
        shares = _shares(self._suite.read([masked]).outputs["it"])
        own = range(len(self._head.labels))
        column = self._column(label) if label is not None else max(own, key=lambda one: shares[one])
        rival = max((one for one in own if one != column), key=lambda one: shares[one])
        weighed = self._gradients.weigh(masked, self._difference(np.eye(len(self._names)), column, rival))
        hashed = list(self._hashed(masked, column, rival))
        weights = _per_word(words, len(masked), [*weighed.parts, *hashed])
        end = max(span[1] for span, _ in weighed.parts)
        return Explanation(
            label=self._names[column],
            probability=float(shares[column]),
            against=self._names[rival],
            words=tuple(
                WordWeight(word.text, word.start, word.end, value) for word, value in zip(words, weights, strict=True)
            ),
            total=weighed.value - weighed.blank + sum(value for _, value in hashed),
            blank=weighed.blank + float(self._difference(self._head.bias[None], column, rival)[0]),
            unread=sum(word.inside[0] >= end for word in words),
        )

    def _difference(self, columns: "np.ndarray", column: int, rival: int) -> "np.ndarray":
        """One column less the other, in log-odds."""
        difference: np.ndarray = (columns[:, column] - columns[:, rival]) / self._head.temperature
        return difference

    def _hashed(self, masked: str, column: int, rival: int) -> Iterator[tuple[Span, float]]:
        """What the hashed words add: a place's weight goes in equal parts to the features on it, and to their words."""
        if self._head.words is None:
            return
        found = occurrences(masked)
        values = weight(len(found)) * self._difference(self._head.words[list(found)], column, rival)
        for features, value in zip(found.values(), values.tolist(), strict=True):
            for spans in features:
                for span in spans:
                    yield span, value / len(features) / len(spans)

    def _column(self, label: str) -> int:
        if label in self._names:
            return self._names.index(label)
        near = get_close_matches(label, self._names, n=1, cutoff=0.5)
        listed = ", ".join(self._names[:LISTED])
        more = f" and {len(self._names) - LISTED} more" if len(self._names) > LISTED else ""
        raise NotFound(
            f"model '{self._head.name}' has no label '{label}'.",
            hint=f"Did you mean '{near[0]}'?" if near else f"Give one of: {listed}{more}.",
        )


def _shares(output: HeadOutput) -> "np.ndarray":
    """The probabilities of the labels, and last of out of scope."""
    import numpy as np

    return np.append(output.probabilities[0], 1.0 - output.in_scope[0])


def _per_word(words: Sequence[Word], length: int, parts: Sequence[tuple[Span, float]]) -> list[float]:
    """Sum what parts of the masked text add for each word; a part that touches several is divided by letters."""
    owners: list[int | None] = [None] * length
    for number, word in enumerate(words):
        owners[slice(*word.inside)] = [number] * (word.inside[1] - word.inside[0])
    weights = [0.0] * len(words)
    for (start, end), value in parts:
        found = [owner for owner in owners[start:end] if owner is not None]
        for owner in found:
            weights[owner] += value / len(found)
    return weights
