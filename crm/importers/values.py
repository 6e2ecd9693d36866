"""Read single values as files write them: text, money, numbers, dates, yes and no, options.

Each function raises BadRow with the field, the value and what would be right; none guesses between two readings.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from rapport.errors import BadRow, UserError
from rapport.records import Scalar

_YES = {"true", "yes", "y", "1", "t", "on", "available", "in stock"}
_NO = {"false", "no", "n", "0", "f", "off", "unavailable", "out of stock", "sold out"}
_CURRENCY = re.compile(
    r"^(?P<sign>[-+]?)\s*(?:[A-Z]{3}\s*|[^\w\s.,()+-]{1,2}\s*)?(?P<number>[-+]?[\d.,'  ]*\d)"
    r"\s*(?:[A-Z]{3}|[^\w\s.,()+-]{1,2})?$"
)
_ISO_DAY = re.compile(r"\d{4}[-/]\d\d[-/]\d\d")
_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")  # most amounts; the others take the longer way
_EPOCH = {10: 1, 13: 1000}  # digits -> ticks a second: 2001 to 2286


def shown(value: Any) -> str:
    """A value as an error message names it, cut at 60 characters."""
    written = repr(value)
    return written if len(written) <= 60 else f"{written[:57]}…"


def text(field: str, value: Any) -> str:
    """Text without spaces around it; numbers as they are written. NUL and half surrogates are refused."""
    if isinstance(value, str):
        stripped = value.strip()
        if not stripped.isascii() and not _encodable(stripped):
            raise BadRow(f"{field} holds a character that is not valid Unicode.", hint="Save the file as UTF-8.")
        if "\0" in stripped:
            raise BadRow(f"{field} holds a NUL character.", hint="Remove it.")
        return stripped.replace("\r\n", "\n") if "\r" in stripped else stripped
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date):
        raise BadRow(f"{field} is {shown(value)}, not text.")
    return value.isoformat() if isinstance(value, date) else str(value)


def money(field: str, value: Any) -> Decimal:
    """An amount, with or without a currency sign: 12.5, "€ 12,50", "$1,234.50", "1.234,50 EUR", "(12.50)"."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return Decimal(value)
    if isinstance(value, bool):
        raise BadRow(f"{field} is {shown(value)}, not an amount.")
    if isinstance(value, int | float | Decimal):
        return _finite(field, Decimal(str(value)))
    written = text(field, value)
    negative = written.startswith("(") and written.endswith(")")
    found = _CURRENCY.match(written[1:-1].strip() if negative else written) if len(written) < 60 else None
    if not found:
        raise BadRow(f"{field} is {shown(value)}, not an amount.", hint="Write it like 1234.50.")
    amount = _finite(field, _decimal(field, found["sign"] + found["number"]))
    return -amount if negative else amount


def whole(field: str, value: Any) -> int:
    """A whole number; 3.0 is one, 3.5 is not."""
    amount = money(field, value)
    if amount != amount.to_integral_value() or abs(amount) >= 2**63:
        raise BadRow(f"{field} is {shown(value)}, not a whole number.")
    return int(amount)


def flag(field: str, value: Any) -> bool:
    """Yes or no in the usual spellings."""
    if isinstance(value, bool):
        return value
    word = text(field, value).casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise BadRow(f"{field} is {shown(value)}, neither yes nor no.", hint="Write true or false.")


def moment(field: str, value: Any, zone: tzinfo, *, date_format: str | None = None) -> datetime:
    """A point in time in UTC: ISO 8601, seconds or milliseconds since 1970, or `date_format`.

    zone: what a time without one means. A date alone is its first moment there.
    """
    try:
        return _utc(_read_moment(field, value, date_format), zone)
    except (ValueError, OverflowError):
        wrong = f"{field} is {shown(value)}"
    if date_format:
        raise BadRow(f"{wrong}, which does not fit --date-format {date_format}.")
    certain = isinstance(value, str) and _ISO_DAY.match(value.strip())
    said = "which names no day and time" if certain else "not a date whose order of day and month is certain"
    raise BadRow(
        f"{wrong}, {said}.",
        hint="Write it like 2026-11-21 or 2026-11-21T14:30:00+01:00, or give --date-format such as %d.%m.%Y.",
    )


