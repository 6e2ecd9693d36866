"""Classifier heads: their arithmetic and their files."""

import json

import numpy as np
import pytest

from rapport.cards import Card
from rapport.doubles import HashingEncoder
from rapport.errors import CorruptArtifact, IndexMismatch
from rapport.heads import FACTS_FILE, Head, HeadOutput, base_name, load_head, save_head, sentiment_of
from rapport.lexical import CHUNK, LETTERS, PLACES, SCALE, places, weight, word_sums
from rapport.scope import scope_scores, sigmoid, softmax
from rapport.votes import Votes

BASE = base_name(HashingEncoder(2))


def head(**changes) -> Head:
    given = {
        "labels": ("a", "b"),
        "weights": np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], dtype=np.float32),
        "bias": np.zeros(3, dtype=np.float32),
        "base": BASE,
        "temperature": 0.5,
        "scope_score": "margin",
        "scope_slope": 2.0,
        "scope_offset": 1.0,
        "name": "demo",
    }
    return Head(**{**given, **changes})


def test_probabilities_are_the_softmax_of_the_divided_logits():
    said = head().predict(np.array([[1.0, 0.0]], dtype=np.float32))
    # logits 1 and 0, divided by 0.5: e^2 / (e^2 + 1)
    assert said.probabilities[0, 0] == pytest.approx(np.exp(2) / (np.exp(2) + 1), abs=1e-6)
    assert said.best(0) == ("a", pytest.approx(0.8808, abs=1e-4))
    assert [label for label, _ in said.ranked(0)] == ["a", "b"]


def test_in_scope_is_the_logistic_of_energy_less_the_out_of_scope_logit():
    said = head().predict(np.array([[1.0, 0.0]], dtype=np.float32))
    margin = np.log(np.exp(1.0) + np.exp(0.0)) - 0.5
    assert said.in_scope[0] == pytest.approx(1 / (1 + np.exp(-(2 * margin + 1))), abs=1e-6)


def test_in_scope_counts_the_nearest_row_in_scope_against_the_nearest_outside(tmp_path):
    rows = {"neighbours": np.array([[1.0, 0.0]], np.float32), "strangers": np.array([[0.0, 1.0]], np.float32)}
    beside = head(scope_score="beside", near=3.0, **rows)
    card = Card(name="demo", kind="intent", base=BASE, data={}, plan={}, scores={})
    save_head(tmp_path / "demo", beside, card)
    said = load_head(tmp_path / "demo").predict(np.array([[0.8, 0.6]], dtype=np.float32))
    margin = np.log(np.exp(0.8) + np.exp(0.6)) - 0.7
    assert said.in_scope[0] == pytest.approx(1 / (1 + np.exp(-(2 * (margin + 3 * (0.8 - 0.6)) + 1))), abs=1e-6)


def test_without_a_scope_score_everything_is_in_scope():
    said = head(scope_score="none").predict(np.eye(2, dtype=np.float32))
    assert said.in_scope.tolist() == [1.0, 1.0]


def test_scope_scores_without_an_out_of_scope_row_have_no_margin():
    scores = scope_scores(np.array([[2.0, 0.0]]), 2)
    assert set(scores) == {"max_logit", "energy"}
    assert scores["energy"][0] == pytest.approx(np.log(np.exp(2) + 1))


def test_labels_ruled_out_give_their_share_to_the_others():
    said = head().predict(np.array([[1.0, 0.0]], dtype=np.float32)).without({"a"})
    assert said.probabilities.tolist() == [[0.0, 1.0]]


def test_words_add_to_the_logits():
    words = np.zeros((PLACES, 3), dtype=np.float32)
    words[list(places("refund")), 1] = 1.0
    found = head(words=words).logits(np.zeros((2, 2), dtype=np.float32), ["refund", "zebra"])
    # every place of "refund" counts 0.7 / sqrt(n), so n of them add 0.7 * sqrt(n)
    assert found[0, 1] == pytest.approx(SCALE * len(places("refund")) ** 0.5, rel=1e-5)
    assert found[1, 1] < found[0, 1]


def test_many_texts_are_summed_as_each_alone():
    table = np.random.default_rng(3).normal(size=(PLACES, 3)).astype(np.float32)
    texts = ["", *(f"parcel {number} is late" for number in range(CHUNK)), "...", "late!"]
    by_hand = [weight(len(found)) * table[list(found)].sum(axis=0) for found in map(places, texts)]
    np.testing.assert_allclose(word_sums(texts, table), by_hand, rtol=1e-4, atol=1e-5)
    assert not word_sums(["", "..."], table).any()
    assert word_sums([], table).shape == (0, 3)


