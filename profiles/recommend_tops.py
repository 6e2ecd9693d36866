"""The first of many scores, and how good they are. Knows nothing of where the scores come from."""

from collections.abc import Callable

import numpy as np

from profiles.recommend_baskets import Baskets
from profiles.recommend_holdout import Try

AT_ONCE = 256  # customers whose scores of all products are in memory together


def ranked(scores: np.ndarray, k: int) -> np.ndarray:
    """(n, at most k) the columns of the highest scores, best first; of equal ones the first."""
    k = min(k, scores.shape[1])
    if k <= 0:
        return np.zeros((len(scores), 0), int)
    edge = -np.partition(-scores, k - 1, axis=1)[:, k - 1]
    best = np.empty((len(scores), k), int)
    for row, (line, least) in enumerate(zip(scores, edge, strict=True)):
        places = np.flatnonzero(line >= least)
        best[row] = places[np.argsort(-line[places], kind="stable")[:k]]
    return best


def measure_tops(score: Callable[[Baskets], np.ndarray], held: Try, k: int = 10) -> dict[str, float]:
    """recall@k, the mean share of what was taken that stands in the first k, and hit@k, whether any does."""
    shares, hits = [], []
    for start in range(0, len(held.asked), AT_ONCE):
        places = held.asked[start : start + AT_ONCE]
        taken = held.taken[start : start + len(places)].toarray() > 0
        found = np.take_along_axis(taken, ranked(score(held.known.of(places)), k), axis=1).sum(axis=1)
        shares.append(found / np.maximum(taken.sum(axis=1), 1))
        hits.append(found > 0)
    if not shares:
        return {}
    return {f"recall_at_{k}": float(np.concatenate(shares).mean()), f"hit_at_{k}": float(np.concatenate(hits).mean())}
