"""Find where a text states dates, amounts, numbers and the like, in whatever notation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from prompts.slots import MONTHS
from rapport.amounts import find_amounts, parse_amount
from rapport.text import EMAIL, LINK

Kind = Literal["date", "amount", "other"]
_NAMES = "|".join(sorted({name[:3] for name in MONTHS} | {"Sept"} | set(MONTHS), key=len, reverse=True))
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tue|wed|thu|fri|sat|sun)\.?),?\s+(?:the\s+)?"
_DOT = r"(?:\.(?=,?\s+\d{4}))?"  # of an abbreviation, not of the sentence
_YEAR = r"(?:,?\s+(?P<year>\d{4})|\s*['’](?P<short>\d{2}))?"
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:T[\d:.+-]+Z?)?\b"),
    re.compile(
        rf"(?:\b{_WEEKDAY})?\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?(?:\s+of)?\s+(?P<name>{_NAMES})\b{_DOT}{_YEAR}", re.I
    ),
    re.compile(
        rf"(?:\b{_WEEKDAY})?\b(?P<name>{_NAMES})\b\.?\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}", re.I
    ),
    re.compile(r"(?<![\w/.-])(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<year>\d{4}|\d{2})(?![\w/-]|\.\d)"),
)
_COUNTS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|thirty|forty|fifty|sixty|"
_WHEN = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|tonight|yesterday|next (?:week|month)"
_OTHERS = (
    LINK,
    EMAIL,
    re.compile(r"#?(?:[^\W\d_]{1,6}-)?[^\W_]*\d[^\W_]*(?:[.,/:'-][^\W_]*\d[^\W_]*)*%?"),
    re.compile(rf"\b(?:{_COUNTS}ninety|hundred|dozen|{_WHEN})\b", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A value at `text[start:end]`. days: what the date may be; year None where it is not written."""

    start: int
    end: int
    kind: Kind
    days: tuple[tuple[int | None, int, int], ...] = ()
    amount: Decimal | None = None

    def is_day(self, iso: str) -> bool:
        """Whether it may be that day."""
        day = date.fromisoformat(iso[:10])
        return any(month == day.month and number == day.day and year in (None, day.year)
                   for year, month, number in self.days)  # fmt: skip


def stated_in(text: str) -> list[Stated]:
    """All values that a text states, in its order, none inside another."""
    taken: list[Stated] = []
    for found in (*_dates(text), *_amounts(text), *_rest(text)):
        if not any(found.start < other.end and other.start < found.end for other in taken):
            taken.append(found)
    return sorted(taken, key=lambda found: found.start)


def _dates(text: str) -> Iterator[Stated]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if days := tuple(_days(match.groupdict())):
                yield Stated(match.start(), match.end(), "date", days)


def _days(parts: dict[str, str | None]) -> Iterator[tuple[int | None, int, int]]:
    written = parts.get("year") or parts.get("short")
    year = (int(written) if len(written) == 4 else 2000 + int(written)) if written else None
    if parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second"] or 0)
        pairs = dict.fromkeys(((second, first), (first, second)))  # the day or the month comes first
    elif name := parts.get("name"):
        pairs = {(next(at for at, month in enumerate(MONTHS, 1) if month[:3].casefold() == name[:3].casefold()),
                  int(parts["day"] or 0)): None}  # fmt: skip
    else:
        pairs = {(int(parts["month"] or 0), int(parts["day"] or 0)): None}
    for month, day in pairs:
        if 1 <= month <= 12 and 1 <= day <= 31:
            yield year, month, day


def _amounts(text: str) -> Iterator[Stated]:
    for found in find_amounts(text):
        yield Stated(found.start, found.end, "amount", amount=found.value)
    for match in re.finditer(r"(?<![\w.,#-])\d{1,6}[.,]\d{2}(?![\w%-]|[.,]\d)", text):  # without its currency
        yield Stated(match.start(), match.end(), "amount", amount=parse_amount(match[0]))


def _rest(text: str) -> Iterator[Stated]:
    for pattern in _OTHERS:
        for match in pattern.finditer(text):
            yield Stated(match.start(), match.end(), "other")
