"""Training the alarm, and fitting a head beside it."""

from dataclasses import replace

import numpy as np
import pytest

from finetune.alarm import PLAN, make, texts_of
from finetune.defaults import fit_head
from finetune.escalation_rows import RowMaker
from finetune.examples import Labelled, Splits
from finetune.hearing import Hearing, hearing_for
from finetune.logistic import fit_linear
from finetune.vectors import Encoded, VectorCache
from rapport.alarm import FACT, hints, shipped_alarm
from rapport.classifiers import Classifier, classify, load_classifier
from rapport.dialogues import Dialogue, Said
from rapport.doubles import HashingEncoder
from rapport.sample.conversations import make_conversations
from rapport.sample.utterances import make_examples

MOODS = (("bad terrible angry", "negative"), ("where is it", "neutral"), ("lovely thanks great", "positive"))


def talk(text: str, level, reason: str = "", *, invented: bool = False) -> Dialogue:
    return Dialogue(said=(Said(text, level, reason),), split="train", invented=invented)


def test_the_sample_company_says_that_its_conversations_are_invented():
    assert all(one.invented for one in make_conversations(7, make_examples(7)[::20]))


def test_each_message_is_learnt_once_with_its_most_frequent_label():
    talks = [
        talk("no", "answer"),
        talk("no", "answer"),
        talk("no", "offer", "anger"),
        talk("thieves", "escalate", "anger"),
    ]
    rows = texts_of(talks, VectorCache(HashingEncoder()))
    assert (rows.texts, rows.labels) == (("no", "thieves"), ("answer", "escalate anger"))


def test_what_is_given_need_not_be_learnt():
    rows = Encoded(("a", "b") * 20, np.tile(np.eye(2, dtype=np.float32), (20, 1)), ("x", "y") * 20)
    given = np.tile(np.array([[9.0, 0.0], [0.0, 9.0]], dtype=np.float32), (20, 1))
    alone = fit_linear(rows, strength=3.0, wordless=True)
    beside = fit_linear(rows, strength=3.0, wordless=True, given=given)
    assert np.abs(beside.weights).max() < 0.1 < np.abs(alone.weights).max()


def test_a_head_of_a_companys_own_rows_alone_reads_none():
    own = [talk("forty tents", "escalate")]
    assert hearing_for(own, HashingEncoder()).alarm is None
    assert hearing_for([], HashingEncoder()).facts == {}


@pytest.mark.slow
def test_only_a_companys_own_rows_are_fitted_beside_it(encoder):
    vectors = VectorCache(encoder)
    moods = tuple(Labelled(text, label) for text, label in MOODS)
    mood = Classifier(head=fit_head("sentiment", Splits(moods * 2, moods, ()), vectors))
    talks = [talk("forty tents", "escalate"), talk("where is it", "answer", invented=True)]
    rows = RowMaker(vectors, mood).rows(talks)
    hearing = hearing_for(talks, encoder)
    given = hearing.given(rows)
    alarm = shipped_alarm(encoder)
    said = classify(alarm, ["forty tents"], vectors.of([Labelled("forty tents", "")]).vectors, encoder=encoder)
    np.testing.assert_allclose(given[:1], hints(said, ["answer", "escalate"]), atol=1e-4)
    assert not given[1].any()
    assert set(hearing.facts) == {FACT}
    assert Hearing(encoder, None).given(rows) is None


@pytest.mark.slow
def test_it_is_made_anew_as_a_folder_that_loads(encoder, tmp_path):
    texts = [("you are thieves", "escalate", "anger"), ("where is it", "answer", ""), ("a bit slow", "offer", "anger")]
    talks = [talk(f"{text} {n}", level, reason) for text, level, reason in texts for n in range(8)]
    card = make(encoder, dialogues=talks, plan=replace(PLAN, epochs=6, batch=8), folder=tmp_path / "alarm")
    assert card.data["rows"] == {"train": 24}
    alarm = load_classifier(tmp_path / "alarm", encoder)
    said = classify(alarm, ["you are thieves 3"], encoder.encode(["you are thieves 3"]), encoder=encoder)
    assert said.best(0)[0] == "escalate anger"
