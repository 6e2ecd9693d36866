"""Find the values in a customer's words: numbers, e-mails, amounts, dates, postcodes, phones. Rules only, no model."""

import re
from collections.abc import Iterator
from datetime import date

from agent.dates import find_dates
from agent.number_shapes import NumberShapes, find_bare, find_shapes
from rapport.amounts import find_amounts
from rapport.records import number_key
from rapport.types import Entity

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}(?![\w-])")
_ORDER_CUE = (
    r"(?:orders?|bestell(?:ung|nummer)|auftrag|commande|pedido|bestelling|ordine|purchase)"
    r"(?:[ -]?(?:number|no|nr|num|nummer|id|n°|#))?"
)
_TOKEN = r"#?[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)*"
_CUED_ORDER = re.compile(rf"\b{_ORDER_CUE}\b[.:]?\s*(?:is|was|ist|est|es|:|=)?\s*(?P<number>{_TOKEN})", re.IGNORECASE)
_MARKED = re.compile(r"(?<![\w&#/])#\s?(?P<number>[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)*)")
# Letters with five digits or more, or groups of digits: looks like an order number in any shop.
_MIXED = re.compile(
    r"(?<![\w@./-])(?P<number>[A-Za-z]{1,5}[-_/ ]?\d{5,12}|[A-Za-z]{2,5}-\d{3,6}-\d{2,8}|\d{3,8}-\d{2,8})"
    r"(?![\w/-]|\.\w)"
)
_CUED_TRACKING = re.compile(
    r"\b(?:tracking|track\s*(?:&|and)\s*trace|sendungs|suivi|seguimiento)[\w -]{0,12}?"
    r"(?:number|no\.?|nr\.?|code|id|nummer)?"
    r"\s*(?:is|:|#)?\s*(?P<number>[A-Z0-9]{8,34})\b",
    re.IGNORECASE,
)
_TRACKING = re.compile(r"\b(?P<number>1Z[0-9A-Z]{16}|[A-Z]{2}\d{9}[A-Z]{2})\b")
_PHONE = re.compile(r"(?<![\w#.-])(?P<number>(?:\+|00|\(?0)\d[\d ()/.-]{6,18}\d)(?![\w-])")
_CUED_PHONE = re.compile(
    r"\b(?:phone|mobile|cell|telephone|tel|call me (?:at|on|back on))\b[\w .:]{0,14}?"
    r"(?P<number>\(?\d[\d ()/.-]{6,18}\d)",
    re.I,
)
_POSTCODE_CUE = re.compile(
    r"\b(?:post ?code|postal code|zip(?: code)?|plz|postleitzahl|code postal|c[óo]digo postal|eircode)\b", re.IGNORECASE
)
_POSTCODE = re.compile(
    r"(?<![\w#@.,-])(?P<number>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|[A-Z]\d[\dW] ?[A-Z\d]{4}"
    r"|[A-Z]\d[A-Z] ?\d[A-Z]\d"
    r"|(?:[A-Z]{1,2}-)?\d{4,6}(?:-\d{4})?)(?![\w@]|[.,-]\d)",
    re.IGNORECASE,
)

Candidate = tuple[str, int, int, str]


def find_entities(
    text: str, *, today: date, shapes: NumberShapes | None = None, locale: str = "en", postcode_asked: bool = False
) -> tuple[Entity, ...]:
    """The values in the text, in its order, none overlapping; `text[start:end]` is the entity's text.

    shapes: what the company's own numbers look like. postcode_asked: a bare number may be the postcode we asked for.
    Values are normalised: numbers to capitals and digits, amounts to "12.50 EUR", dates to ISO 8601, phones to digits.
    """
    known = shapes or NumberShapes()
    taken: list[Candidate] = []
    for candidate in _candidates(text, today, known, locale, postcode_asked):
        _kind, start, end, _value = candidate
        if all(end <= other[1] or start >= other[2] for other in taken):
            taken.append(candidate)
    ordered = sorted(taken, key=lambda candidate: candidate[1])
    return tuple(
        Entity(kind=kind, text=text[start:end], value=value, start=start, end=end)
        for kind, start, end, value in ordered
    )


def _candidates(text: str, today: date, shapes: NumberShapes, locale: str, postcode_asked: bool) -> Iterator[Candidate]:
    """Surest first: where two overlap, the earlier one stays."""
    digits = any(character.isdigit() for character in text)
    yield from (("email", match.start(), match.end(), match[0].lower()) for match in EMAIL.finditer(text))
    if digits:
        yield from (("invoice", *found) for found in find_shapes(text, shapes.invoice))
        yield from (("order_number", *found) for found in find_shapes(text, shapes.order))
        yield from _trackings(text, shapes)
        yield from (
            ("amount", found.start, found.end, f"{found.value} {found.currency}") for found in find_amounts(text)
        )
    yield from (("date", *found) for found in find_dates(text, today=today, day_first=locale.lower() != "en-us"))
    if digits:
        yield from _phones(text)
        if _POSTCODE_CUE.search(text):
            yield from _postcodes(text)
        yield from (("order_number", *found) for found in find_bare(text, shapes.order))
        yield from _generic_numbers(text)
        if postcode_asked or EMAIL.search(text):
            yield from _postcodes(text)


def _trackings(text: str, shapes: NumberShapes) -> Iterator[Candidate]:
    yield from (("tracking", *found) for found in find_shapes(text, shapes.tracking))
    for pattern in (_TRACKING, _CUED_TRACKING):
        for match in pattern.finditer(text):
            if sum(character.isdigit() for character in match["number"]) >= 5:
                yield "tracking", *match.span("number"), number_key(match["number"])


def _generic_numbers(text: str) -> Iterator[Candidate]:
    for pattern, least_digits in ((_CUED_ORDER, 3), (_MARKED, 2), (_MIXED, 4)):
        for match in pattern.finditer(text):
            number = match["number"]
            if sum(character.isdigit() for character in number) >= least_digits:
                start = match.start() if pattern is _MARKED else match.start("number")
                yield "order_number", start, match.end("number"), number_key(number)


def _phones(text: str) -> Iterator[Candidate]:
    for pattern in (_PHONE, _CUED_PHONE):
        for match in pattern.finditer(text):
            number = match["number"]
            digits = "".join(character for character in number if character.isdigit())
            if 8 <= len(digits) <= 15:
                yield "phone", *match.span("number"), ("+" if number.startswith("+") else "") + digits


def _postcodes(text: str) -> Iterator[Candidate]:
    for match in _POSTCODE.finditer(text):
        yield "postcode", *match.span("number"), match["number"].upper()
