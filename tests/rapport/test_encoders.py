"""Which models run without sentence-transformers, and that they give the same numbers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rapport.encoders import ONE_THREAD_TOKENS, BertEncoder, ChainEncoder
from rapport.errors import CorruptArtifact
from rapport.models import find_weights, load_encoder
from rapport.plain import shape_of
from rapport.settings import EncoderSettings

ROOT = Path(__file__).parents[2]
# more than a batch, of all lengths, out of order: one beyond the window, one empty
TEXTS = [
    *(f"Parcel {number}: " + "where is it now? " * (number * 7 % 23) for number in range(70)),
    *("one word " * 400, "", "ok", "Größe Ñandú 東京 🧵", "the refund of #W2611340, paid on 2026-03-01"),
]
SHARED = ("model.safetensors", "tokenizer.json", "vocab.txt")


def reference(folder: Path):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def load(folder: Path):
    return load_encoder(EncoderSettings(path=str(folder), dtype="float32"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default encoder whose small files may be changed."""
    copy = tmp_path / "encoder"
    shutil.copytree(find_weights(), copy, ignore=shutil.ignore_patterns(*SHARED))
    for name in SHARED:
        (copy / name).symlink_to(find_weights() / name)
    return copy


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def make_it_a_bare_transformer(folder: Path) -> None:
    (folder / "modules.json").unlink()


def give_it_a_prompt(folder: Path) -> None:
    change(folder / "config_sentence_transformers.json", prompts={"query": "query: "}, default_prompt_name="query")


def let_the_first_token_speak_for_all(folder: Path) -> None:
    change(folder / "1_Pooling" / "config.json", pooling_mode_mean_tokens=False, pooling_mode_cls_token=True)


def pool_in_two_ways(folder: Path) -> None:
    change(folder / "1_Pooling" / "config.json", pooling_mode_cls_token=True)


def make_it_another_architecture(folder: Path) -> None:
    change(folder / "config.json", model_type="roberta")


def lower_the_case_first(folder: Path) -> None:
    change(folder / "sentence_bert_config.json", do_lower_case=True)


def put_an_adapter_upon_it(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")


def claim_more_layers_than_there_are(folder: Path) -> None:
    change(folder / "config.json", num_hidden_layers=7)


def leave_the_tokenizer_out(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


OTHERWISE = [
    make_it_a_bare_transformer, give_it_a_prompt, let_the_first_token_speak_for_all, pool_in_two_ways,
    make_it_another_architecture, lower_the_case_first, put_an_adapter_upon_it, leave_the_tokenizer_out,
]  # fmt: skip


def test_the_default_encoder_is_a_plain_bert(folder, encoder):
    shape = shape_of(folder)
    assert (shape.dim, shape.window) == (384, 256)
    assert isinstance(encoder, BertEncoder)


@pytest.mark.parametrize("change_it", OTHERWISE)
def test_what_is_no_plain_bert_is_left_to_sentence_transformers(folder, change_it):
    change_it(folder)
    assert shape_of(folder) is None


@pytest.mark.parametrize("name", ["config.json", "modules.json", "tokenizer.json", "sentence_bert_config.json"])
@pytest.mark.parametrize("content", ['{"model_type": "be', '"a text"'])
def test_a_damaged_file_of_the_encoder_is_named(folder, name, content):
    (folder / name).unlink()
    (folder / name).write_text(content)
    with pytest.raises(CorruptArtifact, match=name):
        shape_of(folder)


def test_cut_weights_are_named(folder):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes((find_weights() / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(CorruptArtifact, match=r"model\.safetensors"):
        load(folder)


def test_layers_that_the_file_lacks_are_not_made_up(folder):
    claim_more_layers_than_there_are(folder)
    with pytest.raises(CorruptArtifact, match=r"lacks encoder\.layer\.6"):
        load(folder)


def test_the_narrowest_of_the_limits_is_the_window(folder):
    change(folder / "sentence_bert_config.json", max_seq_length=32)
    assert shape_of(folder).window == 32
    change(folder / "sentence_bert_config.json", max_seq_length=None)
    assert shape_of(folder).window == 512


@pytest.mark.slow
def test_vectors_equal_those_of_sentence_transformers():
    exact = load_encoder(EncoderSettings(dtype="float32"))
    expected = reference(find_weights()).encode(TEXTS, show_progress_bar=False)
    np.testing.assert_allclose(exact.encode(TEXTS), expected, atol=1e-5)
    for place in range(len(TEXTS)):
        np.testing.assert_allclose(exact.encode([TEXTS[place]])[0], expected[place], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("parts", [3, 2], ids=["normalised", "mean alone"])
def test_a_fine_tuned_encoder_is_loaded_by_its_path(tmp_path, parts):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(7)
    tuned = SentenceTransformer(modules=list(reference(find_weights()))[:parts], device="cpu")
    with torch.no_grad():
        for weight in tuned.parameters():
            weight += 0.01 * torch.randn_like(weight)
    tuned.max_seq_length = 48
    tuned.save(str(tmp_path / "tuned"))
    loaded = load(tmp_path / "tuned")
    assert isinstance(loaded, BertEncoder)
    assert (loaded.name, loaded.dim) == ("tuned", 384)
    assert loaded.fingerprint != load_encoder(EncoderSettings()).fingerprint
    expected = tuned.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(loaded.encode(TEXTS), expected, atol=1e-5)


@pytest.mark.slow
def test_another_chain_of_modules_is_run_by_sentence_transformers(folder):
    let_the_first_token_speak_for_all(folder)
    loaded = load(folder)
    assert isinstance(loaded, ChainEncoder)
    expected = reference(folder).encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(loaded.encode(TEXTS), expected, atol=1e-5)


@pytest.mark.slow
def test_the_default_encoder_does_not_need_sentence_transformers():
    program = (
        "import sys\nfrom rapport.models import load_encoder\nload_encoder().encode(['where is my order?'])\n"
        "print('sentence_transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_a_short_pass_runs_on_one_thread_and_the_others_come_back(torch, encoder):
    usual = torch.get_num_threads()
    with encoder.threads(ONE_THREAD_TOKENS):
        assert torch.get_num_threads() == 1
    with encoder.threads(ONE_THREAD_TOKENS + 1):
        assert torch.get_num_threads() == usual
    assert torch.get_num_threads() == usual
