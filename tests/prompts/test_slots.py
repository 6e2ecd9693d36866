"""Values as people read them, against hand-written expectations."""

import pytest

from prompts.slots import date_words, item_words, listing, money, option_words, plural


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2026-03-03", "3 March 2026"),
        ("2025-12-31T23:59:00+00:00", "31 December 2025"),
        ("2024-02-29", "29 February 2024"),
    ],
)
def test_a_date_is_written_out(iso, words):
    assert date_words(iso) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [("47.8", "EUR", "€47.80"), ("1380.79", "USD", "$1,380.79"), ("5", "CHF", "5.00 CHF"), ("0", "GBP", "£0.00"),
     ("-3.5", "EUR", "€-3.50"), ("free", "EUR", "free EUR")],
)  # fmt: skip
def test_an_amount_has_its_sign_and_two_decimals(amount, currency, words):
    assert money(amount, currency) == words


def test_a_list_reads_like_a_sentence():
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert listing(["a", "b"], last="or") == "a or b"


def test_singular_and_plural():
    assert (plural(1, "variant", "variants"), plural(0, "variant", "variants")) == ("variant", "variants")


def test_an_item_is_named_without_its_options_where_the_name_is_enough():
    assert item_words([{"name": "Lamp", "options": {"color": "red"}}, {"name": "Rug"}]) == ["Lamp", "Rug"]


def test_items_that_share_a_name_are_told_apart_by_what_differs():
    lines = [
        {"name": "Shirt", "options": {"color": "blue", "size": "M", "fit": "slim"}},
        {"name": "Shirt", "options": {"color": "blue", "size": "L", "fit": "slim"}},
    ]
    assert item_words(lines) == ["Shirt (M)", "Shirt (L)"]


def test_the_same_item_twice_is_counted():
    lines = [{"name": "Mug", "quantity": 2}, {"name": "Mug", "quantity": 1}]
    assert item_words(lines) == ["3 × Mug"]


def test_an_option_that_says_nothing_alone_is_said_with_its_name():
    assert option_words({"color": "blue", "waterproof": "yes", "size": "38"}) == "blue, waterproof: yes, size 38"
