"""How good a classifier or a predictor is, in the field's standard numbers. numpy only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def accuracy(truth: Sequence[str], guesses: Sequence[str]) -> float:
    """Share of rows whose guess is right; raises ValueError where there are none."""
    _same_length(truth, guesses)
    return sum(one == other for one, other in zip(truth, guesses, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], guesses: Sequence[str]) -> float:
    """Mean over the labels that occur in the truth of 2PR / (P + R)."""
    _same_length(truth, guesses)
    total = 0.0
    labels = sorted(set(truth))
    for label in labels:
        hits = sum(one == other == label for one, other in zip(truth, guesses, strict=True))
        said = sum(guess == label for guess in guesses)
        are = sum(one == label for one in truth)
        total += 2 * hits / (said + are)
    return total / len(labels)


def expected_calibration_error(confidences: "np.ndarray", right: "np.ndarray", *, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by rows; 0 is perfect.

    confidences: (n,) in 0-1. right: (n,) booleans. Source: Naeini et al., AAAI 2015; Guo et al., ICML 2017.
    """
    import numpy as np

    if not len(confidences):
        return float("nan")
    places = np.minimum((confidences * bins).astype(int), bins - 1)
    gap = 0.0
    for place in np.unique(places):
        inside = places == place
        gap += inside.mean() * abs(confidences[inside].mean() - right[inside].mean())
    return float(gap)


def chance_calibration_error(confidences: "np.ndarray", *, bins: int = 15, draws: int = 50) -> float:
    """The mean ECE of guesses that are right as often as these confidences say: what chance makes of so few rows.

    confidences: (n,) in 0-1. The draws are seeded.
    """
    import numpy as np

    chance = np.random.default_rng(0)
    found = [
        expected_calibration_error(confidences, chance.random(len(confidences)) < confidences, bins=bins)
        for _ in range(draws)
    ]
    return float(np.mean(found))


def auroc(scores: "np.ndarray", positive: "np.ndarray") -> float:
    """Probability that a positive row scores above a negative one, ties counting half; nan where one side is empty."""
    import numpy as np

    positive = positive.astype(bool)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # mid-ranks, starting at 1
    rank_sum = ranks[places][positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def coverage_at_error(confidences: "np.ndarray", right: "np.ndarray", *, error: float = 0.05) -> float:
    """Largest share of rows that can be answered, most confident first, with at most `error` of them wrong."""
    import numpy as np

    order = np.argsort(-confidences, kind="stable")
    wrong = np.cumsum(~right.astype(bool)[order])
    answered = np.arange(1, len(order) + 1)
    allowed = answered[wrong / answered <= error]
    return float(allowed.max() / len(order)) if len(allowed) else 0.0


def confusions(truth: Sequence[str], guesses: Sequence[str], *, k: int = 10) -> list[tuple[str, str, int]]:
    """The k most frequent mistakes as (true label, guess, rows)."""
    counts: dict[tuple[str, str], int] = {}
    for one, other in zip(truth, guesses, strict=True):
        if one != other:
            counts[one, other] = counts.get((one, other), 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(one, other, rows) for (one, other), rows in ranked[:k]]


def _same_length(truth: Sequence[str], guesses: Sequence[str]) -> None:
    if not truth or len(truth) != len(guesses):
        raise ValueError(f"{len(truth)} labels and {len(guesses)} guesses cannot be compared.")
