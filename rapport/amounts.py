"""Amounts of money in a text, however they are written: "€1.234,56", "30 quid", "CHF 12.-"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD",
    "dollars": "USD", "bucks": "USD", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
    "chf": "CHF", "franken": "CHF", "francs": "CHF", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN",
    "zł": "PLN", "¥": "JPY", "jpy": "JPY", "yen": "JPY", "cad": "CAD", "aud": "AUD",
}  # fmt: skip
_CURRENCY = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_QUANTITY = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?:(?P<before>{_CURRENCY})\s?(?P<first>{_QUANTITY})(?:[.,][-–]{{1,2}})?"
    rf"|(?P<second>{_QUANTITY})(?:[.,][-–]{{1,2}})?\s?(?P<after>{_CURRENCY}))(?![\w]|[.,]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Money found in a text at `text[start:end]`. currency: ISO 4217."""

    start: int
    end: int
    value: Decimal
    currency: str


def find_amounts(text: str) -> Iterator[Amount]:
    """The amounts of a text in its order."""
    for match in _AMOUNT.finditer(text):
        number = match["first"] or match["second"]
        currency = _CURRENCIES[(match["before"] or match["after"]).lower()]
        yield Amount(match.start(), match.end(), parse_amount(number), currency)


def parse_amount(text: str) -> Decimal:
    """A written amount as a number with two decimals: "1.234,56", "1,234.56", "1'234" and "12,5" alike.

    The last separator is the decimal one if one or two digits follow it; every other one groups thousands.
    """
    last = max(text.rfind("."), text.rfind(","))
    decimals = text[last + 1 :] if last >= 0 and len(text) - last <= 3 else ""
    whole = "".join(character for character in (text[:last] if decimals else text) if character.isdigit())
    return Decimal(f"{whole}.{decimals or '0'}").quantize(Decimal("0.01"))
