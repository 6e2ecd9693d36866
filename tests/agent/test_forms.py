"""A question, a request and a report are told apart by their words."""

import pytest

from agent.clauses import split_clauses
from agent.forms import (
    asks_question,
    asks_what_to_do,
    in_general,
    names_topic,
    requests_change,
    wants_invoice_corrected,
)


@pytest.mark.parametrize(
    "text", ["May I return socks?", "which products can't be returned", "I paid by card, how fast is the refund?"]
)
def test_a_question_is_no_request(text):
    assert asks_question(text)
    assert not requests_change(text)


@pytest.mark.parametrize(
    "text", ["please cancel my order", "can you change my address?", "I'd like a bigger size", "return this"]
)
def test_a_request_is_no_question(text):
    assert requests_change(text)
    assert not asks_question(text)


def test_what_the_company_can_do_is_no_request():
    assert not requests_change("Can you repair a broken zip?")


@pytest.mark.parametrize("text", ["my tent arrived broken", "you sent the wrong shoes", "returns"])
def test_a_report_or_a_topic_is_neither(text):
    assert not asks_question(text)
    assert not requests_change(text)


@pytest.mark.parametrize(
    ("text", "general"),
    [
        ("How long does it take until I get my money back?", True),
        ("My parcel is late, what can I do?", True),
        ("where do I find my invoice?", True),
        ("Where is my order?", False),
        ("When will it arrive?", False),
        ("has my order shipped", False),
        ("my parcel is late", False),
    ],
)
def test_how_it_goes_is_told_from_how_it_stands(text, general):
    assert in_general(text) is general


def test_the_way_on_is_asked_for():
    assert asks_what_to_do("so what now?")
    assert not asks_what_to_do("what is this")


def test_a_topic_is_named_without_asking_anything_of_it():
    assert names_topic("returns")
    assert names_topic("What is your return policy?")
    assert not names_topic("May I return socks?")


def test_the_occasion_of_a_question_stays_with_it():
    whole = "I paid with PayPal, how fast is the refund?"
    assert [clause.text for clause in split_clauses(whole)] == [whole]
    assert len(split_clauses("where is my order, how do I return it?")) == 2


def test_a_greeting_is_cut_from_the_request_behind_it():
    assert [clause.text for clause in split_clauses("Bonjour, où est ma commande ?")] == [
        "Bonjour",
        "où est ma commande ?",
    ]


@pytest.mark.parametrize(
    ("text", "corrected"),
    [("the invoice needs my company name on it", True), ("can you change the billing name on my invoice?", True),
     ("my name on the invoice is wrong", True), ("please make the invoice out to my company", True),
     ("I need the invoice for my business", False), ("which address is on the invoice?", False),
     ("put my company name on the account", False), ("send the invoice to my accountant", False)],
)  # fmt: skip
def test_a_corrected_invoice_is_told_from_an_invoice(text, corrected):
    assert wants_invoice_corrected(text) == corrected
