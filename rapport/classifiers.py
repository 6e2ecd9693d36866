"""Classifiers as they answer: a head, perhaps with trained layers of its own, and several of them in one pass.

All share one run of the encoder, whose vectors also serve the search. A classifier with layers of its own goes on from
the hidden states where its training began, so it costs those layers and not a second encoding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import IndexMismatch
from rapport.heads import Head, HeadOutput, base_name, load_head
from rapport.passes import Pass, own_vectors, passes, pooled

if TYPE_CHECKING:
    import numpy as np

    from rapport.models import Encoder

LAYERS_FILE, ADAPTER_FOLDER = "layers.safetensors", "adapter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """A head and, where training paid for them, layers of its own.

    top: takes the states that enter layer `start`; None: the head reads the shared vectors alone, otherwise the own
    vector and the shared one side by side.
    """

    head: Head
    top: Any = None
    start: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """What a suite says of n texts. vectors: (n, dim) shared unit vectors. outputs: by role.

    kept: the passes, where a classifier is to be asked about some of the texts later.
    """

    vectors: "np.ndarray"
    outputs: Mapping[str, HeadOutput]
    kept: tuple[Pass, ...] = ()


class Suite:
    """Several classifiers on one encoder. Raises IndexMismatch where one was fitted on another."""

    def __init__(self, encoder: "Encoder", classifiers: Mapping[str, Classifier]) -> None:
        for classifier in classifiers.values():
            classifier.head.check_base(encoder)
        self.encoder = encoder
        self.classifiers = dict(classifiers)
        self._layers = frozenset(one.start for one in classifiers.values() if one.top is not None)

    @property
    def layered(self) -> bool:
        """Whether one of them goes on from the shared layers with layers of its own."""
        return bool(self._layers)

    def beside(self, more: Mapping[str, Classifier]) -> "Suite":
        """The same with more classifiers, by role, which read in the same pass."""
        return Suite(self.encoder, {**self.classifiers, **more})

    def read(self, texts: Sequence[str], *, later: Classifier | None = None) -> Read:
        """Encode the (masked) texts once and classify them in every role.

        later: one that `later_output` asks about some of the texts, from the same pass.
        """
        import numpy as np

        vectors, own, kept = self._encoded(texts, later)
        outputs = {
            role: one.head.predict(np.hstack([own[role], vectors]) if role in own else vectors, texts)
            for role, one in self.classifiers.items()
        }
        return Read(vectors, outputs, kept)

    def _encoded(
        self, texts: Sequence[str], later: Classifier | None
    ) -> tuple["np.ndarray", dict[str, "np.ndarray"], tuple[Pass, ...]]:
        """(n, dim) shared vectors, own ones by role, and the passes for `later`.

        All passes before any head reads: torch's threads and numpy's, in turn, get in each other's way.
        """
        import numpy as np

        layers = self._layers if later is None else self._layers | {later.start}
        if not layers:
            return self.encoder.encode(texts), {}, ()
        encoder, kept = local(self.encoder), []
        layered = {role: one for role, one in self.classifiers.items() if one.top is not None}
        vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
        own = {role: np.zeros_like(vectors) for role in layered}
        for done in passes(encoder, texts, layers=layers):
            rows = list(done.rows)
            vectors[rows] = done.vectors
            with encoder.threads(int(done.mask.sum())):
                for role, one in layered.items():
                    own[role][rows] = pooled(one.top, done.states[one.start], done.mask)
            kept += [] if later is None else [done]
        return vectors, own, tuple(kept)


def later_output(
    classifier: Classifier, read: Read, rows: Sequence[int], texts: Sequence[str], *, encoder: "Encoder"
) -> HeadOutput:
    """What a classifier with own layers says of some rows of what a suite has read with it as `later`.

    texts: all those that were read.
    """
    import numpy as np

    places = {row: place for place, row in enumerate(rows)}
    own = np.zeros((len(rows), encoder.dim), dtype=np.float32)
    for one in read.kept:
        chosen = [place for place, row in enumerate(one.rows) if row in places]
        if chosen:
            mask = one.mask[chosen]
            longest = int(mask.sum(1).max())
            with local(encoder).threads(int(mask.sum())):
                found = pooled(classifier.top, one.states[classifier.start][chosen, :longest], mask[:, :longest])
            own[[places[one.rows[place]] for place in chosen]] = found
    return classifier.head.predict(np.hstack([own, read.vectors[list(rows)]]), [texts[row] for row in rows])


def classify(classifier: Classifier, texts: Sequence[str], vectors: "np.ndarray", *, encoder: "Encoder") -> HeadOutput:
    """What one classifier says of n (masked) texts whose (n, dim) shared vectors are known already."""
    if classifier.top is None:
        return classifier.head.predict(vectors, texts)
    import numpy as np

    classifier.head.check_base(encoder)
    own = own_vectors(local(encoder), texts, top=classifier.top, start=classifier.start)
    return classifier.head.predict(np.hstack([own, vectors]), texts)


def load_classifier(folder: Path, encoder: "Encoder") -> Classifier:
    """Read an artifact and put its layers behind this encoder.

    Raises CorruptArtifact where files and card do not agree, IndexMismatch where it was trained on another encoder.
    """
    from rapport.layers import load_adapter, load_layers

    head = load_head(folder)
    head.check_base(encoder)
    if head.start is None:
        return Classifier(head=head)
    transformer = local(encoder).transformer
    if (folder / ADAPTER_FOLDER).is_dir():
        top = load_adapter(transformer, head.start, folder / ADAPTER_FOLDER)
    else:
        top = load_layers(transformer, head.start, folder / LAYERS_FILE)
    return Classifier(head=head, top=top, start=head.start)


def local(encoder: "Encoder") -> Any:
    """The encoder as one that runs in this process. Raises IndexMismatch for one that has no layers to go on from."""
    if getattr(encoder, "transformer", None) is None:
        raise IndexMismatch(
            f"encoder {base_name(encoder)} has no layers that a classifier could go on from.",
            hint="Train with --method head.",
        )
    return encoder
