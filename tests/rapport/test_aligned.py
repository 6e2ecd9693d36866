"""Words keep their places in the customer's own text, whatever masking makes of it."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.aligned import aligned_mask, words_of
from rapport.lexical import PLACES, occurrences, places
from rapport.text import mask

AWKWARD = [
    "http://shop.de/12345", "www.a", "me@x.de", "#12345", "LF-204817", "don't", "T-shirt", "wo", "ist", " ", "/", "?!",
    "?!" * 30,
    "\u0301", "\u0308", "\u200d", "\ufe0f", "😡", "İ", "Å", "ﬁ", "각", "\u1100\u1161\u11a8", "\u0915\u093c", "\ud800",
]  # fmt: skip
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(AWKWARD), max_size=12).map("".join)


@given(TEXTS)
def test_the_text_that_is_followed_is_the_masked_text(text):
    followed = aligned_mask(text)
    assert followed.text == mask(text)
    assert len(followed.origins) == len(followed.text)
    assert all(0 <= start < end <= len(text) for start, end in followed.origins)


@given(TEXTS)
def test_words_follow_one_another_and_cover_all_that_is_no_space(text):
    masked, words = words_of(text)
    assert all(before.end <= after.start for before, after in pairwise(words))
    assert all(word.text == text[word.start : word.end] for word in words)
    inside = {at for word in words for at in range(*word.inside)}
    assert {at for at, character in enumerate(masked) if character != " "} <= inside


@given(TEXTS)
def test_every_hashed_place_has_the_words_behind_it(text):
    masked = mask(text)
    found = occurrences(masked)
    assert tuple(sorted(found)) == places(masked)
    assert all(0 <= start < end <= len(masked) for spans in found.values() for group in spans for start, end in group)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wo ist\tmeine  Bestellung?", ["Wo", "ist", "meine", "Bestellung", "?"]),
        ("  I don't like this T-shirt...", ["I", "don't", "like", "this", "T-shirt", "..."]),
        ("where is #LF-204817, jörg@web.de?!", ["where", "is", "#LF-204817", ",", "jörg@web.de", "?!"]),
        ("see https://shop.example/order/77?x=1 please", ["see", "https://shop.example/order/77?x=1", "please"]),
        ("so late😡😡 again", ["so", "late", "😡😡", "again"]),
        ("❤️ it", ["❤️", "it"]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_words_are_told_apart_and_a_masked_value_is_one(text, words):
    assert [word.text for word in words_of(text)[1]] == words


def test_letters_in_two_characters_stay_one_word_with_its_own_place():
    text = unicodedata.normalize("NFD", "schöne Grüße")
    masked, words = words_of(text)
    assert masked == "schöne Grüße"
    assert [(word.start, word.end, word.inside) for word in words] == [(0, 7, (0, 6)), (8, 14, (7, 12))]


def test_a_repeated_word_stands_behind_its_place_twice():
    found = occurrences("refund refund")
    (alone,) = [place for place in found if found[place][:2] == [((0, 6),), ((7, 13),)] and place == _place("refund")]
    pair = found[_place("refund refund")]
    assert alone < PLACES
    assert pair == [((0, 6), (7, 13))]


def test_a_letter_that_grows_when_it_is_made_small_does_not_move_the_words_behind_it():
    found = occurrences("İİ refund")
    assert found[_place("refund")] == [((3, 9),)]


def _place(feature: str) -> int:
    import zlib

    return zlib.crc32(feature.encode()) % PLACES
