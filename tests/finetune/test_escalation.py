"""Fitting the escalation head: rows from conversations, folding, scores, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from finetune.defaults import fit_head
from finetune.escalation import escalation_scores, fit_escalation, publish_escalation
from finetune.escalation_rows import RowMaker, dialogues_fingerprint, of_split
from finetune.examples import Labelled, Splits
from finetune.vectors import Encoded, VectorCache
from finetune.wide import fit_wide
from rapport.dialogues import Dialogue, Said
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow, IndexMismatch
from rapport.escalation import Thresholds, Watch, judge
from rapport.heads import HeadOutput, load_head
from rapport.registry import artifact_folder, current
from rapport.sample.conversations import make_conversations
from rapport.sample.utterances import make_examples
from rapport.signals import Past, feature_names, words_of

LEAST = Thresholds(escalate=0.5, offer=0.5)
MOODS = (("bad terrible angry", "negative"), ("where is it", "neutral"), ("lovely thanks great", "positive"))


@pytest.fixture(scope="module")
def vectors() -> VectorCache:
    return VectorCache(HashingEncoder())


@pytest.fixture(scope="module")
def mood(vectors):
    rows = tuple(Labelled(text, label) for text, label in MOODS)
    return fit_head("sentiment", Splits(rows * 2, rows, ()), vectors)


@pytest.fixture(scope="module")
def talks() -> tuple[Dialogue, ...]:
    return make_conversations(7, make_examples(7)[::20])[::4]


@pytest.fixture(scope="module")
def fitted(talks, vectors, mood):
    return fit_escalation(talks, vectors, sentiment=mood, refit=False)


def column(rows, name: str) -> list[float]:
    dim = rows.encoded.vectors.shape[1] - len(feature_names())
    return rows.encoded.vectors[:, dim + feature_names().index(name)].tolist()


def test_the_context_is_carried_from_message_to_message(vectors, mood):
    talk = Dialogue(
        said=(
            Said("where is it", "answer", did="asked"),
            Said("where is it", "offer", "repeated", did="unanswered"),
            Said("where is it", "escalate", "repeated", did="answered"),
            Said("terrible angry bad", "escalate", "anger"),
        ),
        split="train",
    )
    rows = RowMaker(vectors, mood).rows([talk])
    assert column(rows, "asked") == pytest.approx([0, 1 / 3, 0, 0])
    assert column(rows, "unhelped") == pytest.approx([0, 1 / 3, 2 / 3, 0])
    assert column(rows, "repeats") == pytest.approx([0, 1 / 3, 2 / 3, 0])
    assert column(rows, "first") == [1, 0, 0, 0]
    assert rows.encoded.labels == ("answer", "offer repeated", "escalate repeated", "escalate anger")


def test_messages_without_a_label_are_context_alone(vectors, mood):
    talk = Dialogue(said=(Said("where is it", did="asked"), Said("where is it", "offer", "repeated")), split="train")
    rows = RowMaker(vectors, mood).rows([talk])
    assert rows.levels == ("offer",)
    assert column(rows, "unhelped") == pytest.approx([1 / 3])


def test_held_out_messages_are_told_well_even_by_a_hashing_encoder(fitted):
    head, scores = fitted
    assert scores["recall"] > 0.6
    assert scores["precision"] > 0.6
    assert scores["ece"] < 0.1
    assert scores["reasons"] > 0.7
    assert "answer" in head.labels


def test_the_scores_are_those_of_the_counted_confusions(fitted, talks, vectors, mood):
    head, scores = fitted
    rows = RowMaker(vectors, mood).rows(of_split(talks, "test"))
    assert escalation_scores(head, rows) == scores
    missed = sum(n for truth, _, n in scores["confusions"] if truth == "escalate")
    assert scores["recall"] == pytest.approx(1 - missed / rows.levels.count("escalate"))


@pytest.mark.slow
def test_the_same_conversations_give_the_same_head(fitted, talks, vectors, mood):
    again, _ = fit_escalation(talks, vectors, sentiment=mood, refit=False)
    np.testing.assert_array_equal(again.weights, fitted[0].weights)
    assert again.temperature == fitted[0].temperature


def test_folding_the_spread_changes_no_score():
    random = np.random.default_rng(3)
    block = random.normal(5.0, 3.0, size=(40, 3))
    rows = Encoded(
        tuple(f"word{n % 7}" for n in range(40)),
        np.concatenate([random.normal(size=(40, 4)), block], axis=1).astype(np.float32),
        tuple("ab"[int(value > 5)] for value in block[:, 0]),
    )
    linear = fit_wide(rows, dim=4, balanced=False)
    shifted = replace(rows, vectors=(rows.vectors * [1, 1, 1, 1, 10, 10, 10]).astype(np.float32))
    other = fit_wide(shifted, dim=4, balanced=False)
    np.testing.assert_allclose(linear.logits(rows), other.logits(shifted), atol=0.05)
    assert (linear.logits(rows).argmax(axis=1) == [linear.labels.index(label) for label in rows.labels]).mean() > 0.9


def test_danger_is_escalated_whatever_the_head_says():
    output = HeadOutput(("answer", "escalate anger"), np.array([[0.999, 0.001]]), np.ones(1))
    (told,) = judge(output, ["the lamp caught fire"], LEAST)
    assert (told.level, told.reason, told.escalate) == ("escalate", "safety", 0.99)
    (told,) = judge(output, ["where is my lamp"], LEAST)
    assert (told.level, told.reason) == ("answer", "")


def test_level_and_reason_follow_from_the_shares():
    labels = ("answer", "escalate anger", "escalate legal", "offer anger", "offer person")
    output = HeadOutput(labels, np.array([[0.3, 0.1, 0.15, 0.4, 0.05], [0.1, 0.3, 0.4, 0.2, 0.0]]), np.ones(2))
    first, second = judge(output, ["x", "y"], LEAST)
    # an offer: 0.1 + 0.15 + 0.4 + 0.05 = 0.7; anger has 0.1 + 0.4
    assert (first.level, first.reason) == ("offer", "anger")
    assert first.escalate == pytest.approx(0.25)
    # anger has 0.3 + 0.2, legal 0.4
    assert (second.level, second.reason) == ("escalate", "anger")


@pytest.mark.slow
def test_a_published_head_is_put_to_use_and_reads_messages(home, talks, vectors, mood):
    card = publish_escalation(home, talks, vectors, sentiment=mood)
    assert current(home, "escalation") == card.name == f"escalation-{dialogues_fingerprint(talks)[:8]}"
    watch = Watch(load_head(artifact_folder(home, card.name)), vectors.encoder, LEAST)
    text = "I want to talk to a human"
    read = watch.read(vectors.encoder.encode([text])[0], text, text, words_of(text), sentiment=0.0, past=Past())
    assert (read.level, read.reason) == ("escalate", "person")


def test_a_head_of_other_features_is_refused(fitted, vectors):
    head = replace(fitted[0], facts={**fitted[0].facts, "features": "0123456789abcdef"})
    with pytest.raises(IndexMismatch, match="other features"):
        Watch(head, vectors.encoder, LEAST)
    with pytest.raises(IndexMismatch, match="fitted on encoder"):
        Watch(fitted[0], HashingEncoder(64), LEAST)


@pytest.mark.parametrize("level", ["answer", "offer"])
def test_conversations_that_never_escalate_teach_nothing(level, vectors, mood):
    reason = "anger" if level == "offer" else ""
    talk = Dialogue(said=(Said("where is it", level, reason),), split="train")
    with pytest.raises(BadRow, match="labelled"):
        fit_escalation([talk, replace(talk, split="dev")], vectors, sentiment=mood)


def test_a_dev_part_is_needed(talks, vectors, mood):
    with pytest.raises(BadRow, match="dev"):
        fit_escalation(of_split(talks, "train"), vectors, sentiment=mood)
