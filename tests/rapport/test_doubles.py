"""The stand-ins behave as the real parts do."""

import numpy as np
import pytest

from rapport.doubles import Breaks, FixedClock, HashingEncoder, ScriptedChat
from rapport.errors import ModelError


def test_a_scripted_chat_answers_in_order_and_keeps_what_it_was_asked():
    chat = ScriptedChat(answers=["first answer", "second"])
    assert chat.invoke("one").text == "first answer"
    assert "".join(chunk.text for chunk in chat.stream("two")) == "second"
    assert [asked[0].text for asked in chat.asked] == ["one", "two"]


def test_a_scripted_chat_fails_as_told():
    chat = ScriptedChat(answers=[TimeoutError("late"), Breaks("half an", ModelError("gone"))])
    with pytest.raises(TimeoutError):
        chat.invoke("one")
    stream = chat.stream("two")
    assert next(stream).text == "half"
    with pytest.raises(ModelError, match="gone"):
        list(stream)
    with pytest.raises(ModelError, match="the script is over"):
        chat.invoke("three")


def test_a_hashing_encoder_puts_similar_texts_close():
    vectors = HashingEncoder(64).encode(["return my shoes", "return the shoes", "opening hours", ""])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_a_fixed_clock_moves_only_when_told():
    clock = FixedClock()
    before = clock()
    clock.advance(60)
    assert (clock() - before).total_seconds() == 60
    assert clock().tzinfo is not None
