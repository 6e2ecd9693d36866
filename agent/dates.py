"""Find dates in a customer's words, absolute and relative to today. Knows nothing of the rest of a message."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

_MONTHS = (
    "jan january januar janvier enero januari janv ene",
    "feb february februar février fevrier febrero februari févr",
    "mar march märz maerz mars marzo maart",
    "apr april avril abril avr abr",
    "may mai mayo mei",
    "jun june juni juin junio",
    "jul july juli juillet julio juil",
    "aug august août aout agosto augustus ago",
    "sep sept september septembre septiembre",
    "oct october oktober okt octobre octubre",
    "nov november novembre noviembre",
    "dec december dezember dez décembre decembre diciembre dic",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon montag lundi lunes maandag",
            "tuesday tue tues dienstag mardi martes dinsdag",
            "wednesday wed mittwoch mercredi miércoles woensdag",
            "thursday thu thur thurs donnerstag jeudi jueves donderdag",
            "friday fri freitag vendredi viernes vrijdag",
            "saturday sat samstag samedi sábado zaterdag",
            "sunday sun sonntag dimanche domingo zondag",
        )
    )
    for name in names.split()
}
_FIXED = {
    "day before yesterday": -2,
    "day after tomorrow": 2,
    "yesterday": -1,
    "tomorrow": 1,
    "today": 0,
    "vorgestern": -2,
    "gestern": -1,
    "heute": 0,
    "aujourd'hui": 0,
    "ayer": -1,
    "gisteren": -1,
}
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_UNIT_DAYS = {"day": 1, "week": 7, "fortnight": 14}

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_LONG_WEEKDAYS = "|".join(sorted((name for name in WEEKDAYS if len(name) > 4), key=len, reverse=True))
_ISO = re.compile(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\w-])")
_NUMERIC = re.compile(r"(?<![\w./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-]|\.\d)")
_DAY_FIRST = re.compile(
    rf"(?<![\w.])(\d{{1,2}})(?:st|nd|rd|th|\.|er)?\s+(?:of\s+|de\s+)?({_MONTH})\b\.?(?:,?\s+(?:de\s+)?(\d{{4}}))?(?!\w)",
    re.I,
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w)({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(\d{{4}}))?(?![\w]|[.:]\d)", re.I
)
_WORDS = re.compile(rf"\b(?:{'|'.join(_FIXED)})\b", re.I)
_AGO = re.compile(rf"\b(\d{{1,3}}|{'|'.join(_COUNTS)}|a couple of)\s+(day|week|fortnight|month)s?\s+ago\b", re.I)
_WEEKDAY = re.compile(rf"\b(last|this|next|past|on|since)\s+({_LONG_WEEKDAYS})\b", re.I)
_SPAN = re.compile(r"\b(last|this|next)\s+(week|month)\b", re.I)

Found = tuple[int, int, str]


def find_dates(text: str, *, today: date, day_first: bool = True) -> Iterator[Found]:
    """(start, end, value) of each date; value is ISO 8601: a day, a week (2026-W09) or a month (2026-02).

    A day without a year is the one nearest to today. "on Tuesday" and "last Tuesday" are the last one before today.
    day_first: whether 3/4/2026 is the 3rd of April; where one number is above 12 it decides by itself.
    """
    for match in _ISO.finditer(text):
        yield from _made(match, _day(int(match[1]), int(match[2]), int(match[3])))
    for match in _NUMERIC.finditer(text):
        yield from _made(match, _numeric(match, day_first))
    for match in _DAY_FIRST.finditer(text):
        yield from _made(match, _nearest(int(match[1]), MONTHS[match[2].lower()], match[3], today))
    for match in _MONTH_FIRST.finditer(text):
        yield from _made(match, _nearest(int(match[2]), MONTHS[match[1].lower()], match[3], today))
    yield from _relative(text, today)


def _relative(text: str, today: date) -> Iterator[Found]:
    for match in _WORDS.finditer(text):
        yield from _made(match, today + timedelta(days=_FIXED[match[0].lower()]))
    for match in _AGO.finditer(text):
        count = 2 if match[1].lower() == "a couple of" else _COUNTS.get(match[1].lower()) or int(match[1])
        if match[2].lower() == "month":
            yield match.start(), match.end(), _month(today, -count)
        else:
            yield from _made(match, today - timedelta(days=count * _UNIT_DAYS[match[2].lower()]))
    for match in _WEEKDAY.finditer(text):
        yield from _made(match, _weekday(match[1].lower(), WEEKDAYS[match[2].lower()], today))
    for match in _SPAN.finditer(text):
        step = {"last": -1, "this": 0, "next": 1}[match[1].lower()]
        year, week, _ = (today + timedelta(weeks=step)).isocalendar()
        value = f"{year}-W{week:02d}" if match[2].lower() == "week" else _month(today, step)
        yield match.start(), match.end(), value


def _made(match: re.Match[str], day: date | None) -> Iterator[Found]:
    if day is not None:
        yield match.start(), match.end(), day.isoformat()


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # 31.02. is no date; the words are left alone
        return None


def _numeric(match: re.Match[str], day_first: bool) -> date | None:
    first, second = int(match[1]), int(match[3])
    year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
    if match[2] == "." or first > 12 or (day_first and second <= 12):
        return _day(year, second, first)
    return _day(year, first, second)


def _nearest(day: int, month: int, year: str | None, today: date) -> date | None:
    if year:
        return _day(int(year), month, day)
    candidates = [_day(today.year + step, month, day) for step in (-1, 0, 1)]
    possible = [candidate for candidate in candidates if candidate]
    return min(possible, key=lambda candidate: abs((candidate - today).days), default=None)


def _weekday(word: str, weekday: int, today: date) -> date:
    if word in ("this", "next"):
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)


def _month(today: date, step: int) -> str:
    months = today.year * 12 + today.month - 1 + step
    return f"{months // 12}-{months % 12 + 1:02d}"
