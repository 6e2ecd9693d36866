"""Names of people, brands and places stand in the evidence or the conversation, or are refused."""

import pytest

from agent.check_names import unknown_names

ARTICLE = "We deliver with Heron Parcel to Portugal. Open My orders and press Return."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("It was sent with DHL.", "name DHL"),
        ("Ask for Karim at the counter.", "name Karim"),
        ("Heron Parcel and Swift Lane deliver.", "name Swift Lane"),
        ("Anna Berg ordered it.", "name Anna Berg"),
        ("Karim's parcel is on the van.", "name Karim's"),
        ("We ship to Japan.", "name Japan"),
    ],
)
def test_a_name_that_nobody_gave_is_refused(verdict_on, text, name):
    assert name in verdict_on(text, articles=[ARTICLE]).ungrounded


@pytest.mark.parametrize(
    "text",
    [
        "We deliver with Heron Parcel to Portugal.",
        "Open My orders. Then press Return, or “Return it”.",
        "Hello Lotte, I don't find that. Would you like a colleague?",
        "I'm Tarn & Co's assistant. You find the FAQ and the PDF there.",
        "Nothing is here: Everything is on the page.",
        "Thanks for asking about the Osprey!",
    ],
)
def test_names_of_the_evidence_and_the_conversation_pass(verdict_on, text):
    assert verdict_on(text, articles=[ARTICLE], question="I'm Lotte, do you have the Osprey?").ungrounded == ()


def test_a_note_in_the_customers_language_is_read_as_such(verdict_on):
    text = "I couldn't find that. Soll ich eine Kollegin oder einen Kollegen hinzuholen?"
    assert verdict_on(text, locale="de").passed


def test_pieces_of_numbers_and_addresses_are_no_names():
    assert unknown_names("See LF-203118, Xy9 and a@Berg.example, https://Shop.example/A.", frozenset()) == []
