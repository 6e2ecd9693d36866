"""Texts as they are read: tidied, masked."""

import pytest

from rapport.text import tidy, tidy_lines


@pytest.mark.parametrize(
    "text", ["where is it???", "wait... what?! - really (yes)", "-" * 24 + " forwarded", "e\u0301tude #12-7"]
)
def test_ordinary_signs_stay_as_they_are(text):
    assert tidy(text).replace("\u00e9", "e\u0301") == text


@pytest.mark.parametrize("signs", ["?", "?!", ". ", "_", "\N{GRINNING FACE}", "-\n"])
def test_endless_signs_are_cut_and_the_words_around_them_stay(signs):
    found = tidy(f"hello{signs * 2000}where is it?")
    assert found.startswith(f"hello{signs[0]}")
    assert found.endswith("where is it?")
    assert len(found) < 60
    assert len(tidy(signs * 2000)) <= 24


@pytest.mark.parametrize(
    "text", ["my order" + "." * 30 + "?", "order " + "_" * 30 + "#W1", "call" + " ." * 30 + " +49 170"]
)
def test_the_last_of_endless_signs_stays(text):
    assert tidy(text).endswith(text.lstrip("myordecal ._"))


def test_endless_signs_over_many_lines_are_cut_too():
    found = tidy_lines("where is it?\n\n" + "?\n" * 2000 + "hello  there")
    assert found.startswith("where is it?\n?\n")
    assert found.endswith("?\nhello there")
    assert len(found) < 80
    assert "\n\n" not in found
