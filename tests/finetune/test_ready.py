"""The heads that are shipped are those that a new home would fit, and are taken only where they are."""

import shutil
import time
from types import SimpleNamespace

import numpy as np
import pytest

from finetune.defaults import default_names, fit_default_heads, is_default
from finetune.ready import FOLDER, are_shipped, default_heads
from rapport.cards import read_card
from rapport.heads import load_head
from rapport.models import load_encoder
from rapport.registry import ROLES, current
from rapport.sample import build_sample
from rapport.text import mask

MAKE = "python -m finetune.ready"


@pytest.fixture(scope="module")
def examples():
    return build_sample(7).examples


def test_the_shipped_heads_are_of_the_texts_and_weights_as_they_are(examples):
    name, fingerprint = read_card(FOLDER / "intent").base.split("@")
    names = default_names(examples, SimpleNamespace(name=name, fingerprint=fingerprint))
    assert {role: read_card(FOLDER / role).name for role in ROLES} == names, f"make them anew: {MAKE}"
    assert all(is_default(role, names[role]) for role in ROLES)


def test_other_texts_and_other_encoders_have_other_names(examples):
    one = SimpleNamespace(name="a", fingerprint="1")
    names = default_names(examples, one)
    assert names["intent"] != default_names(examples, SimpleNamespace(name="a", fingerprint="2"))["intent"]
    assert names["intent"] != default_names(examples[1:], one)["intent"]
    assert not is_default("intent", "shop-1")
    assert not is_default("intent", "sentiment-0123abcd")


def test_a_package_that_is_damaged_has_none(tmp_path, monkeypatch):
    names = {role: read_card(FOLDER / role).name for role in ROLES}
    assert are_shipped(names)
    assert not are_shipped({**names, "intent": "intent-00000000"})
    shutil.copytree(FOLDER, tmp_path / "ready")
    monkeypatch.setattr("finetune.ready.FOLDER", tmp_path / "ready")
    assert are_shipped(names)
    (tmp_path / "ready" / "finished" / "head.json").write_text("{}", encoding="utf-8")
    assert not are_shipped(names)
    shutil.rmtree(tmp_path / "ready")
    assert not are_shipped(names)


@pytest.mark.slow
def test_a_home_takes_the_shipped_heads_in_seconds(home, examples):
    encoder = load_encoder()
    started = time.perf_counter()
    cards = default_heads(home, examples, encoder=encoder)
    assert time.perf_counter() - started < 30
    assert [card.kind for card in cards] == list(ROLES)
    for card in cards:
        assert current(home, card.kind) == card.name
        head = load_head(home.models / card.name)
        assert head.weights.dtype == np.float32
        assert (head.elsewhere is not None) == (card.kind == "intent")
    assert load_head(home.models / cards[0].name).neighbours.dtype == np.float32


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_shipped_heads_say_what_fitted_ones_say(home, examples):
    encoder = load_encoder()
    fitted = fit_default_heads(home, examples, encoder=encoder)
    texts = [mask(one.text) for one in examples[::40]]
    vectors = encoder.encode(texts)
    for card in fitted[:2]:
        ready, fresh = load_head(FOLDER / card.kind), load_head(home.models / card.name)
        said, again = ready.predict(vectors, texts).probabilities, fresh.predict(vectors, texts).probabilities
        assert (said.argmax(1) == again.argmax(1)).mean() >= 0.99, f"make them anew: {MAKE}"
        assert np.abs(said - again).mean() < 0.01
    for card in fitted:
        shipped = read_card(FOLDER / card.kind)
        assert shipped.name == card.name
        for score in ("accuracy", "auroc", "recall", "precision", "ece"):
            if score in card.scores:
                assert card.scores[score] == pytest.approx(shipped.scores[score], abs=0.02)
