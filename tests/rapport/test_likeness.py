"""A message's vector in few characters, and whether the same question comes again."""

import numpy as np
import pytest

from rapport.doubles import HashingEncoder
from rapport.likeness import ALIKE, likeness, pack


def vectors(*texts: str) -> np.ndarray:
    return HashingEncoder().encode(texts)


def test_the_cosine_is_right_to_two_decimals():
    one, other = vectors("where is my order", "where is my parcel now")
    found, _ = likeness(one, [pack(other)])
    assert found == pytest.approx(float(one @ other), abs=0.01)


def test_the_most_similar_counts_and_those_alike_are_counted():
    question, again, else_ = vectors("where is my order", "where is my order?", "do you sell tents")
    best, repeats = likeness(question, [pack(question), pack(else_), pack(again)])
    assert best == pytest.approx(1.0, abs=0.001)
    assert repeats == sum(float(question @ one) >= ALIKE for one in (question, else_, again)) >= 1


def test_nothing_before_is_like_nothing():
    (one,) = vectors("hello")
    assert likeness(one, []) == (0.0, 0)


def test_what_cannot_be_compared_is_unlike():
    (one,) = vectors("hello")
    assert likeness(one, [pack(np.ones(8, dtype=np.float32)), "not base64!", ""]) == (0.0, 0)


def test_384_numbers_take_512_characters():
    (one,) = vectors("hello")
    assert len(pack(one)) == 512
