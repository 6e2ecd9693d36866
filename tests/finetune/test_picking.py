"""What is picked to be labelled is unsure, typical and never of one kind alone."""

import numpy as np
import pytest

from finetune.picking import crowding, pick, uncertainty
from rapport.doubles import HashingEncoder
from rapport.heads import HeadOutput


@pytest.fixture
def texts(planted):
    rows = planted(40)
    return [text for text, _ in rows], np.array([intent for _, intent in rows])


def test_uncertainty_is_the_lack_of_a_margin_or_of_scope():
    shares = np.array([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.9, 0.1, 0.0]])
    said = HeadOutput(("a", "b", "c"), shares, np.array([1.0, 1.0, 0.25]))
    np.testing.assert_allclose(uncertainty(said), [0.2, 1.0, 0.8])


def test_without_a_model_each_kind_is_picked(texts):
    vectors = HashingEncoder().encode(texts[0])
    picked = pick(vectors, 6)
    assert len(picked) == len(set(picked)) == 6
    assert len(set(texts[1][picked])) >= 5


def test_what_the_model_does_not_know_is_picked(texts):
    """Unsure of two of six intents: both are asked about, none of the others."""
    vectors = HashingEncoder().encode(texts[0])
    unknown = np.isin(texts[1], ["gift_card", "shoe_size"])
    picked = pick(vectors, 4, unsure=np.where(unknown, 0.9, 0.1))
    assert set(texts[1][picked]) == {"gift_card", "shoe_size"}


def test_the_least_certain_comes_first(texts):
    vectors = HashingEncoder().encode(texts[0])
    unsure = np.random.default_rng(0).uniform(size=len(vectors))
    picked = pick(vectors, 10, unsure=unsure)
    assert list(unsure[picked]) == sorted(unsure[picked], reverse=True)


def test_a_message_without_neighbours_is_not_picked(texts):
    odd = ["xqzzt", "pfffft", "wvwvwv"]
    vectors = HashingEncoder().encode([*texts[0], *odd])
    crowd = crowding(vectors)
    assert set(np.argsort(crowd)[:3]) == {240, 241, 242}
    unsure = np.full(len(vectors), 0.5)
    unsure[240:] = 1.0
    assert not set(pick(vectors, 20, unsure=unsure)) & {240, 241, 242}


def test_fewer_messages_than_wanted_are_all_given():
    vectors = HashingEncoder().encode(["one", "two", "three"])
    assert sorted(pick(vectors, 20)) == [0, 1, 2]
    assert sorted(pick(vectors, 20, unsure=np.array([0.1, 0.5, 0.3]))) == [0, 1, 2]
