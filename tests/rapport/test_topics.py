"""The map from a message to what it asks of an order: kept, read and applied."""

import numpy as np
import pytest

from rapport.errors import CorruptArtifact
from rapport.lexical import PLACES, places
from rapport.topics import FILE, Asked, Topics, load_topics, save_topics

NAMES = ("carrier", "total")


def made(order: str = "C") -> Topics:
    # the third row asks for nothing
    weight = np.array([[9.0, 0.0, 0.0, 0.0], [0.0, 9.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]], order=order)
    return Topics(NAMES, "mini", weight, np.zeros((PLACES, 3), order=order), np.zeros(3))


def test_the_surest_topic_is_found_and_none_where_nothing_is_asked_or_it_is_not_clear():
    clear, other, nothing, unclear = np.eye(4)
    asked = made().asked([""] * 4, np.stack([clear, other, nothing, unclear]))
    assert [one.likeliest for one in asked] == ["carrier", "total", "", ""]
    assert asked[0].chance > 0.99


def test_both_topics_are_found_where_either_may_be_meant_and_the_likelier_one_comes_first():
    """The third number of the vector speaks for asking nothing, so that it is less likely than the two."""
    (both,) = made().asked([""], np.array([[0.7, 0.75, 0.2, 0.0]]))
    assert both.names == ("total", "carrier")
    assert both.chance > 0.95
    (alone,) = made().asked([""], np.array([[0.5, 0.75, 0.2, 0.0]]))
    assert alone.names == ("total",)


def test_a_topic_that_may_as_well_be_none_is_not_found():
    assert made().asked([""], np.array([[0.7, 0.2, 0.75, 0.0]])) == [Asked()]


def test_words_count_beside_the_vector():
    topics = made()
    topics.words[list(places("how much")), 1] = 50.0
    assert [one.names for one in topics.asked(["how much", "which one"], np.zeros((2, 4)))] == [("total",), ()]


def test_chances_add_up_to_one():
    chances = made().chances(["a"] * 5, np.random.default_rng(1).normal(size=(5, 4)))
    assert chances.shape == (5, 3)
    assert np.allclose(chances.sum(axis=1), 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_map_is_read_as_it_was_whatever_its_layout_in_memory(tmp_path, order):
    save_topics(made(order), tmp_path)
    loaded = load_topics(tmp_path)
    assert loaded is not None
    assert (loaded.names, loaded.encoder) == (NAMES, "mini")
    assert np.array_equal(loaded.weight, made().weight)
    assert loaded.words.shape == (PLACES, 3)


def test_a_folder_without_a_map_has_none_and_a_broken_one_is_told(tmp_path):
    assert load_topics(tmp_path) is None
    (tmp_path / FILE).write_bytes(b"not a map")
    with pytest.raises(CorruptArtifact, match="topics"):
        load_topics(tmp_path)
