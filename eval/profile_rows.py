"""One measurement of predictors, as it is told: figures beside references in the same run and beside their bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval.report import Bound, missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement: the figures of the model, those of each reference, and what the model must reach.

    cases: rows or customers behind it. seconds: of the training and scoring, or of one training of several.
    """

    name: str
    figures: Mapping[str, Any]
    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    bounds: tuple[Bound, ...] = ()
    cases: int | None = None
    seconds: float | None = None

    def missed(self) -> list[str]:
        """One sentence for each bound that does not hold."""
        return [f"{self.name}: {sentence}" for sentence in missed(self.figures, self.bounds)]

    def as_json(self) -> dict[str, Any]:
        """The row for printing."""
        return {
            "name": self.name,
            "cases": self.cases,
            "seconds": self.seconds,
            "figures": dict(self.figures),
            "references": {name: dict(figures) for name, figures in self.references.items()},
            "bounds": [str(bound) for bound in self.bounds],
        }
