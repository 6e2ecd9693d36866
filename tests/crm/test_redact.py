"""Personal data goes out of a text; order numbers, dates and amounts stay."""

import pytest

from crm.redact import known_of, luhn, redact
from rapport.records import Customer

KNOWN = known_of(Customer(source="s", source_id="1", name="Freya Armitage", postcode="3511 AB"), ["Orla Byrne", None])


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Write to freya.a@mail.example please", "Write to [email] please"),
        ("Call me on +31 30 555 0142 or 030-555 01 42.", "Call me on [phone] or [phone]."),
        ("My card 4111 1111 1111 1111 was charged", "My card [card] was charged"),
        ("IBAN NL91 ABNA 0417 1643 00", "IBAN [account]"),
        ("I live at 3511ab and moved to SW1A 1AA", "I live at [postcode] and moved to [postcode]"),
        ("I am Freya Armitage, Freya's order; Orla knows", "I am [name], [name] order; [name] knows"),
    ],
)
def test_personal_data_is_replaced(text, redacted):
    assert redact(text, KNOWN) == redacted


@pytest.mark.parametrize(
    "text",
    ["Order LF-206708 of 2026-05-01, €1,249.90", "Tracking H3241145957IE, invoice RE-2026-0044", "5 May 2026, 10:30",
     "4111 1111 1111 1112 is no card", "#1042-77 and 0.50 off"],
)  # fmt: skip
def test_what_is_no_personal_data_stays(text):
    assert redact(text, KNOWN) == text


def test_check_digits_are_those_of_the_standard():
    assert luhn("79927398713")
    assert not luhn("79927398710")
