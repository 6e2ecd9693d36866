"""Take personal data out of a text: e-mail addresses, phone, card and account numbers, postcodes, names.

Each becomes a word in square brackets that says what stood there. Names and postcodes are found where they are known
to belong to somebody; the rest by its form.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapport.records import Customer
from rapport.text import EMAIL

EMAIL_WORD, PHONE_WORD, CARD_WORD = "[email]", "[phone]", "[card]"
ACCOUNT_WORD, POSTCODE_WORD, NAME_WORD = "[account]", "[postcode]", "[name]"
WORDS = (EMAIL_WORD, PHONE_WORD, CARD_WORD, ACCOUNT_WORD, POSTCODE_WORD, NAME_WORD)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")  # IBAN
# With a plus or a leading 0, in groups: order numbers have neither, or stand without gaps behind letters.
_PHONE = re.compile(
    r"(?<![\w#.-])(?:\+\d{1,3}|\(?00?\d{1,4}\)?)(?:[ ()/.-]{1,3}\d{2,5}){2,5}(?!\w)|(?<![\w#-])\+\d{8,14}\b"
)
_UK_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")
_DUTCH_POSTCODE = re.compile(r"\b[1-9]\d{3} [A-Z]{2}\b")
SHORTEST_NAME = 3  # a name of two letters is a word of some language


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the people in a text. names: whole ones; each of their words counts too."""

    names: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()


def known_of(customer: Customer | None, others: Iterable[str | None] = ()) -> Known:
    """What to look for in a conversation of this customer. others: names of the staff that wrote in it."""
    names = [customer.name if customer else None, *others]
    postcode = customer.postcode if customer else None
    return Known(tuple(name for name in names if name), (postcode,) if postcode else ())


def redact(text: str, known: Known = Known()) -> str:
    """The text without personal data."""
    text = EMAIL.sub(EMAIL_WORD, text)
    text = _ACCOUNT.sub(ACCOUNT_WORD, text)
    text = _CARD.sub(lambda match: CARD_WORD if luhn(match[0]) else match[0], text)
    text = _PHONE.sub(PHONE_WORD, text)
    for postcode in known.postcodes:
        pieces = (re.escape(character) for character in postcode if not character.isspace())
        text = re.sub(rf"(?<!\w){' ?'.join(pieces)}(?!\w)", POSTCODE_WORD, text, flags=re.IGNORECASE)
    for pattern in (_UK_POSTCODE, _DUTCH_POSTCODE):
        text = pattern.sub(POSTCODE_WORD, text)
    return _names(text, known.names)


def luhn(digits: str) -> bool:
    """Whether a number has the check digit of payment cards. Source: ISO/IEC 7812-1."""
    numbers = [int(character) for character in digits if character.isdigit()][::-1]
    doubled = (sum(divmod(2 * number, 10)) for number in numbers[1::2])
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _names(text: str, names: Iterable[str]) -> str:
    """Without the names: whole, then word by word, where they are written with a capital."""
    for name in names:
        words = name.split()
        for piece in (r"\s+".join(map(re.escape, words)), *map(re.escape, words)):
            if len(piece) >= SHORTEST_NAME:
                found = re.compile(rf"(?<!\w){piece}(?:[’']s)?(?!\w)", re.IGNORECASE)
                text = found.sub(lambda match: NAME_WORD if match[0][0].isupper() else match[0], text)
    return re.sub(rf"{re.escape(NAME_WORD)}(?:\s+{re.escape(NAME_WORD)})+", NAME_WORD, text)
