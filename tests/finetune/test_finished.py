"""Fitting the head that says whether a customer has finished."""

import numpy as np
import pytest

from finetune.examples import Labelled, Splits
from finetune.finished import finished_rows, finished_scores, fit_finished, publish_finished
from finetune.vectors import VectorCache
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow, IndexMismatch
from rapport.finishing import FINISHED, MORE, Finishing, feature_names, features
from rapport.heads import load_head
from rapport.registry import artifact_folder
from rapport.sample.endings import make_endings
from rapport.sample.utterances import make_examples


@pytest.fixture(scope="module")
def vectors() -> VectorCache:
    return VectorCache(HashingEncoder())


@pytest.fixture(scope="module")
def splits() -> Splits:
    return finished_rows(make_endings(7, make_examples(7)[::8]))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("so I ordered shoes,", "ends_open"),
        ("well...", "ends_open"),
        ("so I ordered shoes and", "ends_joining"),
        ("I ORDERED SHOES AND", "ends_joining"),
        ("I have a Question", "announces"),
        ("Wo ist meine Bestellung und", "ends_joining"),
        ("Where is it?", "ends_question"),
        ("Good morning", "greets"),
        ("I have a question", "announces"),
        ("anna@example.com LF-204817", "only_values"),
        ("ok", "few_words"),
    ],
)
def test_the_surface_of_a_message_is_read(text, name):
    assert features(text)[name] == 1.0
    assert features("How do I return shoes that do not fit?")[name] == (1.0 if name == "ends_question" else 0.0)


def test_any_text_has_the_same_numbers():
    for text in ("", "???", "x" * 5000, "a\nb"):
        assert tuple(features(text)) == feature_names()


def test_held_out_messages_are_told_apart(splits, vectors):
    _, scores = fit_finished(splits, vectors, refit=False)
    assert scores["auroc"] > 0.85
    assert scores["ece"] < 0.1


def test_a_published_head_reads_messages(home, splits, vectors):
    card = publish_finished(home, splits, vectors, name="finished-1")
    head = load_head(artifact_folder(home, card.name))
    finishing = Finishing(head, vectors.encoder)

    def read(text: str) -> float:
        return finishing.read(text, text, vectors.encoder.encode([text])[0])

    assert read("hi") < 0.5 < read("How do I return shoes that don't fit?")
    assert read("so I ordered shoes and") < 0.5 < read("cancel my order please")
    with pytest.raises(IndexMismatch):
        Finishing(head, HashingEncoder(64))


def test_the_scores_count_what_is_said():
    rows = (Labelled("hi", MORE), Labelled("where is it?", FINISHED), Labelled("and", MORE), Labelled("ok?", FINISHED))
    vectors = VectorCache(HashingEncoder())
    head, _ = fit_finished(Splits(rows, rows, ()), vectors)
    scores = finished_scores(head, rows, vectors)
    assert (scores["auroc"], scores["accuracy"], scores["rows"]) == (1.0, 1.0, 4)
    assert np.isfinite(scores["ece"])


def test_rows_of_one_label_are_refused():
    rows = (Labelled("hi", MORE), Labelled("hello", MORE))
    with pytest.raises(BadRow, match="both labels"):
        fit_finished(Splits(rows, rows, ()), VectorCache(HashingEncoder()))
