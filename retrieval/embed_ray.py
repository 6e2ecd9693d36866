"""Turn many batches of texts into vectors in many processes, each with the encoder loaded once."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rapport.errors import IndexMismatch
from rapport.models import load_encoder
from rapport.on_ray import on_ray
from rapport.settings import EncoderSettings

if TYPE_CHECKING:
    import numpy as np

    from retrieval.embed import Vectors


class RayEncoder:
    """The encoder of the settings: single calls run here, many batches on Ray."""

    def __init__(self, settings: EncoderSettings) -> None:
        self._here, self._settings = load_encoder(settings), settings
        self.name, self.fingerprint, self.dim = self._here.name, self._here.fingerprint, self._here.dim

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return (n, dim) float32 unit rows, made in this process."""
        return self._here.encode(texts)

    def encode_batches(self, batches: Sequence[Sequence[str]]) -> "Iterator[Vectors]":
        """The vectors of each batch, in their order. Raises IndexMismatch where a machine has another encoder, and
        what `on_ray` raises."""
        rows = [{"texts": list(texts)} for texts in batches]
        given = {"settings": self._settings, "fingerprint": self.fingerprint}
        for row in on_ray(rows, EncodingWorker, given):
            yield row["vectors"]


class EncodingWorker:
    """Encodes batches in a process of its own."""

    def __init__(self, *, settings: EncoderSettings, fingerprint: str) -> None:
        self._encoder = load_encoder(settings)
        if self._encoder.fingerprint != fingerprint:
            raise IndexMismatch(
                f"a machine of the cluster has the encoder {self._encoder.fingerprint}, not {fingerprint}.",
                hint="Put the same encoder on every machine, or name its folder in encoder.path.",
            )

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The vectors of one batch."""
        return {"vectors": self._encoder.encode(list(row["texts"]))}
