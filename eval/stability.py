"""How far numbers or labels of messages have moved from where they were: PSIs and how to read them.

A PSI below 0.1 is steady, to 0.25 watch, above drifted, but never worse than steady where chance alone gives as much
with so few rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rapport.psi import MOVED, MOVING, chance_psi, mean_psi
from rapport.reference import Bins

Reading = Literal["steady", "watch", "drifted"]
READINGS: tuple[Reading, ...] = ("steady", "watch", "drifted")
RARE = 0.01  # labels with a smaller share count as one
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of messages as the model knows them


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One comparison. psi: 0 where nothing changed; chance: what equal sources stay below 99 times in 100."""

    name: str
    psi: float
    chance: float
    reading: Reading
    reference_rows: int
    recent_rows: int


def reading_of(value: float, chance: float) -> Reading:
    """The usual reading of a PSI, but steady where chance gives as much."""
    if value < MOVING or value <= chance:
        return "steady"
    return "watch" if value <= MOVED else "drifted"


def spread_measure(name: str, bins: Sequence[Bins], values: Sequence[np.ndarray], rows: int) -> Measure:
    """Of the mixtures of known and new rows, the nearest counts: customers may write what the model has seen."""
    pairs = list(zip(bins, values, strict=False))  # projections stand for the first columns
    counts = [one.counts(numbers) for one, numbers in pairs]
    tried = []
    for part in MIXTURES:
        mixed = [part * np.asarray(one.known) + (1.0 - part) * np.asarray(one.shares) for one, _ in pairs]
        tried.append((mean_psi(mixed, counts, rows), mixed))
    value, mixed = min(tried, key=lambda one: one[0])
    return _measure(name, value, mixed, int(counts[0].sum()), rows)


def _measure(name: str, value: float, shares: Sequence[np.ndarray], recent: int, rows: int) -> Measure:
    """A PSI with what chance alone gives."""
    chance = chance_psi(shares, rows, recent)
    return Measure(
        name=name,
        psi=value,
        chance=chance,
        reading=reading_of(value, chance),
        reference_rows=rows,
        recent_rows=recent,
    )


def label_measure(trained: Mapping[str, float], guesses: Sequence[str], rows: int) -> Measure:
    """Every label that is not rare, and all rare ones together: their shares in training and of late."""
    common = [label for label, share in trained.items() if share >= RARE]
    place = {label: number for number, label in enumerate(common)}
    shares = np.array([*(trained[label] for label in common), 0.0])
    shares[-1] = max(0.0, 1.0 - shares.sum())
    counts = np.bincount([place.get(guess, len(common)) for guess in guesses], minlength=len(shares))
    value = mean_psi([shares], [counts], rows)
    return _measure("intents", value, [shares], len(guesses), rows)
