"""What is fitted to a company's own records when an index is built, as plain numbers.

How the numbers are chosen is in `retrieval.weights` and `retrieval.answerable`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapport.errors import CorruptArtifact

TYPICAL_TERMS = 8


@dataclass(frozen=True, slots=True)
class Curve:
    """The share of meaning (cosine) in the fused score, 0-1, by the number of terms in the question.

    level: logit of the share for TYPICAL_TERMS terms. fall: how much the logit falls each time the terms are e-fold.
    """

    level: float = 0.5
    fall: float = 0.9

    def share(self, terms: int) -> float:
        """The dense share for a question of so many terms; the rest is the words'."""
        logit = self.level - self.fall * math.log(max(1, terms) / TYPICAL_TERMS)
        return 1 / (1 + math.exp(-logit))


def pooled(collection: str) -> str:
    """The name under which a kind's small collections share one curve."""
    return f"{collection.partition('/')[0]}/*"


@dataclass(frozen=True, slots=True)
class Tuning:
    """curves: per collection ("articles/help"), how meaning and words are fused. A collection that is not there takes
    that of its kind's small ones ("articles/*"), or the default.

    answerable: weights of a logistic regression over `retrieval.answerable.NAMES`, the bias last.
    """

    answerable: tuple[float, ...]
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def curve(self, collection: str) -> Curve:
        """How a collection is fused."""
        return self.curves.get(collection) or self.curves.get(pooled(collection)) or Curve()

    def probability(self, evidence: Sequence[float]) -> float:
        """Calibrated probability that a question with this evidence is answered, 0-1."""
        *weights, bias = self.answerable
        logit = bias + sum(weight * value for weight, value in zip(weights, evidence, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))

    def to_json(self) -> dict[str, Any]:
        """Plain values for the index's card."""
        curves = {name: [curve.level, curve.fall] for name, curve in self.curves.items()}
        return {"curves": curves, "answerable": list(self.answerable)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Tuning":
        """Raises CorruptArtifact."""
        try:
            curves = {name: Curve(float(level), float(fall)) for name, (level, fall) in values["curves"].items()}
            return cls(tuple(map(float, values["answerable"])), curves)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptArtifact(f"the index's tuning is not readable ({error}).") from error
