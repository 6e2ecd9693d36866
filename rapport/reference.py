"""What a head's training data looked like, in numbers: shares, quantiles, centres. No text of it, and numpy only.

It stands in the head's artifact (`reference.json`, `reference.safetensors`), so that messages of later can be compared
with it. `finetune.reference` makes it, `eval.drift` reads it.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.cards import CARD, publish, read_card
from rapport.errors import CorruptArtifact, NotFound

if TYPE_CHECKING:
    import numpy as np

FACTS_FILE, TENSORS_FILE = "reference.json", "reference.safetensors"
BINS, DIGITS = 10, 6
_TENSORS = ("mean", "components", "centres", "frequencies", "phases", "features")


@dataclass(frozen=True, slots=True)
class Bins:
    """How numbers are spread: shares[i] of them lie from edges[i - 1] on and below edges[i], the last from there on.

    shares: of rows that were new to the head; known: of rows that it was fitted on, which it reads more surely.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    known: tuple[float, ...]

    def counts(self, values: "np.ndarray") -> "np.ndarray":
        """How many of the values lie in each bin."""
        return _counted(self.edges, values)


def bins_of(values: "np.ndarray", known: "np.ndarray | None" = None) -> Bins:
    """Ten bins with about as many of the values each; fewer where many values are equal.

    values: of rows new to the head; known: of rows that it was fitted on, where these differ.
    """
    import numpy as np

    rounded = np.round(np.asarray(values, dtype=np.float64), DIGITS)
    edges = tuple(float(edge) for edge in np.unique(np.quantile(rounded, np.arange(1, BINS) / BINS)))
    shares = tuple(float(count) / len(rounded) for count in _counted(edges, rounded))
    if known is None:
        return Bins(edges, shares, shares)
    return Bins(edges, shares, tuple(float(count) / len(known) for count in _counted(edges, known)))


def _counted(edges: Sequence[float], values: "np.ndarray") -> "np.ndarray":
    import numpy as np

    places = np.searchsorted(np.asarray(edges), np.round(values, DIGITS), side="right")
    return np.bincount(places, minlength=len(edges) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The training data of one head.

    rows: that labels, components and centres come from. held_out: rows, new to the head, that `bins` come from, or 0.
    labels: label -> share of the rows in scope. bins: by name: confidence, in_scope, distance, and of a sentiment head
    sentiment. mean, (dim,), and components, (k, dim): principal components of the vectors; projections: the spread
    along the first of them. centres: (classes, dim) unit rows; a message's distance is 1 - its largest cosine to them.
    frequencies, (m, k), phases and features, (m,): random Fourier features of the projections and their mean over the
    rows, for a kernel two-sample figure.
    """

    rows: int
    held_out: int
    labels: Mapping[str, float]
    bins: Mapping[str, Bins]
    projections: tuple[Bins, ...]
    mean: "np.ndarray"
    components: "np.ndarray"
    centres: "np.ndarray"
    frequencies: "np.ndarray"
    phases: "np.ndarray"
    features: "np.ndarray"

    def project(self, vectors: "np.ndarray") -> "np.ndarray":
        """(n, dim) vectors to (n, k) coordinates along the principal components."""
        projected: np.ndarray = (vectors - self.mean) @ self.components.T
        return projected

    def distances(self, vectors: "np.ndarray") -> "np.ndarray":
        """(n,) how far unit vectors are from the nearest class: 0 is at its centre."""
        away: np.ndarray = 1.0 - (vectors @ self.centres.T).max(axis=1)
        return away

    def mean_features(self, vectors: "np.ndarray") -> "np.ndarray":
        """(m,) mean of the vectors' random Fourier features, whose inner products approximate a Gaussian kernel.

        Source: Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NeurIPS 2007.
        """
        import numpy as np

        angles = self.project(vectors) @ self.frequencies.T + self.phases
        mean: np.ndarray = (np.sqrt(2.0 / len(self.phases)) * np.cos(angles)).mean(axis=0)
        return mean


def save_reference(folder: Path, reference: Reference) -> None:
    """Write the two files into the folder that an artifact is being published from."""
    import numpy as np
    from safetensors.numpy import save_file

    facts = {
        "rows": reference.rows,
        "held_out": reference.held_out,
        "labels": dict(reference.labels),
        "bins": {name: asdict(bins) for name, bins in reference.bins.items()},
        "projections": [asdict(bins) for bins in reference.projections],
    }
    tensors = {name: np.ascontiguousarray(getattr(reference, name), dtype=np.float32) for name in _TENSORS}
    save_file(tensors, folder / TENSORS_FILE)
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / FACTS_FILE).write_text(text, encoding="utf-8")


def add_reference(folder: Path, reference: Reference) -> None:
    """Publish an artifact again with a reference in it; its other files stay as they are."""
    card = read_card(folder)
    with publish(folder, replace(card, files={})) as temporary:
        shutil.copytree(folder, temporary, ignore=shutil.ignore_patterns(CARD), dirs_exist_ok=True)
        save_reference(temporary, reference)


def load_reference(folder: Path) -> Reference:
    """The reference of an artifact whose card was checked.

    Raises NotFound where it was made without one, CorruptArtifact where it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / FACTS_FILE).is_file():
        raise NotFound(
            f"model '{folder.name}' does not say what its training data looked like; it was made without a reference.",
            hint="Train it again, as every new model has one: rapport train intent|sentiment --data FILE",
        )
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        bins = {name: _bins(one) for name, one in facts.pop("bins").items()}
        projections = tuple(_bins(one) for one in facts.pop("projections"))
        tensors = load_file(folder / TENSORS_FILE)
        return Reference(**facts, bins=bins, projections=projections, **{name: tensors[name] for name in _TENSORS})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise CorruptArtifact(
            f"the reference in {folder} cannot be read ({error}).", hint="Train the model again."
        ) from error


def _bins(facts: Mapping[str, Sequence[float]]) -> Bins:
    return Bins(*(tuple(facts[name]) for name in ("edges", "shares", "known")))
