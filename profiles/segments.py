"""Groups of customers by how lately, how often and for how much they bought (RFM): found, named, kept, assigned.

k-means and Ward's hierarchical clustering work on the standardised logarithms of the three. Which of them, and how many
segments, is picked by the silhouette among those that keep two rules: no segment is smaller than `least_share` of the
customers, so that a handful of outliers is none, and the same groups come back from resampled customers (stability).
A segment is kept as its centre; a customer belongs to the nearest.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.rfm import Rfm
from profiles.segment_names import Standing, names_of
from rapport.errors import CorruptArtifact, UserError

if TYPE_CHECKING:
    import numpy as np

FACTS, WEIGHTS = "segments.json", "segments.safetensors"
LEAST_CUSTOMERS = 30
AT_ONCE = 50_000  # customers whose distances are held at a time
Method = Callable[["np.ndarray", int, int], "np.ndarray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    """How segments are found. count: so many, else from 2 to `most`. stable: the stability that is high enough.

    Ward's tree is grown over `tree` customers at most, the silhouette picks on `glance` of them and is told of `look`.
    """

    seed: int = 42
    count: int | None = None
    most: int = 8
    least_share: float = 0.02
    stable: float = 0.9
    bootstraps: int = 20
    tree: int = 3_000
    glance: int = 3_000
    look: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """recency, frequency and money are means over its customers."""

    name: str
    customers: int
    share: float
    recency: float
    frequency: float
    money: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """centres: (k, 3) in standardised logs, in the order of `segments`: the most money first.

    middle, width: (3,) what standardises the logs. silhouette: -1 to 1. stability: mean adjusted Rand index.
    """

    method: str
    as_of: float
    centres: "np.ndarray"
    middle: "np.ndarray"
    width: "np.ndarray"
    segments: tuple[Segment, ...]
    silhouette: float
    stability: float

    def assign(self, rfm: Rfm) -> "np.ndarray":
        """(n,) the place of each customer's segment."""
        return _nearest((rfm.logs() - self.middle) / self.width, self.centres)

    def save(self, folder: Path) -> None:
        """Write the facts and the centres."""
        from safetensors.numpy import save_file

        names = ("method", "as_of", "silhouette", "stability")
        facts = {**{name: getattr(self, name) for name in names}, "segments": [asdict(one) for one in self.segments]}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
        save_file({"centres": self.centres, "middle": self.middle, "width": self.width}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> "Segmentation":
        """Read what `save` wrote. Raises CorruptArtifact where a file is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            segments = tuple(Segment(**one) for one in facts.pop("segments"))
            found = cls(**facts, **load_file(folder / WEIGHTS), segments=segments)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise CorruptArtifact(
                f"{folder} holds no readable segments ({error}).", hint="Find them again: rapport profiles segments"
            ) from error
        if found.centres.shape != (len(segments), 3):
            raise CorruptArtifact(
                f"{folder} names {len(segments)} segments and has other centres.", hint="Make it again."
            )
        return found


def fit_segments(rfm: Rfm, plan: SegmentPlan) -> Segmentation:
    """Find the segments of these customers.

    Raises UserError for too few customers, for customers who are all alike, and where every number of segments that was
    asked for would leave one smaller than the plan's least share.
    """
    import numpy as np

    if len(rfm) < LEAST_CUSTOMERS:
        raise UserError(f"{len(rfm)} customers bought something; segments need {LEAST_CUSTOMERS}.",
                        hint="Give more purchases.")  # fmt: skip
    logs = rfm.logs()
    middle, width = logs.mean(0), logs.std(0)
    width[width < 1e-9] = 1.0  # a measure that is the same for all tells nobody apart
    points = (logs - middle) / width
    method, centres, stability = _picked(points, plan)
    places = _nearest(points, centres)
    order = np.argsort([-rfm.money[places == place].mean() for place in range(len(centres))], kind="stable")
    centres = centres[order]
    places = _nearest(points, centres)
    return Segmentation(
        method=method, as_of=rfm.as_of, centres=centres, middle=middle, width=width,
        segments=_described(rfm, places, len(centres)),
        silhouette=_silhouette(points, places, plan.look, plan.seed), stability=stability,
    )  # fmt: skip


def _picked(points: "np.ndarray", plan: SegmentPlan) -> "tuple[str, np.ndarray, float]":
    """(method, centres, stability) of the best silhouette that is stable, else of the most stable one."""
    import numpy as np

    found = []
    distinct = len(np.unique(points, axis=0))
    for count in (plan.count,) if plan.count else range(2, plan.most + 1):
        for name, method in METHODS.items() if count <= distinct else ():
            centres = method(points, count, plan.seed)
            places = _nearest(points, centres)
            if np.bincount(places, minlength=count).min() >= max(plan.least_share * len(points), 1):
                found.append((_silhouette(points, places, plan.glance, plan.seed), name, centres))
    if not found:
        asked = f"{plan.count} segments" if plan.count else "any number of segments"
        raise UserError(f"{asked} would leave one under {plan.least_share:.0%} of the {len(points):,} customers.",
                        hint="Ask for fewer: --count 2, or give customers who differ.")  # fmt: skip
    tried = []
    for _, name, centres in sorted(found, key=lambda one: -one[0]):
        stability = stability_of(points, centres, METHODS[name], plan)
        tried.append((stability, name, centres))
        if stability >= plan.stable:
            break
    stability, name, centres = max(tried, key=lambda one: one[0])
    return name, centres, stability


def stability_of(points: "np.ndarray", centres: "np.ndarray", method: Method, plan: SegmentPlan) -> float:
    """The mean adjusted Rand index between these segments and those of resampled customers, over all customers.

    Each bootstrap draws as many customers with replacement, finds segments anew, and assigns everybody to them.
    """
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(plan.seed)
    places = _nearest(points, centres)
    found = []
    for draw in range(plan.bootstraps):
        drawn = points[random.integers(0, len(points), len(points))]
        found.append(adjusted_rand_score(places, _nearest(points, method(drawn, len(centres), plan.seed + 1 + draw))))
    return float(np.mean(found))


def _k_means(points: "np.ndarray", count: int, seed: int) -> "np.ndarray":
    from sklearn.cluster import KMeans

    found: np.ndarray = KMeans(count, n_init=5, random_state=seed).fit(points).cluster_centers_
    return found


def _ward(points: "np.ndarray", count: int, seed: int, *, tree: int = SegmentPlan().tree) -> "np.ndarray":
    """Centres of the branches of Ward's tree over some of the customers."""
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(points) > tree:
        points = points[np.random.default_rng(seed).choice(len(points), tree, replace=False)]
    branch = fcluster(linkage(points, "ward"), count, "maxclust")
    return np.array([points[branch == one].mean(0) for one in np.unique(branch)])


METHODS: Mapping[str, Method] = {"k-means": _k_means, "hierarchical": _ward}


def _nearest(points: "np.ndarray", centres: "np.ndarray") -> "np.ndarray":
    """(n,) the place of the nearest centre, the first of equals."""
    import numpy as np

    blocks = np.array_split(points, max(1, -(-len(points) // AT_ONCE)))
    return np.concatenate([((block[:, None] - centres) ** 2).sum(2).argmin(1) for block in blocks])


def _silhouette(points: "np.ndarray", places: "np.ndarray", most: int, seed: int) -> float:
    """The mean silhouette, of `most` customers where there are more."""
    import numpy as np
    from sklearn.metrics import silhouette_score

    if len(points) > most:
        rows = np.random.default_rng(seed).choice(len(points), most, replace=False)
        points, places = points[rows], places[rows]
    return float(silhouette_score(points, places)) if 1 < len(np.unique(places)) < len(places) else -1.0


def _described(rfm: Rfm, places: "np.ndarray", count: int) -> tuple[Segment, ...]:
    import numpy as np

    columns: dict[str, Any] = {"recency": rfm.recency, "frequency": rfm.frequency, "money": rfm.money}
    standings = []
    for place in range(count):
        middles = {name: float(np.median(values[places == place])) for name, values in columns.items()}
        below = {
            f"{name}_place": float((values < middles[name]).mean() + (values == middles[name]).mean() / 2)
            for name, values in columns.items()
        }
        standings.append(Standing(**middles, **below))
    return tuple(
        Segment(
            name=name,
            customers=int((places == place).sum()),
            share=float((places == place).mean()),
            **{column: float(values[places == place].mean()) for column, values in columns.items()},
        )
        for place, name in enumerate(names_of(standings))
    )
