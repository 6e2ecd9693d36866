"""Training from rows to a published model with its card."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from eval.intents import predict
from finetune.card_text import CARD_TEXT
from finetune.examples import Labelled
from finetune.fitting import fit_classifier
from finetune.logistic import fit_linear
from finetune.plan import TrainingPlan
from finetune.train import Job, train_classifier
from finetune.tuning import Unwatched
from finetune.vectors import VectorCache
from rapport.cards import read_card
from rapport.classifiers import ADAPTER_FOLDER, LAYERS_FILE, load_classifier
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow, CorruptArtifact, Refused
from rapport.heads import OOS

HEAD = TrainingPlan(method="head")
TOPICS = {
    "refund": ("money back", "refund", "reimburse me", "return the payment", "credit my card"),
    "delivery": ("parcel", "courier", "shipment", "package", "tracking"),
    "account": ("password", "log in", "my account", "sign in", "user name"),
    "store": ("opening hours", "nearest shop", "parking", "store address", "branch"),
    "size": ("too small", "wrong size", "measure my foot", "size chart", "does it fit"),
    "gift": ("gift card", "voucher", "wrap it", "present for a friend", "greeting card"),
}
STARTS = ("please help with", "question about", "problem:")


def rows(topics=TOPICS, starts=STARTS):
    return [Labelled(f"{start} {words}", label) for label, phrases in topics.items() for words in phrases
            for start in starts]  # fmt: skip


def train(home, encoder, *, task="intent", name="model", given=None, plan=HEAD, watch=None, **more):
    job = Job(task=task, name=name, train=rows() if given is None else given, plan=plan, **more)
    return train_classifier(home, job, encoder=encoder, watch=watch or Unwatched())


def test_a_head_is_trained_published_and_predicts(home):
    encoder = HashingEncoder(96)
    card = train(home, encoder)
    assert card.scores["accuracy"] > 0.8
    assert card.plan["method"] == "head"
    classifier = load_classifier(home.models / "model", encoder)
    output = predict(classifier, ["please help with refund", "problem: courier"], encoder=encoder)
    assert [output.best(row)[0] for row in range(2)] == ["refund", "delivery"]


def test_the_card_says_on_what_and_how_well_in_words(home):
    train(home, HashingEncoder(96), notes=("3 repeated texts",))
    card, text = read_card(home.models / "model"), (home.models / "model" / CARD_TEXT).read_text(encoding="utf-8")
    assert len(card.data["fingerprint"]) == 16
    assert card.data["sizes"]["refund"] == 15
    for part in ("90 rows", card.data["fingerprint"], "3 repeated texts", "| refund | 15 |", "accuracy", "seed: 7"):
        assert part in text


def test_the_same_rows_and_seed_give_the_same_model(home):
    encoder = HashingEncoder(96)
    train(home, encoder, name="one")
    train(home, encoder, name="two")
    one, two = (load_classifier(home.models / name, encoder).head for name in ("one", "two"))
    assert np.array_equal(one.weights, two.weights)
    assert (one.temperature, one.accept) == (two.temperature, two.accept)


def test_without_out_of_scope_rows_strange_messages_still_look_less_in_scope(home):
    encoder = HashingEncoder(96)
    train(home, encoder)
    classifier = load_classifier(home.models / "model", encoder)
    output = predict(classifier, ["please help with refund", "zebra quantum marmalade"], encoder=encoder)
    assert output.in_scope[0] > output.in_scope[1]


def test_out_of_scope_rows_teach_what_is_out_of_scope(home):
    encoder = HashingEncoder(96)
    strange = [Labelled(f"{word} {number} zebra marmalade", OOS) for number in range(20) for word in ("oh", "ah")]
    card = train(home, encoder, given=rows() + strange)
    assert card.scores["oos_auroc"] > 0.9
    assert OOS not in load_classifier(home.models / "model", encoder).head.labels


def test_a_name_that_is_taken_is_refused_unless_it_shall_be_replaced(home):
    encoder = HashingEncoder(96)
    train(home, encoder)
    with pytest.raises(Refused, match="'model' already"):
        train(home, encoder)
    train(home, encoder, replace=True)


@pytest.mark.parametrize("name", ["", "../escape", ".hidden", "a/b"])
def test_a_name_that_is_no_folder_name_is_refused(home, name):
    with pytest.raises(Refused, match="cannot be the name"):
        train(home, HashingEncoder(96), name=name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([Labelled("a", "x"), Labelled("b", "x")], "have 1 labels"),
        ([Labelled("a", "x"), Labelled("b", "y")], "every label has a single row"),
        ([], "have 0 labels"),
    ],
)
def test_rows_that_teach_nothing_are_refused_and_leave_nothing(home, given, message):
    with pytest.raises(BadRow, match=message):
        train(home, HashingEncoder(96), given=given)
    assert list(home.models.iterdir()) == []


def test_a_sentiment_of_another_name_is_refused(home):
    with pytest.raises(BadRow, match="'angry' is no sentiment"):
        train(home, HashingEncoder(96), task="sentiment", given=[Labelled("a", "angry"), Labelled("b", "neutral")])


def test_a_label_with_one_example_is_learnt_beside_the_others(home):
    encoder = HashingEncoder(96)
    train(home, encoder, given=[*rows(), Labelled("unicorn saddle wanted", "unicorn")])
    output = predict(load_classifier(home.models / "model", encoder), ["unicorn saddle wanted"], encoder=encoder)
    assert output.best(0)[0] == "unicorn"


@pytest.mark.slow
def test_five_hundred_labels_are_learnt(home):
    encoder = HashingEncoder(96)
    words = [f"{one}{two}{three}" for one in "bdfgklmn" for two in ("ao", "ei", "uy", "ia") for three in "prstvwxz"]
    many = [Labelled(f"{start} {words[number % 256]} {words[-1 - number // 2]}", f"label {number}")
            for number in range(500) for start in ("get", "put", "my")]  # fmt: skip
    card = train(home, encoder, given=many)
    assert card.data["labels"] == 500
    assert card.scores["accuracy"] > 0.5  # chance is one in five hundred


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora"])
def test_trained_layers_are_published_and_answer_as_they_did_in_training(home, encoder, method):
    plan = TrainingPlan(method=method, layers=2, epochs=1, batch=16, learning_rate=4e-4)
    card = train(home, encoder, plan=plan)
    folder = home.models / "model"
    assert (folder / (LAYERS_FILE if method == "full" else ADAPTER_FOLDER)).exists()
    assert card.plan["costs"]["encodings"] == pytest.approx(0.33)
    assert card.scores["accuracy"] > 0.9
    output = predict(load_classifier(folder, encoder), [row.text for row in rows()], encoder=encoder)
    right = [output.best(place)[0] == row.label for place, row in enumerate(rows())]
    assert np.mean(right) > 0.97


class Noting(Unwatched):
    def __init__(self):
        self.said = []

    def say(self, sentence):
        self.said.append(sentence)


@pytest.mark.slow
def test_a_plan_for_few_rows_is_said_and_keeps_the_epochs_that_were_given(home, encoder):
    watch = Noting()
    plan = TrainingPlan(method="full", layers=1, epochs=7, batch=45)
    card = train(home, encoder, given=rows(starts=STARTS[:1]), plan=plan, watch=watch)
    assert watch.said[0] == (
        "Few rows a label (the middle one has 5): layers learn by contrast between examples, in runs that are "
        "averaged: 4; epochs: 7."
    )
    assert (card.plan["epochs"], card.plan["contrast"]) == (7, 1.0)


def test_a_head_that_trains_no_layers_says_nothing_of_contrast(home):
    watch = Noting()
    assert train(home, HashingEncoder(96), watch=watch).plan["epochs"] == 5
    assert not any("contrast" in sentence for sentence in watch.said)


@pytest.mark.slow
def test_a_model_whose_layers_were_changed_is_not_loaded(home, encoder):
    train(home, encoder, plan=TrainingPlan(method="full", layers=1, epochs=1, batch=16))
    file = home.models / "model" / LAYERS_FILE
    file.write_bytes(file.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(CorruptArtifact, match="damaged or changed"):
        load_classifier(home.models / "model", encoder)


@pytest.mark.slow
def test_a_killed_training_leaves_no_model_and_goes_on(home, tmp_path):
    data = tmp_path / "rows.jsonl"
    many = rows(starts=[f"{start} {place}" for start in STARTS for place in ("at home", "abroad", "online", "today")])
    data.write_text("".join(json.dumps({"text": row.text, "label": row.label}) + "\n" for row in many))
    command = [sys.executable, "-m", "ui.cli", "train", "intent", "--data", str(data), "--name", "cut", "--method",
               "full", "--layers", "1", "--epochs", "12", "--batch", "8", "--dev", str(data), "--home",
               str(home.root)]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(home.runs.rglob("checkpoint.safetensors")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(home.models.iterdir()) == []
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=True)
    assert "Going on from step" in done.stderr
    assert read_card(home.models / "cut").name == "cut"
    assert not list(home.runs.rglob("checkpoint.safetensors"))


def test_a_repeated_text_is_learnt_once_with_its_most_frequent_label():
    vectors = VectorCache(HashingEncoder())
    given = [("Hi", "greet"), ("hi", "greet"), ("hi", "bye"), ("ok", "yes"), ("OK", "no"), ("bye", "bye")]
    settled = vectors.of([Labelled(text, label) for text, label in given]).settled()
    assert list(zip(settled.texts, settled.labels, strict=True)) == [("Hi", "greet"), ("bye", "bye")]


def test_a_text_with_two_labels_teaches_each_as_often_as_it_bears_it():
    vectors = VectorCache(HashingEncoder())
    given = [("Hi", "greet"), ("hi", "greet"), ("hi", "bye"), ("ok", "yes"), ("later", "bye")]
    counted = vectors.of([Labelled(text, label) for text, label in given]).counted(("bye", "greet"))
    assert list(zip(counted.texts, counted.labels, strict=True)) == [("Hi", "greet"), ("hi", "bye"), ("later", "bye")]
    assert counted.counts.tolist() == pytest.approx([1.5, 0.75, 0.75])


@pytest.mark.parametrize("balanced", [True, False])
def test_rows_that_count_are_fitted_as_if_they_were_repeated(balanced):
    vectors = VectorCache(HashingEncoder())
    given = [("hi", "greet")] * 4 + [("hi", "bye"), ("ok then", "greet"), ("see you", "bye")]
    repeated = vectors.of([Labelled(text, label) for text, label in given])
    counted = repeated.counted(("bye", "greet"))
    # a fit's penalty falls with its rows, of which there are 7 against 4
    once, often = (
        fit_linear(counted, strength=7.0, balanced=balanced),
        fit_linear(repeated, strength=4.0, balanced=balanced),
    )
    assert once.logits(repeated) == pytest.approx(often.logits(repeated), abs=0.02)


def test_where_no_message_is_expected_out_of_scope_the_labels_cover_all(home):
    train(home, HashingEncoder(), plan=replace(HEAD, strange=0.0))
    found = predict(
        load_classifier(home.models / "model", HashingEncoder()), ["tell me a joke"], encoder=HashingEncoder()
    )
    assert found.in_scope.tolist() == [1.0]


def test_unlabelled_messages_teach_words_that_the_rows_lack(home):
    encoder = HashingEncoder()
    beside = [f"{row.text} zanzibar" if row.label == "gift" else row.text for row in rows(starts=("well,", "so:"))]
    train(home, encoder, name="few")
    card = train(home, encoder, name="more", unlabelled=beside)
    few, more = (predict(load_classifier(home.models / name, encoder), ["zanzibar"], encoder=encoder)
                 for name in ("few", "more"))  # fmt: skip
    column = more.labels.index("gift")
    assert more.best(0)[0] == "gift"
    assert more.probabilities[0, column] > few.probabilities[0, column] + 0.1
    assert card.data["rows"] == {"train": 90, "dev": 90, "unlabelled": 60}


def test_a_held_out_row_has_no_part_in_the_labels_of_unlabelled_messages(tmp_path):
    fitted = []

    def noted(taught, *, strength, balanced):
        fitted.append(taught)
        return fit_linear(taught, strength=strength, balanced=balanced)

    given, beside = rows(), [f"{row.text} now" for row in rows()]
    fit_classifier(given, (), VectorCache(HashingEncoder()), HEAD, folder=tmp_path, watch=Unwatched(), fit=noted,
                   unlabelled=beside)  # fmt: skip
    # three strengths for each of three parts, then each part with what it labelled, then all rows without and with
    assert len(fitted) == 14
    for part in range(3):
        own = set(fitted[3 * part].texts)
        assert len(own) == 60
        assert own < set(fitted[9 + part].texts) <= own | set(VectorCache(HashingEncoder()).of(
            [Labelled(text, "") for text in beside]).texts)  # fmt: skip


def test_held_out_rows_count_as_often_as_the_text_comes(home):
    given = [Labelled("hi", "store")] * 30 + rows()
    card = train(home, HashingEncoder(), given=given)
    assert card.data["rows"]["dev"] == len(given)


def test_rows_whose_labels_all_contradict_each_other_are_refused(home):
    given = [Labelled(f"{start} it", label) for start in STARTS for label in ("refund", "delivery")]
    with pytest.raises(BadRow, match="most frequent label"):
        train(home, HashingEncoder(), given=given)
    assert not (home.models / "model").exists()