def test_a_head_that_reads_words_asks_for_the_texts():
    reads = head(words=np.zeros((PLACES, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="reads words"):
        reads.predict(np.eye(2, dtype=np.float32))


def test_places_are_the_same_in_every_process_and_hold_words_pairs_and_letters():
    assert places("ab") == tuple(sorted({zlib_place(feature) for feature in ("ab", "< ab", "~<ab>", "ab >")}))
    assert LETTERS == 4
    assert weight(4) == pytest.approx(SCALE / 2)
    assert places("") == ()
    assert weight(0) == 0.0


def zlib_place(feature: str) -> int:
    import zlib

    return zlib.crc32(feature.encode()) % PLACES


def test_large_numbers_do_not_overflow():
    assert softmax(np.array([[1e4, 0.0]])).tolist() == [[1.0, 0.0]]
    assert sigmoid(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]


def test_sentiment_is_positive_less_negative():
    labels = ("negative", "neutral", "positive")
    weights = np.array([[0.0], [0.0], [np.log(2.0)]], dtype=np.float32)
    mood = Head(labels=labels, weights=weights, bias=np.zeros(3, dtype=np.float32), base=BASE)
    # shares 1/4, 1/4, 1/2
    assert sentiment_of(mood.predict(np.ones((1, 1), dtype=np.float32)))[0] == pytest.approx(0.25, abs=1e-6)


def test_a_saved_head_comes_back_bit_for_bit(home):
    words = np.random.default_rng(1).normal(size=(PLACES, 3)).astype(np.float32)
    save_head(home.models / "demo", head(words=words), Card(name="demo", kind="intent", base=BASE))
    again = load_head(home.models / "demo")
    np.testing.assert_array_equal(again.words, words)
    np.testing.assert_array_equal(again.weights, head().weights)
    assert (again.labels, again.temperature, again.scope_score) == (("a", "b"), 0.5, "margin")


def test_votes_add_to_the_logits_and_come_back_with_a_saved_head(home):
    votes = Votes(np.array([[0.6]], dtype=np.float32), np.array([[0.0, 1.0, 0.0]], dtype=np.float32), 0.5)
    save_head(home.models / "demo", head(votes=votes), Card(name="demo", kind="intent", base=BASE))
    again = load_head(home.models / "demo")
    vectors = np.array([[1.0, 0.0], [0.8, 0.6]], dtype=np.float32)
    added = again.logits(vectors) - head().logits(vectors)
    assert added == pytest.approx(votes.logits(vectors), abs=1e-5)
    # one example, whose first number alone is compared: e^(40 * (1.0 * 0.6 - 1)) = e^-16
    assert added[0] == pytest.approx([0.5 * np.log(1e-12), -8.0, 0.5 * np.log(1e-12)], abs=1e-3)
    with pytest.raises(CorruptArtifact, match="do not fit together"):
        head(votes=Votes(votes.examples, votes.voices[:, :2], 0.5))


@pytest.mark.parametrize("accept", [0.25, float("inf")])
def test_the_facts_of_a_head_are_json_whatever_it_accepts(home, accept):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    save_head(home.models / "demo", head(accept=accept), Card(name="demo", kind="intent", base=BASE))
    text = (home.models / "demo" / FACTS_FILE).read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse)["accept"] == (accept if accept < 1 else None)
    again = load_head(home.models / "demo")
    assert again.accept == accept
    assert again.predict(np.eye(2, dtype=np.float32)).accepted.tolist() == [accept < 1] * 2


def test_a_changed_file_is_noticed(home):
    folder = home.models / "demo"
    save_head(folder, head(), Card(name="demo", kind="intent", base=BASE))
    facts = json.loads((folder / "head.json").read_text())
    (folder / "head.json").write_text(json.dumps({**facts, "labels": ["x", "y"]}))
    with pytest.raises(CorruptArtifact, match="damaged or changed"):
        load_head(folder)


def test_parts_that_do_not_fit_together_are_refused():
    with pytest.raises(CorruptArtifact, match="do not fit together"):
        head(bias=np.zeros(2, dtype=np.float32))


def test_vectors_of_another_width_are_refused():
    with pytest.raises(IndexMismatch, match="2 numbers"):
        head().predict(np.zeros((1, 3), dtype=np.float32))


def test_another_encoder_is_refused():
    head().check_base(HashingEncoder(2))
    with pytest.raises(IndexMismatch, match="was fitted on"):
        head().check_base(HashingEncoder(4))


def test_a_head_whose_arrays_lie_by_columns_comes_back_as_it_was(home):
    chance = np.random.default_rng(1)
    head = Head(
        labels=("a", "b"), weights=np.asfortranarray(chance.normal(size=(2, 5)).astype(np.float32)),
        bias=np.zeros(2, dtype=np.float32), base="x@y",
        words=np.asfortranarray(chance.normal(size=(PLACES, 2)).astype(np.float32)),
    )  # fmt: skip
    save_head(home.models / "demo", head, Card(name="demo", kind="intent", base="x@y"))
    again = load_head(home.models / "demo")
    assert np.array_equal(again.weights, head.weights)
    assert np.array_equal(again.words, head.words)


def test_a_joint_label_speaks_for_each_of_its_parts():
    said = HeadOutput(("card", "card + money", "money"), np.array([[0.3, 0.5, 0.2]]), np.ones(1))
    apart = said.apart()
    assert apart.labels == ("card", "money")
    assert apart.probabilities[0] == pytest.approx([0.8 / 1.5, 0.7 / 1.5])


def test_a_plus_between_what_are_no_labels_joins_nothing():
    said = HeadOutput(("c + + code", "money"), np.array([[0.3, 0.7]]), np.ones(1))
    assert said.apart() is said
