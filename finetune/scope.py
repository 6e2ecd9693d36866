"""Learn what is out of scope without an example of it: leave labels out and see how their rows look to the rest."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.calibrate import OOS_SHARE, Scope, fit_temperature, platt
from finetune.examples import columns_of
from finetune.folds import thinned
from finetune.logistic import Linear, fit_linear
from finetune.vectors import Encoded
from rapport.metrics import auroc
from rapport.scope import nearness, sigmoid, softmax

if TYPE_CHECKING:
    import numpy as np

ROUNDS = 4
LEFT_OUT = 1 / 3  # of the labels in each round
MOST_ROWS = 3000
FEWEST_LABELS = 6
NEAR = (
    1.0  # of the nearest row beside the best logit, in deviations: best by such rounds on the train rows of three sets
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scope, and how sure a classifier would be of rows that no label covers: (m,) best probabilities times scope."""

    scope: Scope
    strange: "np.ndarray"


@dataclass(frozen=True, slots=True)
class _Asked:
    """Held-out rows of one round: scores in deviations, whether the label was known, the best label's probability."""

    scores: "np.ndarray"
    inside: "np.ndarray"
    best: "np.ndarray"


def left_out_scope(
    rows: Encoded, logits: "np.ndarray", near: "np.ndarray", *, strength: float, seed: int
) -> LeftOut | None:
    """A scope for a classifier whose own held-out `logits` (m, L) are all of rows in scope.

    near: (m,) cosine of each of those rows with the nearest row that it was fitted on.
    In each round a third of the labels is left out and a linear head is fitted on the others. The best logit of its
    held-out rows and their nearness, against those of the left-out labels' rows, give the curve, in deviations from
    the mean of the known rows; the curve is then moved to the mean and deviation of `logits` and `near`. Left-out
    labels are the hardest kind of "out of scope": the same shop, another question. None with fewer than six labels.
    """
    import numpy as np

    if len(set(rows.labels)) < FEWEST_LABELS:
        return None
    rows = rows.take(thinned(rows.labels, MOST_ROWS, seed=seed))
    rounds = [_round(rows, strength=strength, seed=seed * 100 + number) for number in range(ROUNDS)]
    scores, inside, best = (
        np.concatenate([getattr(one, name) for one in rounds]) for name in ("scores", "inside", "best")
    )
    if inside.all() or not inside.any():
        return None
    slope, offset = platt(scores, inside, share=1.0 - OOS_SHARE)
    peaks = logits.max(axis=1)
    peak, peaked = float(peaks.mean()), float(peaks.std()) or 1.0
    close, closed = float(near.mean()), float(near.std()) or 1.0
    scope = Scope(
        "near",
        slope / peaked,
        offset - slope * (peak / peaked + NEAR * close / closed),
        auroc(scores, inside),
        near=NEAR * peaked / closed,
    )
    return LeftOut(scope, best[~inside] * sigmoid(slope * scores[~inside] + offset))


def _round(rows: Encoded, *, strength: float, seed: int) -> _Asked:
    chance = random.Random(seed)
    labels = sorted(set(rows.labels))
    left_out = set(chance.sample(labels, max(1, round(len(labels) * LEFT_OUT))))
    held = [row for row, label in enumerate(rows.labels) if label in left_out or chance.random() < 0.25]
    held_set = set(held)
    fitted = rows.take([row for row in range(len(rows)) if row not in held_set])
    linear, asked = fit_linear(fitted, strength=strength), rows.take(held)
    return _asked(linear, fitted, asked)


def _asked(linear: Linear, fitted: Encoded, asked: Encoded) -> _Asked:
    import numpy as np

    inside = np.array([label in linear.labels for label in asked.labels])
    logits, near = linear.logits(asked), nearness(asked.vectors, fitted.vectors)
    peaks = logits.max(axis=1)
    if not inside.any():
        return _Asked(np.zeros(len(asked)), inside, np.zeros(len(asked)))
    truth = columns_of(linear.labels, [label for label in asked.labels if label in linear.labels])
    shares = softmax(logits / fit_temperature(logits[inside], truth))
    scores = _deviations(peaks, inside) + NEAR * _deviations(near, inside)
    return _Asked(scores, inside, shares.max(axis=1))


def _deviations(values: "np.ndarray", inside: "np.ndarray") -> "np.ndarray":
    """How many standard deviations of the rows inside each value lies above their mean."""
    known = values[inside]
    found: np.ndarray = (values - known.mean()) / (float(known.std()) or 1.0)
    return found
