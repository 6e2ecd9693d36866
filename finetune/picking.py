"""Pick the messages most worth labelling next. Knows nothing of tickets; works on vectors and a head's readings.

The least certain messages that are not alone in their corner are split into as many groups as are wanted, and the most
central of each group is picked: what the model does not know, no two of a kind, and typical of others. Without a model,
the groups are of all messages.
Sources: Zhdanov, Diverse mini-batch active learning, 2019; Hacohen et al., Active learning on a budget, ICML 2022.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from rapport.heads import HeadOutput

SHORTLIST = 15  # least certain messages per message wanted
ALONE = 0.05  # share of the messages that have the fewest neighbours: typing errors and junk teach nothing
NEIGHBOURS, COMPARED = 20, 2_000
ITSELF = 0.9999  # cosine from which a neighbour is the row itself or its double


def uncertainty(output: "HeadOutput") -> "np.ndarray":
    """(n,) 0-1: how little the head is sure of its best label, against the second one, and of being in scope."""
    import numpy as np

    ranked = np.sort(output.probabilities, axis=1)
    second = ranked[:, -2] if ranked.shape[1] > 1 else 0.0
    unsure: np.ndarray = np.clip(1.0 - (ranked[:, -1] - second) * output.in_scope, 0.0, 1.0)
    return unsure


def pick(vectors: "np.ndarray", count: int, *, unsure: "np.ndarray | None" = None, seed: int = 0) -> list[int]:
    """At most `count` rows of (n, dim) unit vectors, the least certain first; without `unsure`, of the largest group.

    unsure: (n,) 0-1 from `uncertainty`. Give equal texts once.
    """
    import numpy as np

    rows = np.arange(len(vectors))
    if len(rows) > 2 * NEIGHBOURS:
        crowd = crowding(vectors[rows], seed=seed)
        rows = rows[crowd >= np.quantile(crowd, ALONE)]
    if unsure is not None and len(rows) > count * SHORTLIST:
        rows = np.sort(rows[np.argsort(-unsure[rows], kind="stable")[: count * SHORTLIST]])
    if len(rows) <= count:
        picked, worth = rows, np.ones(len(rows))
    else:
        picked, worth = _central(vectors, rows, count, unsure=unsure, seed=seed)
    order = np.argsort(-(worth if unsure is None else unsure[picked]), kind="stable")
    return [int(row) for row in picked[order]]


def crowding(vectors: "np.ndarray", *, seed: int = 0) -> "np.ndarray":
    """(n,) mean cosine of each row to its nearest neighbours among a sample of the rows."""
    import numpy as np

    random = np.random.default_rng(seed)
    sample = vectors[random.choice(len(vectors), min(COMPARED, len(vectors)), replace=False)]
    near = min(NEIGHBOURS, len(sample) - 1)
    found = []
    for start in range(0, len(vectors), COMPARED):
        cosines = vectors[start : start + COMPARED] @ sample.T
        cosines[cosines > ITSELF] = -1.0
        found.append(np.partition(cosines, -near, axis=1)[:, -near:].mean(axis=1))
    return np.concatenate(found)


def _central(
    vectors: "np.ndarray", rows: "np.ndarray", count: int, *, unsure: "np.ndarray | None", seed: int
) -> tuple["np.ndarray", "np.ndarray"]:
    """The row nearest to the middle of each of `count` groups, and how many rows its group has."""
    import numpy as np
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    weights = None if unsure is None else np.maximum(unsure[rows], 1e-6)
    with threadpool_limits(1):
        model = KMeans(count, n_init=1, random_state=seed).fit(vectors[rows], sample_weight=weights)
    away = ((vectors[rows] - model.cluster_centers_[model.labels_]) ** 2).sum(axis=1)
    groups = [np.flatnonzero(model.labels_ == group) for group in range(count)]
    groups = [group for group in groups if len(group)]
    return (
        rows[np.array([group[away[group].argmin()] for group in groups])],
        np.array([len(group) for group in groups]),
    )
