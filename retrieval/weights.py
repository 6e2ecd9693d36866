"""Choose how meaning and words are fused in a collection, from trials made of the collection itself.

The choice sees no question of any test: only `retrieval.trials`. The dense share is a curve over the length of the
question, because the encoder reads the first 256 tokens and averages all subjects of a long message into one point.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple
from types import MappingProxyType
from typing import Any

import numpy as np

from retrieval.chunks import context_of
from retrieval.content import Content
from retrieval.embed import Encoder
from retrieval.terms import analyzer
from retrieval.trials import LEAST, Corpus, Trial, cloze_trials
from retrieval.tuning import Curve, pooled

log = logging.getLogger(__name__)
FITTED = ("articles", "products")
_LARGE = 200  # passages from which on a collection has a curve of its own
_SAME = 0.9
_MOST = 20_000  # passages of a collection that the fitting looks at

_SHARES = np.array([0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
_LEVELS = np.arange(-3.0, 3.01, 0.25)
_FALLS = np.arange(0.0, 1.81, 0.15)


def choose_curves(
    content: Content,
    *,
    encoder: Encoder,
    split: Callable[[str], list[str]],
    before: Mapping[str, Curve] = MappingProxyType({}),
    known: Collection[str] = frozenset(),
) -> dict[str, Curve]:
    """The curve of each collection of articles and products; orders and tickets take the default.

    Somebody who asks about an order names it, and the search of old tickets is for staff: neither reads like the
    sentences of its own passages. before, known: curves that were chosen before, and the digests of the rows that
    they were chosen from; they are kept where nearly all rows are the same.
    """
    curves = {}
    for name, numbers in _groups(content).items():
        same = sum(content.rows[number].digest in known for number in numbers)
        if name in before and same >= _SAME * len(numbers):
            curves[name] = before[name]
            continue
        trials = cloze_trials(_corpus(content, numbers[:_MOST]), encoder=encoder, analyze=analyzer(), split=split)
        curves[name] = choose_curve(trials)
        log.info("collection %s: %d trials, level %.2f, fall %.2f", name, len(trials), *astuple(curves[name]))
    return curves


def _groups(content: Content) -> dict[str, list[int]]:
    """Row numbers by collection; the small collections of a kind are taken together."""
    sizes = Counter(row.collection for row in content.rows)
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(content.rows):
        if row.passage.kind in FITTED:
            name = row.collection if sizes[row.collection] >= _LARGE else pooled(row.collection)
            groups.setdefault(name, []).append(number)
    return groups


def _corpus(content: Content, numbers: list[int]) -> Corpus:
    passages = [content.rows[number].passage for number in numbers]
    return Corpus(
        texts=[passage.text for passage in passages],
        contexts=[context_of(passage.title, passage.heading) for passage in passages],
        vectors=content.vectors[numbers],
        counters=content.counts.take(numbers).counters(),
    )


def choose_curve(trials: Sequence[Trial]) -> Curve:
    """The curve nearest to the default among those that the trials cannot tell from the best.

    That is: whose mean loss against the best is at most its standard error, so that few trials do not move it far.
    """
    if len(trials) < LEAST:
        return Curve()
    gains = np.stack([gain(trial) for trial in trials])
    lengths = [trial.terms for trial in trials]
    curves = [Curve(level, fall) for level in _LEVELS.tolist() for fall in _FALLS.tolist()]
    values = np.stack([_at(gains, np.array([curve.share(length) for length in lengths])) for curve in curves])
    weights = _even(lengths)
    lost = values[(values @ weights).argmax()] - values  # (curves, trials)
    mean = lost @ weights
    error = np.sqrt(((lost - mean[:, None]) ** 2) @ weights**2)
    default = Curve()
    far = [abs(curve.level - default.level) + abs(curve.fall - default.fall) for curve in curves]
    as_good = np.flatnonzero(mean <= error)
    return curves[min(as_good.tolist(), key=lambda number: (far[number], mean[number]))]


def gain(trial: Trial, *, depth: int = 10) -> Any:
    """(len(_SHARES),) what each share gains: the mean of reciprocal rank and recall, both at 10."""
    found = np.zeros(len(_SHARES))
    for number, share in enumerate(_SHARES.tolist()):
        fused = share * trial.cosine + (1 - share) * trial.words
        right = trial.right[np.argsort(-fused, kind="stable")[:depth]]
        if right.any():
            recall = right.sum() / min(depth, trial.wanted)
            found[number] = (1 / (1 + int(right.argmax())) + recall) / 2
    return found


def _at(gains: Any, shares: Any) -> Any:
    """(trials,) the gain of each trial at its own share, between the grid's points linearly."""
    upper = np.clip(np.searchsorted(_SHARES, shares), 1, len(_SHARES) - 1)
    low, high = _SHARES[upper - 1], _SHARES[upper]
    part = (shares - low) / (high - low)
    rows = np.arange(len(gains))
    return gains[rows, upper - 1] * (1 - part) + gains[rows, upper] * part


def _even(lengths: Sequence[int]) -> Any:
    """Weights that sum to 1 and give each doubling of the length the same say."""
    octaves = np.log2(np.maximum(1, lengths)).astype(int)
    sizes = np.bincount(octaves)
    weights = 1 / np.maximum(sizes[octaves], LEAST)
    return weights / weights.sum()
