"""Pieces of text from tokens: whole characters, stop strings, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.chat.text import Unfolding


def decode(tokens) -> str:
    """A token is a byte."""
    return bytes(tokens).decode("utf-8", "replace")


def pieces(text: str, stops=()) -> tuple[list[str], Unfolding]:
    unfolding = Unfolding(decode, stops)
    told = []
    for token in text.encode():
        told.append(unfolding.add(token))
        if unfolding.stopped:
            break
    return [*told, unfolding.rest()], unfolding


@given(st.text())
def test_pieces_join_to_the_text_and_break_no_character(text):
    told, _ = pieces(text)
    assert "".join(told) == text
    assert all("\ufffd" not in piece for piece in told) or "\ufffd" in text


@given(st.text(alphabet="abé.\n"), st.lists(st.text(alphabet="abé.\n", min_size=1, max_size=3), max_size=3))
def test_a_text_ends_before_the_stop_string_that_is_whole_first(text, stops):
    told, unfolding = pieces(text, stops)
    cuts = (
        end - max(len(stop) for stop in stops if text[:end].endswith(stop))
        for end in range(1, len(text) + 1)
        if text[:end].endswith(tuple(stops))
    )
    cut = next(cuts, None)
    assert "".join(told) == text[:cut]
    assert unfolding.stopped == (cut is not None)


def test_only_what_may_be_a_stop_string_waits():
    told, _ = pieces("ab\n\nab\nb", ["\n\n\n"])
    assert told == ["a", "b", "", "", "\n\na", "b", "", "\nb", ""]


@pytest.mark.parametrize("stops", [[""], []])
def test_an_empty_stop_string_stops_nothing(stops):
    assert "".join(pieces("abc", stops)[0]) == "abc"


def test_a_character_that_never_ends_is_told_as_broken():
    unfolding = Unfolding(decode)
    assert [unfolding.add(token) for token in "é".encode()[:1]] == [""]
    assert unfolding.rest() == "\ufffd"
