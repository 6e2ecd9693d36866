"""The shipped alarm: when it is asked, what it adds, and that a head has the one that it was fitted beside."""

from dataclasses import replace

import numpy as np
import pytest

from rapport.alarm import BLEND, FACT, alarm_fingerprint, alarm_for, doubtful, hints, shipped_alarm
from rapport.classifiers import classify
from rapport.doubles import HashingEncoder
from rapport.errors import IndexMismatch
from rapport.escalation import heard, told
from rapport.heads import Head, HeadOutput, base_name

LABELS = ("answer", "escalate anger", "offer anger")


def plain_head(facts=None) -> Head:
    return Head(labels=LABELS, weights=np.eye(3, dtype=np.float32), bias=np.zeros(3), base="x", facts=facts or {})


def test_it_is_asked_about_messages_that_may_need_a_person():
    shares = np.array([[0.95, 0.03, 0.02], [0.9, 0.04, 0.06], [0.1, 0.8, 0.1]])
    assert doubtful(shares, LABELS) == [1, 2]
    assert doubtful(shares[:, 1:], LABELS[1:]) == [0, 1, 2], "a head without an answer is always in doubt"


def test_a_label_that_it_does_not_have_gets_what_its_level_has():
    said = HeadOutput(("answer", "escalate anger", "escalate legal"), np.array([[0.5, 0.3, 0.2]]), np.ones(1))
    added = hints(said, ("answer", "escalate", "escalate legal"))
    np.testing.assert_allclose(added, BLEND * np.log([[0.5, 0.5, 0.2]]))


def test_plain_words_are_no_sign_against_a_line_that_a_company_draws_itself():
    said = HeadOutput(("answer", "escalate anger"), np.array([[0.99, 0.01]]), np.ones(1))
    np.testing.assert_allclose(hints(said, ("answer", "escalate")), BLEND * np.log([[0.99, 0.99]]))


def test_plain_words_are_no_sign_against_what_the_conversation_shows():
    labels = ("answer", "offer anger", "offer repeated")
    plain, tired = [0.97, 0.02, 0.01], [0.1, 0.2, 0.7]
    added = hints(HeadOutput(labels, np.array([plain, tired]), np.ones(2)), labels)
    np.testing.assert_allclose(added, BLEND * np.log([[0.97, 0.02, 0.97], tired]))


def test_what_it_says_is_added_only_where_the_head_is_in_doubt():
    vectors = np.array([[9.0, 0.0, 0.0], [1.0, 1.0, 0.0]], dtype=np.float32)
    asked = []

    def ask(rows):
        asked.append(list(rows))
        return HeadOutput(LABELS, np.array([[0.1, 0.8, 0.1]]), np.ones(1))

    logits = heard(plain_head(), vectors, ["a", "b"], ask)
    assert asked == [[1]]
    np.testing.assert_allclose(logits[0], vectors[0])
    np.testing.assert_allclose(logits[1], vectors[1] + BLEND * np.log([0.1, 0.8, 0.1]), rtol=1e-5)
    assert told(plain_head(), vectors, ["a", "b"], ask).best(1)[0] == "escalate anger"
    np.testing.assert_allclose(heard(plain_head(), vectors, ["a", "b"], None), vectors)


def test_a_head_that_was_fitted_without_it_is_read_without_it():
    assert alarm_for(plain_head(), HashingEncoder()) is None
    assert shipped_alarm(HashingEncoder()) is None, "another encoder has no layers to go on from"


def test_a_head_that_was_fitted_beside_another_one_is_refused():
    with pytest.raises(IndexMismatch, match="other layers"):
        alarm_for(plain_head({FACT: "0123456789abcdef"}), HashingEncoder())


@pytest.mark.slow
def test_the_shipped_one_tells_anger_from_the_same_words_about_the_weather(encoder):
    head = replace(plain_head({FACT: alarm_fingerprint()}), base=base_name(encoder))
    alarm = alarm_for(head, encoder)
    texts = ["You have brought me to tears with your insolence.", "The storm was infuriating. Which tent holds?"]
    said = classify(alarm, texts, encoder.encode(texts), encoder=encoder)
    assert [said.best(row)[0] for row in range(2)] == ["escalate anger", "answer"]
