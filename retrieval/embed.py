"""Turn the texts of passages into vectors, each content once. Knows nothing of models but the encoder's face."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from retrieval.chunks import content_hash

Vectors = npt.NDArray[np.float32]
_BATCH = 64


class Encoder(Protocol):
    """What retrieval needs of an encoder; `rapport.models.Encoder` is one."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode(self, texts: Sequence[str]) -> Any: ...


@runtime_checkable
class BulkEncoder(Encoder, Protocol):
    """An encoder that makes many batches better at once than one after the other."""

    def encode_batches(self, batches: Sequence[Sequence[str]]) -> Iterable[Any]:
        """The vectors of each batch, in their order, as they come."""
        ...


def embed(
    texts: Sequence[str],
    encoder: Encoder,
    *,
    known: Mapping[str, Vectors] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Vectors:
    """(n, dim) float32 unit rows in the order of the texts.

    known: vectors by `content_hash` of their text; these texts, and repeated ones, are not encoded again.
    progress: called with (done, total) of the texts that had to be encoded. Batches hold texts of like length,
    because a batch costs as much as its longest text.
    """
    hashes = [content_hash(text) for text in texts]
    known = known or {}
    missing = {name: text for name, text in zip(hashes, texts, strict=True) if name not in known}
    queue = sorted(missing, key=lambda name: (len(missing[name]), name))
    made: dict[str, Vectors] = {}
    batches = [queue[start : start + _BATCH] for start in range(0, len(queue), _BATCH)]
    texts_of = [[missing[name] for name in names] for names in batches]
    found = encoder.encode_batches(texts_of) if isinstance(encoder, BulkEncoder) else map(encoder.encode, texts_of)
    for names, rows in zip(batches, found, strict=True):
        made.update(zip(names, rows, strict=True))
        if progress:
            progress(len(made), len(queue))
    vectors = np.empty((len(texts), encoder.dim), np.float32)
    for row, name in enumerate(hashes):
        vectors[row] = made[name] if name in made else known[name]
    return vectors
