"""Phrasings: enough of them, filled in whole, apart from the sample company's examples."""

import re
from collections import Counter
from random import Random

import pytest

from eval.order_questions import NOTATIONS, deal, load_phrasings, unused_number, write_number


def test_there_are_at_least_twenty_phrasings_of_every_style_and_notation():
    phrasings = load_phrasings()
    assert len({phrasing.id for phrasing in phrasings}) == len(phrasings) >= 20
    assert {phrasing.notation for phrasing in phrasings} == set(NOTATIONS)
    assert {phrasing.style for phrasing in phrasings} >= {"polite", "terse", "typos", "items", "two messages", "upset"}


def test_no_phrasing_keeps_a_slot_open():
    for phrasing in load_phrasings():
        asked = "".join(phrasing.ask("#W2611340", ("Water Bottle", "Office Chair")))
        assert "{" not in asked
        assert "2611340" in re.sub(r"\D", "", asked)


def test_item_names_are_filled_in_once_each():
    phrasing = next(one for one in load_phrasings() if one.id == "item_all")
    (asked,) = phrasing.ask("#W2611340", ("Tablet", "Tablet", "Grill", "Laptop"))
    assert "Tablet, Grill and Laptop from you, number W2611340" in asked


def test_braces_in_an_item_name_are_kept_as_they_are():
    phrasing = next(one for one in load_phrasings() if one.id == "item_one")
    assert "{number}" in phrasing.ask("#W2611340", ("{number}",))[0]


@pytest.mark.parametrize(
    ("notation", "written"), [("hash", "#W2611340"), ("lower", "w2611340"), ("dashed", "#W-2611340")]
)
def test_numbers_are_written_in_their_notation(notation, written):
    assert write_number("#W2611340", notation) == written


def test_an_unknown_notation_is_an_error():
    with pytest.raises(ValueError, match="no notation 'roman'"):
        write_number("#W2611340", "roman")


def test_phrasings_are_dealt_evenly_and_the_same_for_a_seed():
    phrasings = load_phrasings()
    dealt = deal(phrasings, 100, each=2, seed=3)
    assert dealt == deal(phrasings, 100, each=2, seed=3) != deal(phrasings, 100, each=2, seed=4)
    assert all(len(set(hand)) == 2 for hand in dealt)
    times = Counter(phrasing.id for hand in dealt for phrasing in hand).values()
    assert max(times) - min(times) <= 1


def test_an_unused_number_has_the_shape_and_no_order():
    taken = {f"#W{n}": None for n in range(10) if n != 4}
    assert unused_number(taken, "#W5", Random(0)) == "#W4"


def test_no_phrasing_stands_in_the_sample_companys_examples(sample):
    known = {_bare(example.text) for example in sample.examples}
    asked = {_bare(message) for phrasing in load_phrasings() for message in phrasing.messages if len(message) > 25}
    assert asked & known == set()


def _bare(text: str) -> str:
    """The words alone: numbers, slots and signs do not make a text different."""
    return " ".join(re.findall(r"[a-z']+", re.sub(r"\{[^}]*\}|#?\w*\d\w*", " ", text.lower())))
