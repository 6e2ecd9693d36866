"""Turn scores into probabilities that mean what they say. Fitted on rows that the classifier was not fitted on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapport.metrics import auroc
from rapport.scope import ScopeScore, scope_scores, softmax

if TYPE_CHECKING:
    import numpy as np


# Share of out-of-scope messages that a shop's chat is assumed to get: sending away a customer who has a real question
# costs more than looking for an answer that is not there, which the search then says itself.
OOS_SHARE = 0.2
# What nearness may count beside the margin. A cosine moves by tenths where a logit moves by ones.
NEAR_WEIGHTS = (5.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True, slots=True)
class Scope:
    """How a head tells in scope from out of scope: in_scope = sigmoid(slope * score + offset).


    near: what the cosine with the nearest training row counts in the scores `near` and `beside`.
    """

    score: ScopeScore
    slope: float
    offset: float
    auroc: float
    near: float = 0.0


def fit_temperature(logits: "np.ndarray", truth: "np.ndarray") -> float:
    """The divisor of the logits that makes their softmax most likely on held-out rows.

    logits: (n, L). truth: (n,) column numbers. Searches 0.05 to 20 by golden section on the log scale, where the
    loss has one valley. Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    import numpy as np

    def loss(log_temperature: float) -> float:
        shares = softmax(logits / np.exp(log_temperature))
        return float(-np.log(np.maximum(shares[np.arange(len(truth)), truth], 1e-12)).mean())

    low, high = float(np.log(0.05)), float(np.log(20.0))
    ratio = (5**0.5 - 1) / 2
    while high - low > 1e-3:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def fit_scope(logits: "np.ndarray", labels: int, inside: "np.ndarray") -> Scope:
    """Choose the score that best separates in scope from out of scope, and map it to a probability.

    logits: (n, labels) or (n, labels + 1), the last column scoring out of scope. inside: (n,) booleans.
    The rows are weighed so that OOS_SHARE of them are out of scope, whatever their share in the data.
    Raises ValueError where one class has no row.
    """
    if inside.all() or not inside.any():
        raise ValueError("the rows to calibrate scope on need both in-scope and out-of-scope texts.")
    scores = scope_scores(logits, labels)
    best = max(scores, key=lambda name: auroc(scores[name], inside))
    slope, offset = platt(scores[best], inside, share=1.0 - OOS_SHARE)
    return Scope(best, slope, offset, auroc(scores[best], inside))


def fit_beside(logits: "np.ndarray", labels: int, inside: "np.ndarray", near: "np.ndarray") -> Scope:
    """The same with the score `beside`, by the weight of nearness that separates best, where it does so better.

    near: (n,) how much closer a row in scope lies than one that is not; see `rapport.scope`.
    """
    found = [fit_scope(logits, labels, inside)]
    for weight in NEAR_WEIGHTS:
        score = scope_scores(logits, labels, near=weight * near)["beside"]
        slope, offset = platt(score, inside, share=1.0 - OOS_SHARE)
        found.append(Scope("beside", slope, offset, auroc(score, inside), near=weight))
    return max(found, key=lambda scope: scope.auroc)


def platt(scores: "np.ndarray", positive: "np.ndarray", *, share: float) -> tuple[float, float]:
    """Slope and offset of the logistic curve that maps a score to a probability.

    share: of positive rows where the curve will be used; the rows are weighed to it.
    Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    weights = np.where(positive, share / positive.mean(), (1.0 - share) / (1.0 - positive.mean()))
    curve = LogisticRegression(C=100.0).fit(scores.reshape(-1, 1), positive.astype(int), sample_weight=weights)
    return float(curve.coef_[0, 0]), float(curve.intercept_[0])


def fit_accept(sure: "np.ndarray", right: "np.ndarray", *, risk: float, confidence: float = 0.9) -> float:
    """The lowest threshold on `sure` above which, with this confidence, at most `risk` of the rows are wrong.

    sure: (n,) in 0-1. right: (n,) booleans; an out-of-scope row is never right. Infinity where no threshold is good
    enough: then nothing is answered at that risk. The bound is Clopper and Pearson's upper limit of the error among
    the rows above the threshold. Source: Angelopoulos et al., Learn then Test, 2021 (without its correction for
    trying many thresholds, which the confidence above the usual one stands in for).
    """
    import numpy as np
    from scipy.stats import beta

    order = np.argsort(-sure, kind="stable")
    wrong = np.cumsum(~right[order].astype(bool))
    answered = np.arange(1, len(order) + 1)
    upper = beta.ppf(confidence, wrong + 1, np.maximum(answered - wrong, 1))
    upper[wrong == answered] = 1.0
    last = sure[order] > np.append(sure[order][1:], -1.0)  # a threshold takes all rows of equal value or none
    good = np.flatnonzero((upper <= risk) & last)
    return float(sure[order][good[-1]]) if len(good) else float("inf")


def interval(wrong: int, rows: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's two-sided interval of a share; (0, 1) for no rows."""
    from scipy.stats import beta

    if not rows:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2
    low = float(beta.ppf(tail, wrong, rows - wrong + 1)) if wrong else 0.0
    high = float(beta.ppf(1.0 - tail, wrong + 1, rows - wrong)) if wrong < rows else 1.0
    return low, high
