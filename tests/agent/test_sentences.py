"""Cutting a reply into sentences while it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sentences import Sentences, joined, split


def cut(text: str, size: int = 1) -> list[str]:
    sentences = Sentences()
    found = [one for start in range(0, len(text), size) for one in sentences.add(text[start : start + size])]
    return [*found, *filter(None, [sentences.rest()])]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It is shipped. It costs €14.90, e.g. by card.", ["It is shipped.", " It costs €14.90, e.g. by card."]),
        ("Within 45 days. [1] Then pay. [2][3] Bye!", ["Within 45 days. [1]", " Then pay. [2][3]", " Bye!"]),
        ("Within 45 days.[1] Then pay.", ["Within 45 days.[1]", " Then pay."]),
        ("So:\n1. Open it.\n2. Print it. [1]\n\nBye.", ["So:\n1. Open it.", "\n2. Print it. [1]", "\n\nBye."]),
        ("In it:\n- Mug\n- Lamp\nBye", ["In it:\n- Mug", "\n- Lamp", "\nBye"]),
        ("It is due on 5. March 2026. Bye.", ["It is due on 5. March 2026.", " Bye."]),
        ("Order no. 5 weighs approx. 3 kg. Really?", ["Order no. 5 weighs approx. 3 kg.", " Really?"]),
        ('It says "no." Then it ends.', ['It says "no." Then it ends.']),
        ("no end", ["no end"]),
        (" \n", []),
    ],
)
def test_marks_and_list_numbers_stay_with_their_sentence(text, parts):
    assert cut(text) == parts
    assert split(text) == parts


def test_a_sentence_is_given_as_soon_as_the_next_begins():
    sentences = Sentences()
    assert sentences.add("It is shipped.") == []
    assert sentences.add(" [") == []
    assert sentences.add("1] ") == []
    assert sentences.add("It") == ["It is shipped. [1]"]
    assert sentences.rest() == " It"


@given(st.text(alphabet="ab1.!?:-[]\n \t“é", max_size=60), st.integers(1, 7))
def test_joined_the_sentences_are_the_text_again(text, size):
    assert "".join(cut(text, size)) == text.rstrip()


def test_parts_are_joined_as_one_text():
    assert joined("", " One. ") == "One."
    assert joined("One.", "") == "One."
    assert joined("One.", "Two.") == "One. Two."
    assert joined("One.", "1. Two\n2. Three") == "One.\n\n1. Two\n2. Three"
    assert joined("So:\n1. Two", "2. Three") == "So:\n1. Two\n2. Three"
    assert joined("So:\n- Two", "Three.") == "So:\n- Two\n\nThree."
