"""What a reply may state, and of which field each value is: from tool results, cited passages, fixed words.

Text that speaks to a model instead of a reader ("assistant, tell the customer that ...") is no evidence, wherever it
stands: in an article, a past ticket or the name of an item.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from agent.brief import Brief, Say
from agent.catalogue import Catalogue, words_of
from agent.values import Span, spans_in, values_in
from prompts.render import rules
from rapport.records import number_key
from rapport.types import Passage

ANY = "any"  # the field of a value that may be said of anything
HABIT = "habit"  # that of a day of the week in an article: of what happens every week, not of one order
# Keys of a tool's values whose field a reply must keep to.
_FIELDS = {
    "number": "order number", "placed": "placed", "shipped": "shipped", "expected": "expected",
    "delivered": "delivered", "requested": "requested", "paid": "paid", "amount": "amount", "total": "total",
    "price": "price", "invoice": "invoice", "tracking": "tracking", "quantity": "count", "stock": "count",
    "count": "count",
}  # fmt: skip
_PUBLISHED = ("articles", "products")
_NAMED = ("carrier", "method", "payment")
# Said by us where nothing was found; they state no record.
_FIXED_SLOTS = frozenset({"hours", "company", "facts", "choices"})
_MONEY = r"(?:[€$£]|EUR|USD|GBP|CHF|euros?|dollars?|pounds?)"
_MONEY_BEFORE = re.compile(rf"{_MONEY}\s?$", re.IGNORECASE)
_UNIT_AFTER = re.compile(
    rf"\s?(?:(?P<money>{_MONEY})(?!\w)|(?P<percent>%|per ?cent\b)|[\s-]?(?:(?:working|business|calendar|full) )?"
    r"(?P<time>second|minute|hour|day|night|week|month|year)s?\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reply may state.

    fields: value -> the fields that it stands in; `ANY` where it may be said of anything. text: in small letters, for
    phrases; words: the same as words alone. passages: the published passages' part of text; told: what the company
    itself says, without what customers wrote. suspects: names on record that read like sentences, in words.
    owners: value -> the numbers of the orders that it belongs to. states: order, parcel or refund -> states on record;
    past -> what became of it before.
    quantities: item -> how many.
    """

    fields: Mapping[str, frozenset[str]]
    text: str
    words: str
    passages: str
    told: str
    suspects: frozenset[str]
    owners: Mapping[str, frozenset[str]]
    states: Mapping[str, frozenset[str]]
    quantities: Mapping[str, frozenset[str]]

    @property
    def values(self) -> frozenset[str]:
        """All values, whatever their field."""
        return frozenset(self.fields)


def evidence_of(brief: Brief, catalogue: Catalogue) -> Evidence:
    """All that the tools, passages and fixed words of a brief say. catalogue: tells products from other names."""
    suspects = frozenset(_suspects(brief, catalogue))
    tools = [
        (name, text) for tool in brief.tools for name, text in _atoms(tool.values) if words_of(text) not in suspects
    ]
    passages = "\n".join(_passage_text(passage) for passage in brief.passages)
    published = "\n".join(_passage_text(passage) for passage in brief.passages if passage.kind in _PUBLISHED)
    fixed = [
        value
        for part in brief.parts
        for line in part.lines
        if isinstance(line, Say)
        for name, value in line.values.items()
        if name in _FIXED_SLOTS
    ]
    fields: dict[str, frozenset[str]] = {}
    for name, text in (*tools, *(("", text) for text in (passages, brief.company, *fixed))):
        for value, found in _fields_in(name, text).items():
            fields[value] = fields.get(value, frozenset()) | found
    joined = "\n".join((*(text for _, text in tools), passages, brief.company, *fixed)).casefold().replace("_", " ")
    return Evidence(
        fields,
        joined,
        words_of(joined),
        published.casefold(),
        "\n".join((published, *_of_company(brief, catalogue), brief.company, *fixed)).casefold(),
        suspects,
        _owners(brief),
        _states(brief),
        _quantities(brief),
    )


def unit_of(text: str, span: Span) -> str:
    """What a number counts: money, percent, a length of time such as "day"; "" where the words beside it do not say."""
    if span.kind not in ("number", "word"):
        return ""
    if _MONEY_BEFORE.search(text, max(0, span.start - 8), span.start):
        return "money"
    after = _UNIT_AFTER.match(text, span.end)
    if not after:
        return ""
    return "money" if after["money"] else "percent" if after["percent"] else after["time"].casefold()


def trusted(text: str) -> str:
    """A text without the lines that instruct a model."""
    if not instructs(text):
        return text
    return "\n".join(line for line in text.splitlines() if not instructs(line))


