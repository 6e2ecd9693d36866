"""Fitting the escalation head: rows from conversations, folding, scores, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from finetune.card_text import CARD_TEXT
from finetune.defaults import fit_head
from finetune.escalation import escalation_scores, fit_escalation, publish_escalation, train_escalation
from finetune.escalation_rows import RowMaker, dialogues_fingerprint, of_split
from finetune.examples import Labelled, Splits
from finetune.plan import TrainingPlan
from finetune.train import Job, train_classifier
from finetune.tuning import Unwatched
from finetune.vectors import Encoded, VectorCache
from finetune.wide import fit_wide
from rapport.classifiers import Classifier, Suite, load_classifier
from rapport.dialogues import Dialogue, Said
from rapport.doubles import HashingEncoder
from rapport.errors import BadRow, IndexMismatch
from rapport.escalation import Thresholds, Watch, judge
from rapport.heads import HeadOutput, load_head, sentiment_of
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
    return Classifier(head=fit_head("sentiment", Splits(rows * 2, rows, ()), vectors))


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
    assert {"on": "test conversations", **escalation_scores(head, rows)} == scores
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


@pytest.mark.parametrize(
    ("text", "shares", "reason"),
    [
        ("a human please, my lawyer will sue you", (0.01, 0.9, 0.06, 0.03), "legal"),
        ("a human please", (0.01, 0.9, 0.06, 0.03), "person"),
        ("a human please, my lawyer will sue you", (0.01, 0.9, 0.03, 0.06), "person"),
        ("einen Menschen bitte, ich gehe zum Anwalt", (0.3, 0.68, 0.015, 0.005), "legal"),
    ],
)
def test_what_weighs_more_than_the_wish_for_a_person_is_the_reason_where_the_words_say_it(text, shares, reason):
    labels = ("answer", "escalate person", "escalate legal", "escalate anger")
    (told,) = judge(HeadOutput(labels, np.array([shares]), np.ones(1)), [text], LEAST)
    assert (told.level, told.reason) == ("escalate", reason)


def test_a_message_whose_like_was_labelled_without_a_reason_has_none():
    output = HeadOutput(("answer", "escalate", "escalate anger"), np.array([[0.2, 0.5, 0.3]]), np.ones(1))
    (told,) = judge(output, ["forty tents please"], LEAST)
    assert (told.level, told.reason, told.escalate) == ("escalate", "", pytest.approx(0.8))


@pytest.mark.slow
def test_a_published_head_is_put_to_use_and_reads_messages(home, talks, vectors, mood):
    card = publish_escalation(home, talks, vectors, sentiment=mood)
    assert current(home, "escalation") == card.name == f"escalation-{dialogues_fingerprint(talks)[:8]}"
    watch = Watch(load_head(artifact_folder(home, card.name)), vectors.encoder, LEAST)
    text = "I want to talk to a human"
    read = watch.read(vectors.encoder.encode([text])[0], text, text, words_of(text), sentiment=0.0, past=Past())
    assert (read.level, read.reason) == ("escalate", "person")


def test_conversations_without_a_test_part_are_scored_on_dev(talks, vectors, mood):
    few = of_split(talks, "train", "dev")
    head, scores = fit_escalation(few, vectors, sentiment=mood, refit=False)
    rows = RowMaker(vectors, mood).rows(of_split(talks, "dev"))
    assert scores == {"on": "dev conversations", **escalation_scores(head, rows)}


def test_a_trained_head_has_a_readable_card_and_is_not_in_use(home, talks, vectors, mood):
    some = talks[::3]
    card = train_escalation(home, some, vectors, sentiment=mood, name="calls")
    assert current(home, "escalation") is None
    assert sum(card.data["rows"].values()) == sum(said.level is not None for talk in some for said in talk.said)
    text = (home.models / "calls" / CARD_TEXT).read_text(encoding="utf-8")
    assert f"Trained on {sum(card.data['rows'].values()):,} rows" in text
    for name in ("recall", "precision", "macro_f1", "ece", "reasons"):
        assert f"| {name} | {card.scores[name]:.3f} |" in text


def test_conversations_that_teach_nothing_leave_no_model(home, talks, vectors, mood):
    calm = [
        replace(talk, said=tuple(replace(said, level="answer", reason="") for said in talk.said)) for talk in talks[:9]
    ]
    with pytest.raises(BadRow, match="labelled answer"):
        train_escalation(home, calm, vectors, sentiment=mood, name="calls")
    assert list(home.models.iterdir()) == []


@pytest.mark.slow
def test_a_sentiment_model_with_layers_of_its_own_is_asked_as_it_is_at_each_turn(home, encoder):
    rows = [Labelled(f"{text} {n}", label) for text, label in MOODS for n in range(8)]
    plan = TrainingPlan(method="full", layers=1, epochs=2, closed=True)
    train_classifier(
        home, Job(task="sentiment", name="mood", train=rows, plan=plan), encoder=encoder, watch=Unwatched()
    )
    layered = load_classifier(home.models / "mood", encoder)
    assert layered.top is not None
    texts = ["bad terrible angry lamp", "lovely thanks, great"]
    talk = Dialogue(said=tuple(Said(text, "answer") for text in texts), split="train")
    found = RowMaker(VectorCache(encoder), layered).rows([talk])
    asked = Suite(encoder, {"sentiment": layered}).read(texts).outputs["sentiment"]
    assert column(found, "sentiment") == pytest.approx(sentiment_of(asked).tolist(), abs=0.01)


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
    with pytest.raises(BadRow, match="no dev message"):
        fit_escalation(of_split(talks, "train"), vectors, sentiment=mood)
