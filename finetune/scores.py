"""The scores of a calibrated classifier on rows that it was not fitted on. The same numbers on a card and in `eval`."""

from collections.abc import Sequence
from typing import Any

from finetune.calibrate import interval
from finetune.fitting import HeldOut
from rapport.heads import OOS, Head, HeadOutput
from rapport.metrics import (
    accuracy,
    auroc,
    chance_calibration_error,
    confusions,
    coverage_at_error,
    expected_calibration_error,
    macro_f1,
)
from rapport.scope import softmax


def scores_of(head: Head, held_out: HeldOut) -> dict[str, Any]:
    """The scores on held-out rows whose logits are known already."""
    own = len(head.labels)
    scope = head.scope_of(held_out.logits, held_out.near * head.near)
    shares = softmax(held_out.logits[:, :own] / head.temperature)
    return classifier_scores(HeadOutput(head.labels, shares, scope, head.accept), held_out.truth)


def classifier_scores(output: HeadOutput, truth: Sequence[str]) -> dict[str, Any]:
    """accuracy, macro_f1, ece and coverage over in-scope rows; oos_auroc over all; None where it does not apply.

    ece_by_chance: what a classifier with exactly right probabilities shows on as many rows.

    answered: share of all rows that are accepted at the classifier's risk; error_among_answered with its 95% interval;
    an out-of-scope row that is answered is an error.
    """
    import numpy as np

    inside = np.array([label != OOS for label in truth])
    known = [int(row) for row in np.flatnonzero(inside)]
    guesses = [output.best(row)[0] for row in range(len(truth))]
    right = np.array([one == other for one, other in zip(truth, guesses, strict=True)], dtype=bool)
    kept, said = [truth[row] for row in known], [guesses[row] for row in known]
    confidence = output.probabilities[known].max(axis=1)
    answered = output.accepted
    wrong, total = int((answered & ~right).sum()), int(answered.sum())
    return {
        "rows": len(truth),
        "accuracy": accuracy(kept, said) if kept else None,
        "macro_f1": macro_f1(kept, said) if kept else None,
        "ece": expected_calibration_error(confidence, right[known]) if kept else None,
        "ece_by_chance": chance_calibration_error(confidence) if kept else None,
        "coverage_at_5pct_error": coverage_at_error(confidence, right[known]) if kept else None,
        "oos_auroc": auroc(output.in_scope, inside) if 0 < len(kept) < len(truth) else None,
        "answered": total / len(truth) if truth else None,
        "error_among_answered": wrong / total if total else None,
        "error_interval": list(interval(wrong, total)) if total else None,
        "confusions": confusions(kept, said) if kept else [],
    }
