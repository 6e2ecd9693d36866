"""Sum up what a head was trained on, for later comparison. Keeps no text, and no centre of a handful of texts."""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from finetune.vectors import Encoded
from rapport.heads import OOS, SENTIMENTS, HeadOutput, sentiment_of
from rapport.reference import Reference, bins_of

if TYPE_CHECKING:
    import numpy as np

COMPONENTS, PROJECTED = 32, 8
FEATURES = 128
LEAST_OF_CLASS = 5  # the mean of fewer texts would tell too much of each


def make_reference(training: Encoded, known: HeadOutput, *, new: HeadOutput | None = None, seed: int = 0) -> Reference:
    """The reference of a head.

    training: all rows that it was fitted on; known: what it says of them. new: what it, or the same fit without them,
    says of rows held out: customers' messages are new, and a head is surer of rows that it knows.
    Raises ValueError where there are no training rows.
    """
    import numpy as np

    if not len(training.labels):
        raise ValueError("a reference needs training rows.")
    inside = Counter(label for label in training.labels if label != OOS)
    mean, components = _principal(training.vectors)
    centres, distances = _centres(training)
    held_out = new if new is not None and len(new.in_scope) else known
    spread = {name: bins_of(numbers, _numbers(known)[name]) for name, numbers in _numbers(held_out).items()}
    blank = np.zeros(0)
    reference = Reference(
        rows=len(training.labels),
        held_out=0 if held_out is known else len(held_out.in_scope),
        labels={label: inside[label] / inside.total() for label in sorted(inside)},
        bins={**spread, "distance": bins_of(distances)},
        projections=(),
        mean=mean,
        components=components,
        centres=centres,
        frequencies=blank,
        phases=blank,
        features=blank,
    )
    return _with_vectors(reference, training.vectors, seed=seed)


def _numbers(said: HeadOutput) -> "dict[str, np.ndarray]":
    """What `Reference.bins` holds the spread of, but the distance, for each row."""
    found = {"confidence": said.probabilities.max(axis=1), "in_scope": said.in_scope}
    return found | ({"sentiment": sentiment_of(said)} if set(said.labels) == set(SENTIMENTS) else {})


def _with_vectors(reference: Reference, vectors: "np.ndarray", *, seed: int) -> Reference:
    import numpy as np

    points = reference.project(vectors)
    random = np.random.default_rng(seed)
    some = points[random.choice(len(points), min(1_000, len(points)), replace=False)]
    width = float(np.median(np.linalg.norm(some - some[::-1], axis=1))) or 1.0
    widened = replace(
        reference,
        projections=tuple(bins_of(column) for column in points.T[:PROJECTED]),
        frequencies=random.normal(scale=1.0 / width, size=(FEATURES, points.shape[1])),
        phases=random.uniform(0.0, 2.0 * np.pi, size=FEATURES),
    )
    return replace(widened, features=widened.mean_features(vectors))


def _principal(vectors: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """The mean, (dim,), and the leading principal components, (k, dim)."""
    import numpy as np

    wide = vectors.astype(np.float64)
    mean = wide.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(wide, rowvar=False, bias=True))
    components = directions[:, ::-1].T[: min(COMPONENTS, len(vectors))]
    return mean, np.ascontiguousarray(components)


def _centres(training: Encoded) -> tuple["np.ndarray", "np.ndarray"]:
    """(classes, dim) unit means of the labels in scope that have enough rows, and each row's distance to the nearest.

    No row counts towards the mean that it is measured against. Where no label has enough rows, all are one class.
    """
    import numpy as np

    counts = Counter(training.labels)
    known = sorted(label for label, count in counts.items() if label != OOS and count >= LEAST_OF_CLASS)
    place = {label: number for number, label in enumerate(known)}
    own = np.array([place.get(label, -1 if known else 0) for label in training.labels])
    sums = np.stack([training.vectors[own == number].sum(axis=0) for number in range(max(len(known), 1))])
    centres = _unit(sums)
    cosines = training.vectors @ centres.T
    inside = np.flatnonzero(own >= 0)
    without = _unit(sums[own[inside]] - training.vectors[inside])
    cosines[inside, own[inside]] = (without * training.vectors[inside]).sum(axis=1)
    return centres, 1.0 - cosines.max(axis=1)


def _unit(rows: "np.ndarray") -> "np.ndarray":
    import numpy as np

    unit: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit
