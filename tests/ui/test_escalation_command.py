"""`rapport train escalation`, and what the other verbs do with the model that it makes."""

import json
from dataclasses import replace

import pytest

from rapport.cards import read_card
from rapport.paths import HOME_VARIABLE
from rapport.records import Ticket
from rapport.registry import artifact_folder, current
from ui.cli import run

CALM = (
    "where is my {}?",
    "do you have a {} in blue?",
    "how do I return a {}",
    "when is the {} here",
    "thanks for the {}",
)
GRAVE = (
    ("I am furious about the {}, you are thieves!", "anger"), ("give me a human, it is about the {}", "person"),
    ("my lawyer will write to you about the {}", "legal"), ("the {} exploded and burned my hand", "safety"),
)  # fmt: skip
THINGS = ("tent", "stove", "lamp", "jacket", "rope", "rucksack", "torch")
ROWS = [
    *({"text": text.format(thing), "label": "answer"} for text in CALM for thing in THINGS),
    *(
        {"text": text.format(thing), "label": "escalate", "reason": reason}
        for text, reason in GRAVE
        for thing in THINGS
    ),
]


@pytest.fixture
def file(tmp_path):
    """Writes rows to a file and gives its name."""

    def write(*rows: object, name: str = "calls.jsonl") -> str:
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        return str(tmp_path / name)

    return write


@pytest.fixture
def desk(own_sample_home, monkeypatch):
    """A home of the sample company."""
    monkeypatch.setenv(HOME_VARIABLE, str(own_sample_home.root))
    return own_sample_home


def said(capsys, *words: str) -> str:
    assert run(list(words)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_a_model_is_trained_measured_asked_and_put_to_use(desk, file, capsys):
    data, before = file(*ROWS), current(desk, "escalation")
    report = json.loads(said(capsys, "train", "escalation", "--data", data, "--name", "calls-1", "--json"))
    assert set(report) == {"name", "rows", "conversations", "labels", "seconds", "scores"}
    assert (report["rows"], report["labels"]) == (len(ROWS), 5)
    assert report["scores"]["recall"] >= 0.75
    assert current(desk, "escalation") == before
    card = read_card(artifact_folder(desk, "calls-1"))
    assert card.plan["sentiment"] == current(desk, "sentiment")
    assert card.data["rows"] == {"train": 45, "dev": 9, "test": 9}

    measured = json.loads(said(capsys, "eval", "escalation", "--data", data, "--model", "calls-1", "--json"))
    assert (measured["model"], measured["rows"]) == ("calls-1", len(ROWS))
    assert measured["recall"] == measured["reasons"] == 1.0

    unseen = file("text", "where is my sleeping bag?", "my lawyer will write to you at once", name="inbox.csv")
    lines = said(capsys, "predict", "escalation", unseen, "--model", "calls-1", "--json").splitlines()
    assert [(row["label"], row["reason"]) for row in map(json.loads, lines)] == [
        ("answer", None), ("escalate", "legal"),
    ]  # fmt: skip
    assert "my lawyer will write" in said(capsys, "predict", "escalation", unseen, "--model", "calls-1")

    again = said(
        capsys, "train", "escalation", "--data", data, "--name", "calls-1", "--replace", "--use", "--seed", "3"
    )
    assert "recall" in again
    assert current(desk, "escalation") == "calls-1"
    assert read_card(artifact_folder(desk, "calls-1")).data["fingerprint"] != card.data["fingerprint"]
    turn = json.loads(said(capsys, "ask", "my lawyer will write to you about the stove", "--json"))
    assert turn["state"] == "queued"


def test_a_file_of_dev_rows_is_what_the_model_is_calibrated_and_scored_on(desk, file, capsys):
    train, dev = file(*ROWS[::2]), file(*ROWS[1::2], name="dev.jsonl")
    given = ["train", "escalation", "--data", train, "--dev", dev, "--name", "calls-2", "--json"]
    report = json.loads(said(capsys, *given))
    assert (report["scores"]["rows"], report["scores"]["on"]) == (len(ROWS[1::2]), "dev conversations")


def test_tickets_that_say_whether_they_were_escalated_teach_one_too(desk, sample, file, capsys):
    given = ["train", "escalation", "--tickets", "--data", file(*ROWS), "--name", "tickets-1", "--json"]
    report = json.loads(said(capsys, *given))
    labelled = sum(ticket.labels.get("escalated") in ("yes", "no") for ticket in sample.tickets)
    assert report["conversations"] == labelled + len(ROWS)


def test_a_sentiment_model_with_layers_of_its_own_is_asked(desk, file, capsys):
    moods = {"negative": "awful bad {}", "neutral": "where is the {}", "positive": "lovely great {}"}
    rows = [{"text": text.format(thing), "label": mood} for mood, text in moods.items() for thing in THINGS]
    train = ["--method", "full", "--layers", "1", "--epochs", "1", "--name", "moods-1", "--use"]
    said(capsys, "train", "sentiment", "--data", file(*rows, name="moods.jsonl"), *train)
    data = file(*ROWS)
    said(capsys, "train", "escalation", "--data", data, "--name", "calls-3", "--use")
    assert read_card(artifact_folder(desk, "calls-3")).plan["sentiment"] == "moods-1"
    assert json.loads(said(capsys, "eval", "escalation", "--data", data, "--json"))["recall"] == 1.0


def test_what_teaches_nothing_is_told_and_leaves_no_model(desk, file, capsys):
    models = {path.name for path in desk.models.iterdir()}
    calm = file(*(row for row in ROWS if row["label"] == "answer"))
    assert run(["train", "escalation", "--data", calm, "--name", "calm"]) == 1
    assert "labelled answer" in capsys.readouterr().err
    alone = file(*({**row, "id": 1} for row in ROWS), name="alone.jsonl")
    assert run(["train", "escalation", "--data", alone, "--name", "alone"]) == 1
    assert "no dev message" in capsys.readouterr().err
    assert run(["train", "escalation", "--data", file(*ROWS), "--name", current(desk, "escalation")]) == 2
    assert "--replace" in capsys.readouterr().err
    assert {path.name for path in desk.models.iterdir()} == models


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        ([{"text": "", "label": "answer"}], 1, "line 1 of calls.jsonl: a text is missing or empty"),
        ([{"text": "x", "label": "escalate", "reason": "boredom"}], 1, "'boredom' does not fit"),
        ([{"text": "x", "label": "urgent"}], 1, "'urgent' is none of answer, offer, escalate"),
        ([{"message": "x", "label": "answer"}], 2, "no column 'text'"),
        ([{**ROWS[0], "split": "dev"}, ROWS[1]], 1, "some rows name their split"),
        ([ROWS[0]], 2, "no sentiment model is in use"),
    ],
)
def test_bad_rows_are_told_before_anything_is_loaded(home, store, file, capsys, rows, code, words):
    given = ["--data", file(*rows), "--name", "calls", "--home", str(home.root)]
    assert run(["train", "escalation", *given]) == code
    assert words in " ".join(capsys.readouterr().err.split())
    assert list(home.models.iterdir()) == []


def test_without_a_source_or_labelled_tickets_there_is_nothing_to_learn_from(home, store, capsys):
    assert run(["train", "escalation", "--name", "calls", "--home", str(home.root)]) == 2
    assert "--tickets" in capsys.readouterr().err
    store.upsert([replace(Ticket(source="t", source_id="1"), labels={"intent": "invoice"})])
    assert run(["train", "escalation", "--tickets", "--name", "calls", "--home", str(home.root)]) == 2
    assert "no ticket says" in capsys.readouterr().err
