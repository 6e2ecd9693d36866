"""Bounds that a measurement must meet, and how a result is told. Knows nothing of what is measured."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The least or the most that a figure may be. A figure of None was not measured and misses nothing."""

    name: str
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        parts = [f">= {self.least:g}"] if self.least is not None else []
        parts += [f"<= {self.most:g}"] if self.most is not None else []
        return f"{self.name} {' and '.join(parts)}"

    def holds(self, value: float | None) -> bool:
        """Whether a figure meets the bound; NaN never does."""
        if value is None:
            return True
        if math.isnan(value):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def missed(figures: Mapping[str, float | None], bounds: Sequence[Bound]) -> list[str]:
    """One sentence for each bound that does not hold, in the order of the bounds.

    Raises KeyError where a bound names a figure that is absent: a bound must never pass by a misspelling.
    """
    return [
        f"{bound.name} is {figures[bound.name]:g}; it must be {str(bound).removeprefix(bound.name).strip()}"
        for bound in bounds
        if not bound.holds(figures[bound.name])
    ]


def rounded(value: Any, digits: int = 4) -> Any:
    """The same mapping, list or number with its floats rounded, for printing."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, Mapping):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one figure: the median and the middle half."""

    median: float
    low: float
    high: float
    n: int


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles (nearest rank). Raises ValueError for no values."""
    if not values:
        raise ValueError("no measurements")
    ordered = sorted(values)
    return Spread(_rank(ordered, 0.5), _rank(ordered, 0.25), _rank(ordered, 0.75), len(ordered))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
