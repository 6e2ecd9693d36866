"""Multinomial logistic regression on frozen vectors and hashed words. Knows nothing of what the labels mean."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from finetune.examples import columns_of, label_weights
from finetune.vectors import Encoded
from rapport.lexical import PLACES, places, weight
from rapport.scope import softmax

if TYPE_CHECKING:
    import numpy as np

STRENGTHS = (3.0, 10.0, 30.0)  # inverse regularisation; weaker and stronger ones never won on unit vectors


@dataclass(frozen=True, slots=True)
class Linear:
    """A fitted linear map: row i of weights (L, dim), bias (L,) and column i of words (PLACES, L) score labels[i].

    strength: the inverse regularisation that was used.
    """

    labels: tuple[str, ...]
    weights: "np.ndarray"
    bias: "np.ndarray"
    words: "np.ndarray"
    strength: float

    def logits(self, rows: Encoded) -> "np.ndarray":
        """(n, L) scores."""
        scores: np.ndarray = rows.vectors @ self.weights.T + self.bias + word_matrix(rows.texts) @ self.words
        return scores

    def ordered(self, labels: Sequence[str]) -> "Linear":
        """The same map with its labels in another order."""
        import numpy as np

        order = [self.labels.index(label) for label in labels]
        # contiguous: safetensors writes an array's memory as it lies, and columns taken from one lie transposed
        words = np.ascontiguousarray(self.words[:, order])
        return Linear(tuple(labels), self.weights[order], self.bias[order], words, self.strength)


def fit_linear(rows: Encoded, *, strength: float, balanced: bool = True, wordless: bool = False,
               given: "np.ndarray | None" = None) -> Linear:  # fmt: skip
    """Fit by L-BFGS. balanced: a rare label counts more than its share. wordless: on the vectors alone.

    given: (n, L) what something else adds to the logits of the labels, which are in alphabetical order.
    Raises ValueError with fewer than two different labels.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    names = sorted(set(rows.labels))
    if len(names) < 2:
        raise ValueError(f"a classifier needs two labels or more; the rows have {names}.")
    words = csr_matrix((len(rows), PLACES), dtype=np.float32) if wordless else word_matrix(rows.texts)
    truth = columns_of(names, rows.labels)
    counts = np.ones(len(rows), dtype=np.float32) if rows.counts is None else rows.counts
    shares = label_weights(np.bincount(truth, weights=counts).tolist()) if balanced else np.ones(len(names))
    fitted = _solved(rows.vectors, words, truth, (shares[truth] * counts).astype(np.float32), strength, given)
    dim = rows.vectors.shape[1]
    pieces = (fitted[:dim].T, fitted[-1], fitted[dim:-1])
    weights, bias, matrix = (np.ascontiguousarray(piece) for piece in pieces)
    return Linear(tuple(names), weights, bias, matrix, strength)


def _solved(vectors: "np.ndarray", words: Any, truth: "np.ndarray", shares: "np.ndarray", strength: float,
            given: "np.ndarray | None") -> "np.ndarray":  # fmt: skip
    """The (dim + PLACES + 1, L) float32 weights of vectors, words and bias with the least penalised log loss.

    scikit-learn's `LogisticRegression` finds the same, but takes one matrix: vectors written into its sparse one make
    each step four times as long. truth: (n,) columns. shares: (n,) weights of the rows.
    """
    import numpy as np
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    rows, dim, labels = np.arange(len(truth)), vectors.shape[1], int(truth.max()) + 1
    transposed, total = words.T.tocsr(), float(shares.sum())
    # of two labels scikit-learn penalises one row, their log-odds, which counts half as much as the two rows here
    penalty = (2.0 if labels == 2 else 1.0) / (strength * total)
    held_back = np.ones((dim + words.shape[1] + 1, 1), dtype=np.float32)
    held_back[-1] = 0.0  # the bias is free

    def loss(flat: "np.ndarray") -> "tuple[float, np.ndarray]":
        map_ = flat.astype(np.float32).reshape(-1, labels)
        scores = vectors @ map_[:dim] + words @ map_[dim:-1] + map_[-1] + (0.0 if given is None else given)
        scores -= scores.max(axis=1, keepdims=True)
        right = scores[rows, truth]
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1)
        value = float((shares * (np.log(sums) - right)).sum()) / total
        scores /= sums[:, None]
        scores[rows, truth] -= 1.0
        scores *= (shares / total)[:, None]
        slope = np.concatenate([vectors.T @ scores, transposed @ scores, scores.sum(axis=0)[None]])
        kept = map_ * held_back
        slope += penalty * kept
        return value + 0.5 * penalty * float((kept * kept).sum()), slope.ravel().astype(np.float64)

    start = np.zeros((dim + words.shape[1] + 1) * labels)
    options = {"maxiter": 300, "maxls": 50, "gtol": 1e-4, "ftol": 64 * float(np.finfo(np.float64).eps)}
    with threadpool_limits(1):  # the products are small; threads cost more than they bring, above all on a busy machine
        found = minimize(loss, start, method="L-BFGS-B", jac=True, options=options).x
    solved: np.ndarray = found.reshape(-1, labels).astype(np.float32)
    return solved


class Fit(Protocol):
    """A way to fit a linear map, such as `fit_linear`."""

    def __call__(self, rows: Encoded, *, strength: float, balanced: bool) -> Linear: ...


def choose_linear(
    train: Encoded, dev: Encoded, *, strengths: Sequence[float], balanced: bool = True, fit: Fit = fit_linear
) -> Linear:
    """Fit once per strength and keep the one with the least log loss on dev at its own best temperature."""
    fitted = [fit(train, strength=strength, balanced=balanced) for strength in strengths]
    return min(fitted, key=lambda linear: _dev_loss(linear, dev))


def word_matrix(texts: Sequence[str]) -> Any:
    """(n, PLACES) sparse float32: each text's hashed words, as `rapport.heads.Head` reads them."""
    import numpy as np
    from scipy.sparse import csr_matrix

    found = [_places(text) for text in texts]
    starts = np.cumsum([0, *(len(row) for row in found)])
    columns = np.fromiter((place for row in found for place in row), dtype=np.int32, count=int(starts[-1]))
    lengths = [len(row) for row in found]
    values = np.repeat(np.array([weight(length) for length in lengths], dtype=np.float32), lengths)
    return csr_matrix((values, columns, starts), shape=(len(texts), PLACES), dtype=np.float32)


@functools.lru_cache(maxsize=100_000)
def _places(text: str) -> tuple[int, ...]:
    """`places`, remembered: one training fits on the same texts many times."""
    return places(text)


def _dev_loss(linear: Linear, dev: Encoded) -> float:
    import numpy as np

    from finetune.calibrate import fit_temperature

    place = {label: column for column, label in enumerate(linear.labels)}
    kept = [row for row, label in enumerate(dev.labels) if label in place]
    truth = np.array([place[dev.labels[row]] for row in kept])
    logits = linear.logits(dev)[kept]
    shares = softmax(logits / fit_temperature(logits, truth))
    return float(-np.log(np.maximum(shares[np.arange(len(truth)), truth], 1e-12)).mean())
