"""Group texts that ask for the same, without any label. Knows nothing of tickets, names or files.

Vectors go through PCA to 32 dimensions, then HDBSCAN finds dense groups and leaves the rest. Chosen on the training
parts of public sets and on the sample company's tickets: among what is grouped, this agreed best with the known intents
(adjusted Rand index), ahead of k-means and of agglomerative clusters with any number of groups or distance.
Source: Campello, Moulavi and Sander, Density-Based Clustering Based on Hierarchical Density Estimates, PAKDD 2013.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapport.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

LEAST = 20  # different texts
FIT_ON = 10_000  # texts that groups are found on; HDBSCAN's time grows with their square
AT_ONCE = 2_000  # texts encoded at a time, so that memory holds few vectors of full width
DIMS = 32
NEIGHBOURS = 3  # texts that make a place dense
EDGE = 0.1  # share of a group's own texts beyond its reach

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Clusters:
    """Groups of n texts. group: (n,) from 0, -1 where a text fits none. near: (n,) cosine to its group's centre.

    count: how many groups. different: how many of the texts are. fitted_on: how many of those the groups come from.
    """

    group: "np.ndarray"
    near: "np.ndarray"
    count: int
    different: int
    fitted_on: int

    def members(self, group: int) -> "np.ndarray":
        """The places of a group's texts, the nearest to its centre first."""
        import numpy as np

        inside: np.ndarray = np.flatnonzero(self.group == group)
        return inside[np.argsort(-self.near[inside], kind="stable")]


def find_clusters(
    texts: Sequence[str], encoder: "Encoder", *, fit_on: int = FIT_ON, seed: int = 0, progress: Progress | None = None
) -> Clusters:
    """Group the texts; equal ones count once for finding groups. The largest group is number 0.

    Above `fit_on` different texts, the groups are found on a random sample and the others join the nearest centre,
    as far as the group reaches. progress: is told how many of how many texts are encoded.
    Raises UserError with fewer than 20 different texts.
    """
    import numpy as np

    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    distinct = list(places)
    if len(distinct) < LEAST:
        raise UserError(
            f"there are {len(texts):,} texts to group, {len(distinct):,} of them different; {LEAST} are needed.",
            hint="Import more tickets, or label these by hand: rapport tickets label",
        )
    order = np.random.default_rng(seed).permutation(len(distinct)) if len(distinct) > fit_on else None
    chosen = np.sort(order[:fit_on]) if order is not None else np.arange(len(distinct))
    tell = progress or (lambda done, total: None)
    space, points = _space(_encode([distinct[place] for place in chosen], encoder, tell, len(distinct)))
    dense = _dense(points)
    groups = _Groups.around(points, dense)
    group, near = np.full(len(distinct), -1), np.zeros(len(distinct))
    group[chosen], near[chosen] = groups.join(points, dense)
    rest = np.setdiff1d(np.arange(len(distinct)), chosen, assume_unique=True)
    for start in range(0, len(rest), AT_ONCE):
        some = rest[start : start + AT_ONCE]
        group[some], near[some] = groups.join(space(encoder.encode([distinct[place] for place in some])))
        tell(len(chosen) + start + len(some), len(distinct))
    rows = np.fromiter((places[text] for text in texts), dtype=np.int64, count=len(texts))
    return _by_size(Clusters(group[rows], near[rows], groups.count, len(distinct), len(chosen)))


@dataclass(frozen=True, slots=True)
class _Groups:
    """Centres, (count, dims) unit rows, and the least cosine to each that still belongs to it."""

    centres: "np.ndarray"
    reach: "np.ndarray"

    @property
    def count(self) -> int:
        return len(self.centres)

    @classmethod
    def around(cls, points: "np.ndarray", labels: "np.ndarray") -> "_Groups":
        import numpy as np

        centres = np.array([points[labels == one].mean(axis=0) for one in range(labels.max() + 1)])
        if not len(centres):
            return cls(np.zeros((0, points.shape[1])), np.zeros(0))
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        reach = [np.quantile(points[labels == one] @ centres[one], EDGE) for one in range(len(centres))]
        return cls(centres, np.array(reach))

    def join(self, points: "np.ndarray", known: "np.ndarray | None" = None) -> tuple["np.ndarray", "np.ndarray"]:
        """The group of each point, -1 beyond the reach of its nearest centre, and the cosine to the group's centre.

        known: groups that are settled already; points with -1 there are joined.
        """
        import numpy as np

        if not self.count:
            return np.full(len(points), -1), np.zeros(len(points))
        cosines = points @ self.centres.T
        nearest = cosines.argmax(axis=1)
        if known is not None:
            nearest = np.where(known >= 0, known, nearest)
        near = cosines[np.arange(len(points)), nearest]
        inside = near >= self.reach[nearest]
        return np.where(inside if known is None else inside | (known >= 0), nearest, -1), near


def _dense(points: "np.ndarray") -> "np.ndarray":
    """HDBSCAN's group of each point, -1 for noise.

    A group of more than half of the points is two languages or a mood, not an intent: then the finest groups are
    taken instead.
    """
    import numpy as np
    from sklearn.cluster import HDBSCAN

    size = max(NEIGHBOURS, round(len(points) ** 0.5 / 5))  # 3 of 225 texts, 8 of 1,500, 20 of 10,000

    def grouped(method: str) -> np.ndarray:
        model = HDBSCAN(min_cluster_size=size, min_samples=NEIGHBOURS, cluster_selection_method=method, copy=True)
        labels: np.ndarray = model.fit_predict(points)
        return labels

    broad = grouped("eom")
    largest = max(np.bincount(broad[broad >= 0]), default=0)
    return broad if largest <= len(points) / 2 else grouped("leaf")


def _space(vectors: "np.ndarray") -> tuple[Callable[["np.ndarray"], "np.ndarray"], "np.ndarray"]:
    """The map of vectors to unit points of few dimensions, and the points of these."""
    import numpy as np
    from sklearn.decomposition import PCA

    dims = min(DIMS, len(vectors) - 1, vectors.shape[1])
    model: Any = PCA(dims, random_state=0).fit(vectors.astype(np.float64))

    def project(some: "np.ndarray") -> "np.ndarray":
        flat = model.transform(some.astype(np.float64))
        points: np.ndarray = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
        return points

    return project, project(vectors)


def _encode(texts: Sequence[str], encoder: "Encoder", tell: Progress, total: int) -> "np.ndarray":
    import numpy as np

    parts = []
    for start in range(0, len(texts), AT_ONCE):
        parts.append(encoder.encode(texts[start : start + AT_ONCE]))
        tell(min(start + AT_ONCE, len(texts)), total)
    return np.concatenate(parts)


def _by_size(clusters: Clusters) -> Clusters:
    """The same with the groups numbered by how many texts they hold."""
    import numpy as np

    sizes = np.bincount(clusters.group[clusters.group >= 0], minlength=clusters.count)
    number = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
    group = np.where(clusters.group >= 0, number[np.maximum(clusters.group, 0)] if clusters.count else -1, -1)
    return Clusters(group, clusters.near, clusters.count, clusters.different, clusters.fitted_on)
