"""Vectors made on Ray are those of one process, and an index built with them is the same."""

import numpy as np
import pytest

from rapport.errors import IndexMismatch
from rapport.settings import EncoderSettings

pytestmark = pytest.mark.slow
TEXTS = [f"You can return item {number} within {number % 40} days. {'Keep the receipt. ' * (number % 9)}"
         for number in range(200)]  # fmt: skip


def test_vectors_made_on_ray_are_those_of_one_process(encoder, ray):
    from retrieval.embed import embed
    from retrieval.embed_ray import RayEncoder

    done: list[tuple[int, int]] = []
    spread = RayEncoder(EncoderSettings())
    found = embed([*TEXTS, TEXTS[0]], spread, progress=lambda *counts: done.append(counts))
    assert np.array_equal(found, embed([*TEXTS, TEXTS[0]], encoder))
    assert done == [(64, 200), (128, 200), (192, 200), (200, 200)]
    assert (spread.name, spread.fingerprint, spread.dim) == (encoder.name, encoder.fingerprint, encoder.dim)


def test_a_machine_with_another_encoder_is_refused():
    from retrieval.embed_ray import EncodingWorker

    with pytest.raises(IndexMismatch, match="not 0000000000000000"):
        EncodingWorker(settings=EncoderSettings(), fingerprint="0000000000000000")
