"""`rapport explain` and POST /v1/explanations: the same explanation for a person, a program and a colleague."""

import json

import pytest

from finetune.examples import Labelled
from finetune.logistic import fit_linear
from finetune.vectors import VectorCache
from rapport.cards import Card
from rapport.heads import SENTIMENTS, Head, base_name, save_head
from rapport.paths import HOME_VARIABLE
from rapport.registry import use
from ui.cli import run

INTENTS = [
    ("I want a refund", "refund"), ("please refund me", "refund"), ("when do I get my refund", "refund"),
    ("where is my parcel", "track"), ("track my order", "track"), ("my parcel is late", "track"),
]  # fmt: skip
MOODS = [
    ("this is awful", "negative"), ("I am angry", "negative"), ("where is it", "neutral"), ("size 42", "neutral"),
    ("I love it", "positive"), ("great shoes", "positive"),
]  # fmt: skip
TEXT = "Grüße, I want a refund for #LF-204817 😡"


pytestmark = pytest.mark.slow  # gradients through the real encoder


@pytest.fixture
def shop(home, encoder, monkeypatch):
    """A home with an intent and a sentiment model, each fitted on a few rows."""
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    for task, pairs in (("intent", INTENTS), ("sentiment", MOODS)):
        rows = VectorCache(encoder).of([Labelled(text, label) for text, label in pairs])
        linear = fit_linear(rows, strength=10.0)
        head = Head(labels=linear.labels, weights=linear.weights, bias=linear.bias, words=linear.words,
                    base=base_name(encoder))  # fmt: skip
        save_head(home.models / f"{task}-1", head, Card(name=f"{task}-1", kind=task, base=head.base))
        use(home, task, f"{task}-1")
    return home


def test_the_json_holds_every_word_with_its_place_and_weight(shop, capsys):
    assert run(["explain", TEXT, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"label", "probability", "against", "words", "total"}
    assert (said["label"], said["against"]) == ("refund", "track")
    assert [TEXT[word["start"] : word["end"]] for word in said["words"]] == [word["word"] for word in said["words"]]
    assert max(said["words"], key=lambda word: word["weight"])["word"] == "refund"
    assert sum(word["weight"] for word in said["words"]) == pytest.approx(said["total"], abs=0.02)


def test_a_person_sees_the_text_and_bars_on_both_sides(shop, capsys):
    assert run(["explain", TEXT, "--label", "track"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].startswith("track (0.")
    assert "against refund" in shown.splitlines()[0]
    assert TEXT in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("refund ")]
    bar, _, other = row.partition("│")
    assert "█" in bar
    assert "█" not in other
    assert "log-odds" in shown


def test_a_long_text_is_cut_to_the_words_that_weigh_most(shop, capsys):
    text = "please " + " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz") + " refund"
    assert run(["explain", text]) == 0
    shown = capsys.readouterr().out
    assert "8 other words" in shown
    assert any(line.startswith("refund ") for line in shown.splitlines())


def test_moods_are_explained_too(shop, capsys):
    assert run(["explain", "what great shoes, where are they from?", "--task", "sentiment", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["label"], said["against"] in SENTIMENTS) == ("positive", True)
    assert max(said["words"], key=lambda word: word["weight"])["word"] == "great"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([TEXT, "--label", "refnd"], "Did you mean 'refund'?"),
        (["  "], "no text to explain"),
        (["x" * 16_001], "16,001 characters"),
        ([TEXT, "--task", "mood"], "'mood' is not known"),
        ([TEXT, "--model", "none"], "there is no model 'none'"),
        ([TEXT, "--model", "sentiment-1"], "is a model for sentiment"),
    ],
)
def test_wrong_use_is_told_with_what_to_do(shop, capsys, arguments, told):
    assert run(["explain", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_head_that_reads_the_conversation_too_is_not_explained_by_words(sample_home, capsys):
    assert run(["explain", "I want a person", "--task", "escalation", "--home", str(sample_home.root)]) == 1
    assert "cannot be traced to words" in capsys.readouterr().err


def test_staff_get_the_explanation_that_the_command_line_gives(served, capsys):
    body = {"text": "I want my money back for LF-204817"}
    answer = served.client.post("/v1/explanations", json=body, headers=served.staff)
    assert answer.status_code == 200, answer.text
    capsys.readouterr()
    assert run(["explain", body["text"], "--home", str(served.home.root), "--json"]) == 0
    assert answer.json() == json.loads(capsys.readouterr().out)


def test_staff_can_ask_for_another_label_and_for_the_mood(served):
    body = {"text": "I want my money back", "label": "return_item"}
    said = served.client.post("/v1/explanations", json=body, headers=served.staff).json()
    assert said["label"] == "return_item"
    said = served.client.post(
        "/v1/explanations", json={**body, "label": None, "task": "sentiment"}, headers=served.staff
    )
    assert said.json()["label"] in SENTIMENTS


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"text": " "}, 400, "empty"),
        ({"text": "x " * 5000}, 400, "10,000 characters"),
        ({"label": "refund_statu"}, 404, "Did you mean 'refund_status'?"),
        ({"task": "colour"}, 422, "task"),
        ({"txet": "a"}, 422, "txet"),
    ],
)
def test_a_wrong_request_is_refused_in_the_one_shape(served, change, status, told):
    answer = served.client.post("/v1/explanations", json={"text": "hello", **change}, headers=served.staff)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert told in error["message"] + error["hint"]


def test_customers_and_strangers_get_no_explanation(served, talk):
    for headers in ({}, talk.headers):
        assert served.client.post("/v1/explanations", json={"text": "hello"}, headers=headers).status_code == 401