def _read_moment(field: str, value: Any, date_format: str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    written = text(field, value)
    if date_format:
        return datetime.strptime(written, date_format)
    if written.isdecimal():
        if len(written) in _EPOCH:
            return datetime.fromtimestamp(int(written) / _EPOCH[len(written)], UTC)
        if len(written) != 8:  # 20261121 is a date, 2026 is not
            raise ValueError(written)
    return datetime.fromisoformat(written.removesuffix(" UTC").replace("/", "-"))


def pairs(field: str, value: Any) -> dict[str, str]:
    """Named values: a JSON object, or "color=blue; size=M" (also ":" and "," as separators)."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = parsed(field, value)
    if isinstance(value, Mapping):
        return {text(field, name): text(field, inner) for name, inner in value.items() if inner not in (None, "")}
    found: dict[str, str] = {}
    written = text(field, value)
    for part in written.split(";" if ";" in written else ","):
        name, separator, inner = part.partition("=" if "=" in part else ":")
        if not separator or not name.strip() or not inner.strip():
            raise BadRow(f"{field} is {shown(value)}, not names with values.", hint="Write it like color=blue; size=M.")
        found[name.strip()] = inner.strip()
    return found


def words(field: str, value: Any) -> tuple[str, ...]:
    """A list of tags: a JSON array, or text separated by ";", "|" or ","."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = parsed(field, value)
    if not isinstance(value, list | tuple):
        written = text(field, value)
        value = re.split(r"[;|]" if re.search(r"[;|]", written) else ",", written)
    return tuple(dict.fromkeys(word for word in (text(field, item) for item in value) if word))


def scalar(field: str, value: Any) -> Scalar:
    """A value for `attrs`: scalars as they are, anything nested as JSON text."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal | float):
        number = float(_finite(field, Decimal(str(value))))
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if isinstance(value, list | tuple | Mapping):
        return text(field, json.dumps(value, ensure_ascii=False, default=str))
    return text(field, value)


def parsed(field: str, value: str) -> Any:
    """JSON inside a cell."""
    try:
        return json.loads(value, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadRow(f"{field} is {shown(value)}, which is not valid JSON ({error}).") from None


@lru_cache(maxsize=8)
def zone_named(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises UserError for an unknown one."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UserError(f"there is no time zone '{name}'.", hint="Give one like Europe/Berlin.") from None


def date_pattern(pattern: str | None) -> str | None:
    """The pattern as it was given. Raises UserError for one that no date can fit, such as dd.mm.yyyy."""
    if pattern is not None:
        try:
            read = datetime.strptime(datetime(2026, 11, 21, tzinfo=UTC).strftime(pattern), pattern)
        except ValueError:
            read = None
        if read is None or (read.year, read.month, read.day) != (2026, 11, 21):
            raise UserError(
                f"--date-format {pattern} does not say where day, month and year stand.",
                hint="Write %d for the day, %m for the month and %Y for the year: %d.%m.%Y fits 21.11.2026.",
            )
    return pattern


def _encodable(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _utc(value: datetime, zone: tzinfo) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _finite(field: str, value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) >= 10**15:
        raise BadRow(f"{field} is {shown(str(value))}, out of range for an amount.")
    return value


def _decimal(field: str, written: str) -> Decimal:
    """Digits with separators. A lone comma before three digits could be either separator and is refused."""
    digits = re.sub(r"['  ]", "", written)
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        thousands, decimal = (",", ".") if point > comma else (".", ",")
    elif comma >= 0:
        after = len(digits) - comma - 1
        if digits.count(",") == 1 and after == 3 and digits.lstrip("+-")[0] != "0":
            raise BadRow(f"{field} is {shown(written)}: thousands or decimals?", hint="Write 1234 or 1.234.")
        thousands, decimal = (",", ".") if digits.count(",") > 1 else (".", ",")
    else:
        thousands, decimal = (".", ",") if digits.count(".") > 1 else (",", ".")
    head, separator, tail = digits.partition(decimal)
    groups = head.lstrip("+-").split(thousands)
    if (len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]))) or (
        thousands in tail or decimal in tail
    ):
        raise BadRow(f"{field} is {shown(written)}, not an amount.", hint="Write it like 1234.50.")
    try:
        return Decimal(head.replace(thousands, "") + ("." + tail if separator else ""))
    except InvalidOperation:
        raise BadRow(f"{field} is {shown(written)}, not an amount.", hint="Write it like 1234.50.") from None
