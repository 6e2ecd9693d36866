"""Find the facts that a text states: numbers, days, product names, statuses, order numbers.

Written for judging replies. It shares no code with the agent, whose own checks may be what is at fault.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

ORDER_NUMBER = re.compile(r"(?:#\s?)?\bW[\s\-.]?\d(?:[\s\-.]?\d){6}\b", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
DECIMAL = re.compile(r"\d+(?:[.,]\d{1,2})?")
COUNT_WORDS = dict(
    zip(
        (
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "twenty",
            "thirty",
        ),
        (*range(2, 13), 20, 30),
        strict=True,
    )
)
COUNTED = re.compile(
    rf"\b({'|'.join(COUNT_WORDS)})\b(?:\s+\w+){{0,2}}?\s+"
    r"(?:minutes?|hours?|days?|weeks?|months?|items?|things?|products?|pieces?|parcels?|packages?|orders?|payments?)\b",
    re.IGNORECASE,
)
DAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|april|june|july|august|september|october"
    r"|november|december|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?(?=\s?\d)|(?<=\d )(?:jan|feb|mar|apr|may"
    r"|jun|jul|aug|sept?|oct|nov|dec)\b|(?:march|may)(?=\s\d)|tomorrow|yesterday|tonight"
    r"|(?:this|next|last) (?:week|month|year|morning|afternoon|evening))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text states. order_numbers as "#W2611340"; days in lower case."""

    order_numbers: frozenset[str]
    numbers: frozenset[Decimal]
    days: frozenset[str]


def facts_in(text: str) -> Facts:
    """The order numbers, other numbers (also "two items") and days that a text names."""
    order_numbers = frozenset(_order_number(found.group()) for found in ORDER_NUMBER.finditer(text))
    rest = ORDER_NUMBER.sub(" ", text)
    numbers = {number for found in NUMBER.finditer(rest) for number in _values(found.group())}
    numbers |= {Decimal(COUNT_WORDS[found.group(1).lower()]) for found in COUNTED.finditer(rest)}
    return Facts(order_numbers, frozenset(numbers), frozenset(day.group().lower() for day in DAY.finditer(rest)))


def named(text: str, names: Iterable[str]) -> frozenset[str]:
    """Which of the names a text says, in the singular or plural, in any case, as whole words."""
    return frozenset(name for name in names if says(text, name))


def says(text: str, value: str) -> bool:
    """Whether a text has a value as whole words, in any case and with any white space."""
    words = r"\s+".join(re.escape(word) for word in value.split())
    return re.search(rf"(?<!\w){words}(?:s|es)?(?!\w)", text, re.IGNORECASE) is not None


def without_number(text: str, number: str) -> str:
    """The text with one order number, in whatever notation, also its digits alone, replaced by a mark."""
    digits = r"[\s\-.]*".join(number.lstrip("#W"))
    return re.sub(rf"(?:#\s?)?\b(?:W[\s\-.]*)?{digits}\b", "<number>", text, flags=re.IGNORECASE)


def _order_number(text: str) -> str:
    return "#" + "".join(sign for sign in text.upper() if sign.isalnum())


def _values(token: str) -> list[Decimal]:
    """The values that a token may stand for: "1,234.50" is one, "2024.05.01" is three."""
    if THOUSANDS.fullmatch(token):
        return [Decimal(token.replace(",", ""))]
    if DECIMAL.fullmatch(token):
        return [Decimal(token.replace(",", "."))]
    return [Decimal(part) for part in re.split(r"[.,]", token)]
