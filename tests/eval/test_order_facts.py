"""The facts that a judge finds in a text, against hand-worked ones."""

from decimal import Decimal

import pytest

from eval.order_facts import facts_in, named, says, without_number


@pytest.mark.parametrize(
    "text",
    [
        "#W2611340",
        "W2611340",
        "w2611340",
        "#w2611340",
        "W 2611340",
        "#W-2611340",
        "#W261 1340",
        "(#W2611340).",
        "# W2611340",
    ],
)
def test_an_order_number_is_found_in_every_notation(text):
    assert facts_in(f"Order {text} please").order_numbers == {"#W2611340"}
    assert facts_in(f"Order {text} please").numbers == frozenset()


def test_a_longer_number_is_no_order_number():
    assert facts_in("W26113400").order_numbers == frozenset()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It cost $1,234.50.", ["1234.50"]),
        ("536,65 EUR", ["536.65"]),
        ("on 2024.05.01", ["2024", "5", "1"]),
        ("2024-05-01", ["2024", "5", "1"]),
        ("tracking 357962501027", ["357962501027"]),
        ("within two working days", ["2"]),
        ("all three of your items", ["3"]),
        ("one of our colleagues", []),
        ("2 × Water Bottle", ["2"]),
        ("a 1000ml bottle", ["1000"]),
    ],
)
def test_numbers_are_read_as_values(text, values):
    assert facts_in(text).numbers == {Decimal(value) for value in values}


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("It arrives on Monday.", {"monday"}),
        ("by May 3", {"may"}),
        ("3 May", {"may"}),
        ("you may ask", set()),
        ("expected tomorrow or next week", {"tomorrow", "next week"}),
        ("How can I help you today?", set()),
        ("on 12 Dec 2025", {"dec"}),
    ],
)
def test_days_are_found_and_words_that_look_like_them_are_not(text, days):
    assert facts_in(text).days == days


def test_names_are_found_as_whole_words_in_any_case_and_number():
    names = {"Water Bottle", "Tablet", "Smart Watch", "Notebook"}
    assert named("Your water  bottles and the NOTEBOOK", names) == {"Water Bottle", "Notebook"}
    assert named("tabletop, smartwatch", names) == frozenset()


def test_a_code_is_said_only_as_a_whole():
    assert says("parcel 357962501027.", "357962501027")
    assert not says("parcel 3579625010271", "357962501027")


@pytest.mark.parametrize("text", ["#W2611340", "w2611340", "#W-261 1340", "2611340"])
def test_the_echoed_number_is_masked_in_every_notation(text):
    assert without_number(f"I cannot find {text}.", "#W2611340") == "I cannot find <number>."


def test_another_number_is_not_masked():
    assert without_number("#W2611341", "#W2611340") == "#W2611341"
