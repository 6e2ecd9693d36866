"""How the values that a reply may name are put into words: money, dates, lists, the items of an order.

Shared by whatever fills a reply in and whatever learns from filled ones. Values arrive as the tools give them: JSON
scalars, dates in ISO 8601, amounts as decimal text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}


def date_words(iso: str) -> str:
    """An ISO date or time as people write it: "2026-03-03T10:00:00+00:00" -> "3 March 2026"."""
    day = date.fromisoformat(iso) if len(iso) == 10 else datetime.fromisoformat(iso).date()
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def money(amount: str, currency: str) -> str:
    """A price: ("47.8", "EUR") -> "€47.80"; the text as it is where it is no number."""
    try:
        number = f"{Decimal(amount):,.2f}"
    except InvalidOperation:
        return f"{amount} {currency}"
    sign = SIGNS.get(currency)
    return f"{sign}{number}" if sign else f"{number} {currency}"


def listing(words: Sequence[str], *, last: str = "and") -> str:
    """Words as a sentence lists them: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def plural(count: int, one: str, many: str) -> str:
    """The word that fits the count."""
    return one if count == 1 else many


def item_words(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """The items of an order, each once: "T-Shirt (blue, M)", "2 × Notebook".

    lines: mappings with name, quantity and options. Options are said only where two items share a name.
    """
    counted: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    for line in lines:
        options = tuple((str(key), str(value)) for key, value in dict(line.get("options") or {}).items())
        counted[str(line["name"]), options] += int(line.get("quantity", 1))
    names = Counter(name for name, _ in counted)
    words = []
    for (name, options), quantity in counted.items():
        same = [dict(other) for shared, other in counted if shared == name]
        told = ", ".join(_told_apart(options, same)) if names[name] > 1 else ""
        words.append(f"{f'{quantity} × ' if quantity > 1 else ''}{name}{f' ({told})' if told else ''}")
    return words


def option_words(options: Mapping[str, str]) -> str:
    """The options of one variant: {"color": "blue", "size": "M"} -> "blue, M"."""
    return ", ".join(_option(key, value) for key, value in options.items())


def _told_apart(options: tuple[tuple[str, str], ...], siblings: list[dict[str, str]]) -> list[str]:
    return [_option(key, value) for key, value in options if len({other.get(key) for other in siblings}) > 1]


def _option(key: str, value: str) -> str:
    if value.isdigit():
        return f"{key} {value}"
    # "yes" alone says nothing; "waterproof: yes" does
    return f"{key}: {value}" if value.lower() in ("yes", "no", "none", "true", "false") else value
