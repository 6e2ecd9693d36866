"""Learn what is out of scope without an example of it: leave labels out and see how their rows look to the rest."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from finetune.calibrate import OOS_SHARE, Scope, platt
from finetune.folds import thinned
from finetune.logistic import fit_linear
from finetune.metrics import auroc
from finetune.vectors import Encoded
from rapport.heads import scope_scores

if TYPE_CHECKING:
    import numpy as np

ROUNDS = 3
LEFT_OUT = 1 / 3  # of the labels in each round
MOST_ROWS = 3000
FEWEST_LABELS = 6


def left_out_scope(rows: Encoded, logits: "np.ndarray", *, strength: float, seed: int) -> Scope | None:
    """A scope for a classifier whose own held-out `logits` (m, L) are all of rows in scope.

    In each round a third of the labels is left out and a linear head is fitted on the others; the best logit of its
    held-out rows against that of the left-out labels' rows, in deviations from the mean of the former, gives the
    curve, which is then moved to the mean and deviation of `logits`. Left-out labels are the hardest kind of "out of
    scope": the same shop, another question. None with fewer than six labels.
    """
    import numpy as np

    if len(set(rows.labels)) < FEWEST_LABELS:
        return None
    rows = rows.take(thinned(rows.labels, MOST_ROWS, seed=seed))
    rounds = [_round(rows, strength=strength, seed=seed * 100 + number) for number in range(ROUNDS)]
    scores = np.concatenate([score for score, _ in rounds])
    inside = np.concatenate([known for _, known in rounds])
    if inside.all() or not inside.any():
        return None
    slope, offset = platt(scores, inside, share=1.0 - OOS_SHARE)
    own = scope_scores(logits, logits.shape[1])["max_logit"]
    spread = float(own.std()) or 1.0
    return Scope("max_logit", slope / spread, offset - slope * float(own.mean()) / spread, auroc(scores, inside))


def _round(rows: Encoded, *, strength: float, seed: int) -> tuple["np.ndarray", "np.ndarray"]:
    """(m,) standardised best logits of the held-out rows, and whether their label was known."""
    import numpy as np

    chance = random.Random(seed)
    labels = sorted(set(rows.labels))
    left_out = set(chance.sample(labels, max(1, round(len(labels) * LEFT_OUT))))
    held = [row for row, label in enumerate(rows.labels) if label in left_out or chance.random() < 0.25]
    held_set = set(held)
    linear = fit_linear(rows.take([row for row in range(len(rows)) if row not in held_set]), strength=strength)
    asked = rows.take(held)
    inside = np.array([label in linear.labels for label in asked.labels])
    best = linear.logits(asked).max(axis=1)
    known: Sequence[float] = best[inside]
    if not len(known):
        return best, inside
    return (best - np.mean(known)) / (float(np.std(known)) or 1.0), inside
