"""Sentiments are fitted along directions that many comments taught, where the encoder is theirs."""

import csv

import numpy as np
import pytest
from safetensors import safe_open

from finetune.directions import FILE, fit_along, make, sentiment_directions, sentiment_fit
from finetune.examples import Labelled
from finetune.goemotions import read_goemotions
from finetune.logistic import fit_linear
from finetune.vectors import Encoded, VectorCache
from rapport.doubles import HashingEncoder
from rapport.heads import SENTIMENTS
from rapport.paths import public_data

LABELS = "anger joy surprise annoyance neutral"
COMMENTS = (("grim", "0"), ("glad", "1"), ("oh", "2"), ("grim and glad", "0,1"), ("grim twice", "0,3"), ("plain", "4"))


def share_right(linear, rows):
    guesses = [linear.labels[column] for column in linear.logits(rows).argmax(1)]
    return np.mean([guess == label for guess, label in zip(guesses, rows.labels, strict=True)])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "labels.txt").write_text("\n".join(LABELS.split()), encoding="utf-8")
    for part in ("train", "dev"):
        with (tmp_path / f"{part}.tsv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="\t").writerows([*row, "id"] for row in COMMENTS)
    return tmp_path


def test_ambiguous_and_mixed_comments_have_no_sentiment(folder):
    found = {row.text: row.label for row in read_goemotions(folder, "train")}
    assert found == {"grim": "negative", "glad": "positive", "grim twice": "negative", "plain": "neutral"}


def test_another_encoder_is_fitted_without_them():
    assert sentiment_directions(HashingEncoder()) is None
    assert sentiment_fit(HashingEncoder()) is fit_linear


def test_they_are_made_for_the_encoder_at_hand(folder, tmp_path):
    about = make(folder, HashingEncoder(32), tmp_path / "made.safetensors")
    assert about["labels"].split() == list(SENTIMENTS)
    assert about["rows"] == "4"
    with safe_open(str(tmp_path / "made.safetensors"), framework="numpy") as file:
        assert file.get_tensor("directions").shape == (3, 32)
        assert file.metadata()["base"].startswith(HashingEncoder(32).name)


def test_a_few_rows_learn_faster_along_a_direction_that_is_right():
    random = np.random.default_rng(1)
    truth = random.normal(size=64)
    truth /= np.linalg.norm(truth)

    def rows(count):
        vectors = random.normal(size=(count, 64))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        labels = tuple("up" if value > 0 else "down" for value in vectors @ truth)
        return Encoded(("",) * count, vectors.astype(np.float32), labels)

    few, new = rows(12), rows(400)
    along = fit_along(few, strength=10.0, balanced=False, directions=10 * np.float32(truth)[None])
    plain = fit_linear(few, strength=10.0, balanced=False)
    assert share_right(along, new) > share_right(plain, new) + 0.1


@pytest.mark.skipif(public_data("goemotions") is None, reason="GoEmotions is not present")
def test_the_shipped_ones_tell_feelings_that_no_row_named(encoder):
    vectors = VectorCache(encoder)
    rows = [Labelled(text, label) for label, texts in SAID.items() for text in texts]
    linear = sentiment_fit(encoder)(vectors.of(rows), strength=10.0, balanced=False)
    dev = vectors.of(read_goemotions(public_data("goemotions"), "dev")[:1500])
    assert share_right(linear, dev) > 0.55
    assert FILE.stat().st_size < 10_000


SAID = {
    "negative": ("this is awful", "I am very disappointed", "what a mess"),
    "neutral": ("where is my order", "do you ship to France", "it is 40 cm wide"),
    "positive": ("thank you, great", "I love it", "lovely service"),
}