@lru_cache(maxsize=4096)
def instructs(text: str) -> bool:
    """Whether a text speaks to the model that reads it."""
    return bool(_instruction().search(text))


@cache
def _instruction() -> re.Pattern[str]:
    return re.compile("|".join(rules()["instruction"]["patterns"]), re.IGNORECASE | re.MULTILINE)


@cache
def _sentence_words() -> re.Pattern[str]:
    return re.compile(rules()["instruction"]["no_name"], re.IGNORECASE)


def _passage_text(passage: Passage) -> str:
    return trusted("\n".join(filter(None, (passage.title, passage.heading, passage.text, passage.url))))


def _atoms(values: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """(key, text) of every single value."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            if isinstance(value, bool):
                yield from [(key, "in stock")] if value and key == "available" else []
            elif value is not None and value != "":
                yield from _atoms(value, key)
            # options such as {"waterproof": "yes"} are said with their name
            if isinstance(value, str) and value.casefold() in ("yes", "no", "none"):
                yield "", key
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _atoms(value, name)
    else:
        yield name, trusted(str(values))


@lru_cache(maxsize=4096)
def _fields_in(name: str, text: str) -> Mapping[str, frozenset[str]]:
    """The fields of the values of one text; name: the key that it stands under."""
    if name in _FIELDS:
        return {value: frozenset({_FIELDS[name]}) for value in values_in(text) | _weekdays(text)}
    found: dict[str, frozenset[str]] = {}
    for span in spans_in(text):
        for form in span.forms:
            field = HABIT if span.kind == "when" else unit_of(text, span) or ANY
            found[form] = found.get(form, frozenset()) | {field}
    return found


def _weekdays(text: str) -> frozenset[str]:
    """The day of the week of a day on record: a reply may say it with the date or instead of it."""
    try:
        return frozenset({date.fromisoformat(text).strftime("%A").casefold()})
    except ValueError:
        return frozenset()


def _records(brief: Brief) -> Iterator[Mapping[str, Any]]:
    """Every order that a tool found, whole or as a row of a list."""
    for tool in brief.tools:
        if "number" in tool.values:
            yield tool.values
        yield from tool.values.get("orders", ())


def _of_company(brief: Brief, catalogue: Catalogue) -> Iterator[str]:
    """What tools say in the company's own words: of products, and the names of items that it sells."""
    for tool in brief.tools:
        if tool.tool in ("product", "products"):
            yield from (text for _, text in _atoms(tool.values))
    for record in _records(brief):
        names = (str(item["name"]) for item in record.get("items") or ())
        yield from (name for name in names if words_of(name) in catalogue.names_in(name))


def _suspects(brief: Brief, catalogue: Catalogue) -> Iterator[str]:
    """Names of items, carriers and payment methods that no product has and that read like something said, in words."""
    for record in _records(brief):
        rows = (record, *(record.get("parcels") or ()), *(record.get("refunds") or ()))
        names = [row.get(name) for row in rows for name in _NAMED]
        for name in map(str, (*names, *(item["name"] for item in record.get("items") or ()))):
            if _sentence_words().search(name) and words_of(name) not in catalogue.names_in(name):
                yield words_of(name)


def _owners(brief: Brief) -> dict[str, frozenset[str]]:
    owners: dict[str, frozenset[str]] = {}
    for record in _records(brief):
        number = number_key(str(record["number"]))
        for _, text in _atoms(record):
            for value in values_in(text):
                owners[value] = owners.get(value, frozenset()) | {number}
    return owners


def _states(brief: Brief) -> dict[str, frozenset[str]]:
    states: dict[str, set[str]] = {"order": set(), "parcel": set(), "refund": set(), "past": set()}
    for record in _records(brief):
        states["order"].add(_plain(record["status"]))
        for parcel in record.get("parcels") or ():
            states["parcel"].add(_plain(parcel["state"]))
            # a day on record says that it happened
            states["past"].update(name for name in ("shipped", "delivered") if parcel.get(name))
        for refund in record.get("refunds") or ():
            states["refund"].add(_plain(refund["state"]))
            states["past"].update(("refunded", "requested") if refund.get("paid") else ("requested",))
    return {name: frozenset(found - {""}) for name, found in states.items()}


def _quantities(brief: Brief) -> dict[str, frozenset[str]]:
    counts: dict[str, set[str]] = {}
    totals: dict[str, int] = {}
    for record in _records(brief):
        for item in record.get("items") or ():
            name, quantity = words_of(str(item["name"])), int(item.get("quantity", 1))
            totals[name] = totals.get(name, 0) + quantity
            counts.setdefault(name, set()).update((str(quantity), str(totals[name])))
    return {name: frozenset(found) for name, found in counts.items()}


def _plain(state: Any) -> str:
    return str(state or "").casefold().replace("_", " ")
