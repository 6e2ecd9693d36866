"""Find the values in a text that must not be invented: dates, numbers, amounts, e-mails, links.

Each comes in one canonical form, so that "3 March 2026" equals "2026-03-03" and "€47.80" equals "47.8".
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from prompts.slots import MONTHS, SIGNS
from rapport.records import number_key

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"(?:https?://|www\.)[^\s)\]>\"”]+", re.IGNORECASE)
# A link without its beginning: "shop.example/now".
_BARE_LINK = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:[a-z]{2,}/[^\s)\]>\"”]*|(?:com|net|org|info|biz|example|shop|store|app|eu|uk|de|fr|nl|es)\b)"
)
CITATION = re.compile(r"\[(\d{1,2})\]")
_MONTH = {name[:3].casefold(): place for place, name in enumerate(MONTHS, start=1)}
_NAMES = "|".join(f"{name[:3]}(?:{name[3:]})?" if name[3:] else name for name in MONTHS).replace("Sep(?:", "Sept?(?:")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?:T[\d:.+-]+Z?)?")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_NAMES})\b\.?,?(?: (\d{{4}}))?", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b({_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b,?(?: (\d{{4}}))?", re.IGNORECASE)
_NUMBER = re.compile(r"#?(?:[^\W\d_]{1,6}-)?[^\W_]*\d[^\W_]*(?:[.,/:'-][^\W_]*\d[^\W_]*)*")
_SPAN = re.compile(r"(\d{1,4})-(\d{1,4})")
_PLAIN_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th|x|s)", re.IGNORECASE)
_WORD_NUMBERS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", 
    "ten": "10",
    "eleven": "11", "twelve": "12", "fourteen": "14", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40",
    "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100",
}  # fmt: skip
_WORDS = re.compile(rf"\b(?:{'|'.join(_WORD_NUMBERS)})\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|tonight|yesterday|next (?:week|month))\b", re.I
)
_CURRENCY = re.compile(rf"[{re.escape(''.join(SIGNS.values()))}]|\b(?:{'|'.join(SIGNS)}|CHF|euros?|dollars?|pounds?)\b")
_CODES = {sign: code for code, sign in SIGNS.items()} | {"euro": "EUR", "dollar": "USD", "pound": "GBP"}


@dataclass(frozen=True, slots=True)
class Span:
    """One value where it stands in a text. kind: a name of `_ORDER`; forms: its canonical forms."""

    start: int
    end: int
    kind: str
    forms: tuple[str, ...]


@lru_cache(maxsize=4096)
def values_in(text: str) -> frozenset[str]:
    """The canonical values of a text: "2026-03-03", "47.8", "W2611340", "EUR", "tomorrow", e-mails and links."""
    return frozenset(form for span in spans_in(text) for form in span.forms)


@lru_cache(maxsize=4096)
def spans_in(text: str) -> tuple[Span, ...]:
    """The values of a text with their places, in order; none overlaps another."""
    found: list[Span] = []
    rest = text
    for name, pattern in _ORDER:
        for match in pattern.finditer(rest):
            found.append(Span(match.start(), match.end(), name, _canonical(name, match)))
        rest = pattern.sub(_blank, rest)
    return tuple(sorted(found, key=lambda span: span.start))


def _blank(match: re.Match[str]) -> str:
    """As many spaces, so that what follows keeps its place."""
    return " " * (match.end() - match.start())


_ORDER: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("link", LINK),
    ("email", EMAIL),
    ("link", _BARE_LINK),
    ("iso", _ISO),
    ("day", _DAY_FIRST),
    ("month", _MONTH_FIRST),
    ("currency", _CURRENCY),
    ("number", _NUMBER),
    ("word", _WORDS),
    ("when", _WHEN),
)


def _canonical(name: str, match: re.Match[str]) -> tuple[str, ...]:
    text = match[0]
    if name in ("link", "email"):
        return (text.rstrip(".,;:!?").casefold(),)
    if name == "iso":
        # the day alone, too: a reply may leave out the year
        return (f"{match[1]}-{match[2]}-{match[3]}", f"{match[2]}-{match[3]}")
    if name == "day":
        return _date(match[3], match[2], match[1])
    if name == "month":
        return _date(match[3], match[1], match[2])
    if name == "currency":
        return (_CODES.get(text.casefold().removesuffix("s"), _CODES.get(text, text.upper())),)
    if name == "word":
        return (_WORD_NUMBERS[text.casefold()],)
    if name == "number":
        span = _SPAN.fullmatch(text)  # "3-5 days" says three and five
        return (number_form(span[1]), number_form(span[2])) if span else (number_form(text),)
    return (text.casefold(),)


def _date(year: str | None, month: str, day: str) -> tuple[str, ...]:
    short = f"{_MONTH[month[:3].casefold()]:02d}-{int(day):02d}"
    return (f"{year}-{short}", short) if year else (short,)


def number_form(text: str) -> str:
    """A number or an identifier in one form: "1,380.50" -> "1380.5", "#w-261" -> "W261", "14th" -> "14"."""
    if ordinal := _ORDINAL.fullmatch(text):
        return ordinal[1]
    if not _PLAIN_NUMBER.fullmatch(text):
        return number_key(text)
    plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text) else text.replace(",", ".")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0" if len(plain) < 4 else plain
