"""The public sets are read as they are published, trained on and measured with their bounds."""

import csv
import gzip
import json

import pytest

from eval.intents_public import DOMAINS, SETS, measure_set, summary, svm_macro_f1
from eval.report import missed
from finetune.examples import Labelled
from finetune.tuning import Unwatched
from rapport.doubles import HashingEncoder
from rapport.errors import NotFound
from rapport.heads import OOS
from rapport.paths import PUBLIC_DATA_VARIABLE
from ui.cli import run

WORDS = {"refund": "money back please", "delivery": "where is the parcel", "account": "forgot my password"}
ENCODER = HashingEncoder(64)


def texts(part):
    return [(f"{words} {part} {number}", label) for label, words in WORDS.items() for number in range(8)]


@pytest.fixture
def public(tmp_path, monkeypatch):
    """A folder with every set, small."""
    monkeypatch.setenv(PUBLIC_DATA_VARIABLE, str(tmp_path))
    for name in ("banking77", "curekart", "goemotions", "multidogo"):
        (tmp_path / name).mkdir()
    for part in ("train", "test"):
        rows = [json.dumps({"text": text, "intent": label}) for text, label in texts(part)]
        (tmp_path / "banking77" / f"{part}.jsonl").write_text("\n".join(rows), encoding="utf-8")
        with (tmp_path / "curekart" / f"curekart_{part}.csv").open("w", encoding="utf-8", newline="") as file:
            odd = [("who won the match", "NO_NODES_DETECTED")] * 4 if part == "test" else []
            csv.writer(file).writerows([("sentence", "label"), *texts(part), *odd])
        for domain in DOMAINS:
            with gzip.open(tmp_path / "multidogo" / f"{domain}_{part}.jsonl.gz", "wt", encoding="utf-8") as file:
                turns = [*texts(part), ("no label", None), (None, "refund")]
                file.write("\n".join(json.dumps({"utterance": text, "intent": label}) for text, label in turns))
    return tmp_path


def figures_of(name, seed=1):
    return measure_set(SETS[name], seed=seed, method="head", encoder=ENCODER, watch=Unwatched())


def test_a_set_is_trained_on_and_measured(public):
    figures = figures_of("banking77")
    assert figures["accuracy"] == 1.0
    assert (figures["rows"], figures["train"], figures["method"]) == (24, 24, "head")


def test_the_texts_of_the_whole_training_file_are_given_without_their_labels(public):
    (public / "banking77" / "fewshot_train_10.jsonl").write_bytes((public / "banking77" / "train.jsonl").read_bytes())
    lines = [json.dumps({"text": f"{text} zanzibar", "intent": "no label of it"}) for text, label in texts("train")
             if label == "refund"]  # fmt: skip
    (public / "banking77" / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    asked = json.dumps({"text": "zanzibar", "intent": "refund"})
    (public / "banking77" / "test.jsonl").write_text(asked, encoding="utf-8")
    figures = figures_of("banking77_10shot_unlabelled")
    assert figures["train"] == 24
    assert figures["accuracy"] == 1.0


def test_out_of_scope_messages_are_those_without_a_node(public):
    figures = figures_of("curekart")
    assert figures["rows"] == 28
    assert figures["accuracy"] == 1.0


def test_turns_without_text_or_label_are_left_out_and_an_svm_stands_beside(public):
    figures = figures_of("multidogo_media")
    assert figures["rows"] == 24
    assert figures["over_svm"] == pytest.approx(figures["macro_f1"] - figures["svm_macro_f1"])


def test_a_set_that_is_not_there_says_where_it_is_from(public):
    (public / "goemotions").rmdir()
    with pytest.raises(NotFound, match="goemotions"):
        figures_of("goemotions")


def test_the_summary_has_mean_and_spread_and_leaves_out_what_no_run_measured():
    runs = [
        {"seed": 1, "accuracy": 0.8, "error_among_answered": None},
        {"seed": 2, "accuracy": 0.9, "error_among_answered": 0.1},
    ]
    found = summary(runs)
    assert found["mean"] == {"accuracy": pytest.approx(0.85), "error_among_answered": 0.1}
    assert found["spread"]["accuracy"] == pytest.approx(0.1)
    assert [one["seed"] for one in found["each"]] == [1, 2]


def test_a_missed_bound_is_named():
    bounds = SETS["banking77"].bounds
    assert missed({"accuracy": 0.9, "ece": 0.01, "error_among_answered": None}, bounds) == [
        "accuracy is 0.9; it must be >= 0.944"
    ]


def test_the_svm_is_measured_on_rows_in_scope():
    rows = [Labelled(text, label) for text, label in texts("train")]
    assert svm_macro_f1(rows, [*rows, Labelled("anything", OOS)]) == 1.0


def test_the_command_ends_with_one_where_a_bound_is_missed(public, encoder, capsys):
    command = ["eval", "intents", "--set", "banking77", "--seeds", "1", "--method", "head", "--json"]
    assert run(command) == 0
    report = json.loads(capsys.readouterr().out)["banking77"]
    assert report["mean"]["error_among_answered"] is None  # too few rows to answer any
    assert report["missed"] == []
    wrong = [json.dumps({"text": text, "intent": "refund"}) for text, _ in texts("test")]
    (public / "banking77" / "test.jsonl").write_text("\n".join(wrong), encoding="utf-8")
    assert run(command) == 1
    missing = json.loads(capsys.readouterr().out)["banking77"]["missed"]
    assert [sentence.split()[0] for sentence in missing] == ["accuracy", "ece"]
