"""Which model is in use."""

import json
import threading

import numpy as np
import pytest

from rapport.cards import Card
from rapport.doubles import HashingEncoder
from rapport.errors import CorruptArtifact, NotFound, Refused
from rapport.heads import Head, base_name, save_head
from rapport.registry import artifact_folder, artifacts, current, history, rollback, use


def publish(home, name: str, kind: str = "intent") -> bytes:
    weights = np.full((2, 2), float(len(name)), dtype=np.float32)
    base = base_name(HashingEncoder(2))
    head = Head(labels=("a", "b"), weights=weights, bias=np.zeros(2, dtype=np.float32), base=base)
    save_head(home.models / name, head, Card(name=name, kind=kind, base=base))
    return (home.models / name / "head.safetensors").read_bytes()


def test_a_new_home_uses_nothing(home):
    assert current(home, "intent") is None
    assert [card.name for card in artifacts(home) if card.name != "starter"] == []


def test_rollback_goes_back_to_the_same_bytes(home):
    before = publish(home, "first")
    publish(home, "second")
    use(home, "intent", "first")
    use(home, "intent", "second")
    assert current(home, "intent") == "second"
    assert rollback(home, "intent") == "first"
    assert (artifact_folder(home, "first") / "head.safetensors").read_bytes() == before


def test_a_kill_between_the_two_renames_loses_no_model(home, monkeypatch):
    monkeypatch.setattr("rapport.cards.SWAP_SECONDS", 0)
    for look in (lambda: artifact_folder(home, "first"), lambda: artifacts(home)[0]):
        publish(home, "first")
        (home.models / "first").rename(home.models / ".first.old")
        assert look()
        assert (home.models / "first" / "card.json").is_file()


def test_roles_do_not_touch_each_other(home):
    publish(home, "first")
    publish(home, "mood", "sentiment")
    use(home, "intent", "first")
    use(home, "sentiment", "mood")
    assert (current(home, "intent"), current(home, "sentiment")) == ("first", "mood")


def test_using_the_same_model_twice_leaves_one_entry(home):
    publish(home, "first")
    use(home, "intent", "first")
    use(home, "intent", "first")
    assert history(home, "intent") == ("first",)
    with pytest.raises(Refused, match="no earlier intent model"):
        rollback(home, "intent")


def test_a_model_of_another_kind_is_refused(home):
    publish(home, "mood", "sentiment")
    with pytest.raises(Refused, match="for sentiment, not for intent"):
        use(home, "intent", "mood")


def test_an_unknown_model_is_refused_with_the_known_ones(home):
    publish(home, "first")
    with pytest.raises(NotFound, match="first"):
        use(home, "intent", "frist")
    with pytest.raises(NotFound):
        artifact_folder(home, "../models/first")


def test_an_unknown_role_is_refused(home):
    with pytest.raises(NotFound, match="intent, sentiment"):
        current(home, "mood")


def test_a_damaged_model_is_not_put_to_use(home):
    publish(home, "first")
    (home.models / "first" / "head.safetensors").write_bytes(b"damaged")
    with pytest.raises(CorruptArtifact):
        use(home, "intent", "first")
    assert current(home, "intent") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"intent": "first"}'])
def test_a_damaged_pointer_file_says_what_to_do(home, content):
    home.current_file.write_text(content)
    with pytest.raises(CorruptArtifact, match="rapport models use"):
        current(home, "intent")


def test_two_writers_lose_nothing(home):
    publish(home, "first")
    publish(home, "mood", "sentiment")
    threads = [
        threading.Thread(target=use, args=(home, role, name))
        for role, name in (("intent", "first"), ("sentiment", "mood"))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads(home.current_file.read_text()) == {"intent": ["first"], "sentiment": ["mood"]}


def test_a_rollback_gives_the_same_classes_to_the_byte(home):
    from rapport.classifiers import Suite, load_classifier

    encoder = HashingEncoder(2)

    def classes() -> bytes:
        folder = artifact_folder(home, current(home, "intent"))
        read = Suite(encoder, {"intent": load_classifier(folder, encoder)}).read(["where is it", "a refund", "hello"])
        return read.outputs["intent"].probabilities.tobytes()

    for seed, name in enumerate(("first", "second")):
        weights = np.random.default_rng(seed).normal(size=(2, 2)).astype(np.float32)
        base = base_name(encoder)
        head = Head(labels=("a", "b"), weights=weights, bias=np.zeros(2, dtype=np.float32), base=base)
        save_head(home.models / name, head, Card(name=name, kind="intent", base=base))
    use(home, "intent", "first")
    before = classes()
    use(home, "intent", "second")
    assert classes() != before
    rollback(home, "intent")
    assert classes() == before
