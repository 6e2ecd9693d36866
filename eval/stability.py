"""How far numbers or labels have moved from where they were: population stability indices and how to read them.

A PSI below 0.1 is steady, to 0.25 watch, above drifted, but never worse than steady where chance alone gives as much
with so few rows. Source of the thresholds: Siddiqi, Credit Risk Scorecards, 2006.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rapport.reference import Bins

Reading = Literal["steady", "watch", "drifted"]
READINGS: tuple[Reading, ...] = ("steady", "watch", "drifted")
WATCH, DRIFTED = 0.1, 0.25
RARE = 0.01  # labels with a smaller share count as one
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of messages as the model knows them
TRIALS, SURE = 400, 0.99  # draws that say what chance gives; share of them below


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One comparison. psi: 0 where nothing changed; chance: what equal sources stay below 99 times in 100."""

    name: str
    psi: float
    chance: float
    reading: Reading
    reference_rows: int
    recent_rows: int


def psi(expected: Sequence[float] | np.ndarray, actual: Sequence[float] | np.ndarray) -> float:
    """The population stability index of two lists of shares: the sum of (a - e) * ln(a / e).

    Raises ValueError where the lists differ in length or a share is not positive.
    """
    one, other = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if one.shape != other.shape or (one <= 0).any() or (other <= 0).any():
        raise ValueError("psi needs two lists of as many positive shares.")
    return float(((other - one) * np.log(other / one)).sum())


def smoothed(counts: np.ndarray) -> np.ndarray:
    """Counts as positive shares: half a row is added to each."""
    shares: np.ndarray = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares


def reading_of(value: float, chance: float) -> Reading:
    """The usual reading of a PSI, but steady where chance gives as much."""
    if value < WATCH or value <= chance:
        return "steady"
    return "watch" if value <= DRIFTED else "drifted"


def spread_measure(name: str, bins: Sequence[Bins], values: Sequence[np.ndarray], rows: int) -> Measure:
    """Of the mixtures of known and new rows, the nearest counts: customers may write what the model has seen."""
    pairs = list(zip(bins, values, strict=False))  # projections stand for the first columns
    counts = [one.counts(numbers) for one, numbers in pairs]
    tried = []
    for part in MIXTURES:
        mixed = [part * np.asarray(one.known) + (1.0 - part) * np.asarray(one.shares) for one, _ in pairs]
        tried.append((_mean_psi(mixed, counts, rows), mixed))
    value, mixed = min(tried, key=lambda one: one[0])
    return _measure(name, value, mixed, int(counts[0].sum()), rows)


def _mean_psi(shares: Sequence[np.ndarray], counts: Sequence[np.ndarray], rows: int) -> float:
    """The mean PSI of several comparisons, where each reference was counted on so many rows."""
    pairs = zip(shares, counts, strict=True)
    return float(np.mean([psi(smoothed(old * rows), smoothed(new)) for old, new in pairs]))


def _measure(name: str, value: float, shares: Sequence[np.ndarray], recent: int, rows: int) -> Measure:
    """A PSI with what chance alone gives: both sides are drawn anew from the reference's shares."""
    random = np.random.default_rng(0)
    alike = [smoothed(one * rows) for one in shares]
    drawn = [
        _mean_psi(
            [random.multinomial(rows, one) / rows for one in alike],
            [random.multinomial(recent, one) for one in alike],
            rows,
        )
        for _ in range(TRIALS)
    ]
    chance = float(np.quantile(drawn, SURE))
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
    value = _mean_psi([shares], [counts], rows)
    return _measure("intents", value, [shares], len(guesses), rows)
