"""The probability that what was found answers the question, so that the agent can abstain.

A logistic regression over two numbers that mean the same for every company and every length of question: the
highest cosine, and the share of the question's words that the best passage has. The default weights are fitted to
the dev split of the sample company's questions (with and without an answer); `fit` makes them anew.
"""

from collections.abc import Sequence

import numpy as np

from retrieval.shelf import Candidates

NAMES = ("cosine", "words")
WEIGHTS = (10.07, 7.70, -5.87)  # one for each of NAMES, then the bias


def evidence(found: Sequence[Candidates]) -> tuple[float, ...]:
    """One number for each of NAMES, from what every part of the index had to offer (at least one row)."""
    best = max(found, key=lambda part: float(part.fused.max()))
    return max(float(part.cosine.max()) for part in found), float(best.words[best.fused.argmax()])


def fit(evidences: Sequence[Sequence[float]], answered: Sequence[bool]) -> tuple[float, ...]:
    """Weights for `Tuning.answerable`. answered: whether a passage found for the question does answer it."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, max_iter=1000).fit(np.array(evidences), np.array(answered))
    return (*map(float, model.coef_[0]), float(model.intercept_[0]))
