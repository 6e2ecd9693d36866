"""The starter is made from nothing, the same each time, and what is shipped is what its card says."""

import json
import sys
from dataclasses import replace

import pytest

from finetune.starter import make
from finetune.starter.make import StarterPlan, make_starter
from rapport.bases import STARTER_FOLDER
from rapport.cards import read_card, sha256_of
from rapport.topics import load_topics

pytestmark = pytest.mark.slow

TINY = StarterPlan(rows=300, held_out=20, messages=300, vocabulary=600, width=32, layers=1, heads=2)
MOST_MB = 12
MOST_OTHERS = 300


@pytest.fixture(scope="module")
def plan() -> StarterPlan:
    return replace(TINY, training=replace(TINY.training, batch_tokens=1024, looks=2))


@pytest.fixture(autouse=True)
def _fewer_others(monkeypatch):
    """A few of the messages that ask for nothing: all of them would be most of what a tiny starter learns from."""
    whole = make.other_texts
    monkeypatch.setattr(make, "other_texts", lambda utterances: whole(utterances)[:MOST_OTHERS])


def test_the_same_plan_makes_the_same_weights_and_another_seed_others(tmp_path, encoder, plan):
    folders = [tmp_path / name for name in ("one", "two", "three")]
    plans = (plan, plan, replace(plan, seed=8))
    cards = [
        make_starter(folder, encoder=encoder, plan=chosen, work=tmp_path / f"{folder.name}.work")
        for folder, chosen in zip(folders, plans, strict=True)
    ]
    first, second, third = (sha256_of(folder / "model.safetensors") for folder in folders)
    assert first == second != third
    assert cards[0].kind == "reply"
    assert cards[0].plan["protocol"] == "slots"
    assert 0 <= cards[0].scores["right"] <= 1
    topics = load_topics(folders[0], encoder)
    assert topics is not None
    assert topics.classifier.top is not None


def test_the_command_makes_a_model_of_the_home(tmp_path, capsys, monkeypatch):
    from ui.cli import main

    monkeypatch.setattr(make.StarterPlan, "__init__", _smaller(make.StarterPlan.__init__))
    words = [
        "rapport",
        "train",
        "starter",
        "--rows",
        "200",
        "--name",
        "mine",
        "--home",
        str(tmp_path / "home"),
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = json.loads(capsys.readouterr().out)
    assert printed["name"] == "mine"
    assert read_card(tmp_path / "home" / "models" / "mine").data["rows"] == 200


def test_the_size_is_chosen_by_options(tmp_path, capsys, monkeypatch):
    from ui.cli import main

    monkeypatch.setattr(make.StarterPlan, "__init__", _smaller(make.StarterPlan.__init__))
    words = ["rapport", "train", "starter", "--rows", "200", "--width", "192", "--layers", "2", "--topic-layers", "2"]
    monkeypatch.setattr(sys, "argv", [*words, "--into", str(tmp_path / "made"), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    shape = json.loads((tmp_path / "made" / "config.json").read_text())
    assert (shape["hidden_size"], shape["num_hidden_layers"]) == (192, 2)
    assert read_card(tmp_path / "made").plan["topic_layers"] == 2
    monkeypatch.setattr(sys, "argv", [*words[:3], "--width", "200", "--into", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code
    assert "Give 192." in capsys.readouterr().err


def test_what_is_shipped_is_small_whole_and_as_good_as_its_card_says():
    card = read_card(STARTER_FOLDER)
    size = sum(path.stat().st_size for path in STARTER_FOLDER.iterdir())
    assert size <= MOST_MB * 1_000_000
    assert card.scores["right"] >= 0.97
    assert card.scores["wrong"] <= 0.01


def _smaller(init):
    def made(self, **given):
        init(
            self, **{"width": 32, "layers": 1, "heads": 2, "vocabulary": 600, "held_out": 20, "messages": 300, **given}
        )

    return made
