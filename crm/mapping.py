"""Records to rows and back: which table holds what, how content is hashed, how facts compare. Runs no SQL."""

import hashlib
import json
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table

from crm import tables
from rapport.errors import BadRow
from rapport.records import (
    KIND_OF,
    TYPE_OF,
    AnyRecord,
    Delivery,
    OrderLine,
    RecordKind,
    Refund,
    Ticket,
    TicketMessage,
    number_key,
)

Row = dict[str, Any]

_LONGEST_KEY = 500  # characters; PostgreSQL cannot index much more
_LARGEST = 2**62
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it, after an even number of backslashes


_TYPES: tuple[type[Any], ...] = (*KIND_OF, OrderLine, Delivery, Refund, TicketMessage)
_NAMES = {cls: tuple(item.name for item in fields(cls)) for cls in _TYPES}
_VALUES = {cls: operator.attrgetter(*names) for cls, names in _NAMES.items()}  # all fields of a value at once


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a record whose items are rows of their own."""

    field: str
    table: Table
    parent: str
    type: type


@dataclass(frozen=True, slots=True)
class Plan:
    """How one kind of record is kept. columns: the fields that are columns of the table, in its order."""

    kind: RecordKind
    type: type
    table: Table
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    derived: Callable[[Any], Row]
    references: tuple[tuple[str, Table], ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record ready to be written."""

    record: AnyRecord
    key: str
    hash: str


def words_of(text: str) -> str:
    """Text as words are compared: small letters without accents, single spaces, anything else a space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        character if character.isalnum() else " " for character in plain if not unicodedata.combining(character)
    )
    return " ".join(kept.split())


def fact_key(field: str, text: str) -> str:
    """A fact as verification compares it: no case or spaces; of a phone number the digits, a postcode without signs."""
    if field == "phone":
        return "".join(character for character in text if character.isdigit())
    if field in ("postcode", "order_number"):
        return number_key(text)
    return "".join(text.casefold().split()) if field == "email" else words_of(text)


FACTS = ("name", "email", "phone", "postcode", "city", "country")


def _customer(record: Any) -> Row:
    values = {name: getattr(record, name) for name in FACTS}
    return {
        f"{name}_key": fact_key(name, value) if value else ("" if name == "name" else None)
        for name, value in values.items()
    }


def _product(record: Any) -> Row:
    text = " ".join((record.name, record.group or "", record.category or "", *record.options.values()))
    return {"words": f" {words_of(text)}"}  # the space lets LIKE find the beginning of a word


def _order(record: Any) -> Row:
    return {"number_key": number_key(record.number), "line_count": len(record.lines)}


def _plan(
    kind: RecordKind,
    table: Table,
    *parts: Part,
    derived: Callable[[Any], Row],
    references: tuple[tuple[str, Table], ...] = (),
) -> Plan:
    part_fields = {part.field for part in parts}
    columns = tuple(name for name in _NAMES[TYPE_OF[kind]] if name not in part_fields)
    return Plan(kind, TYPE_OF[kind], table, columns, parts, derived, references)


PLANS: Mapping[RecordKind, Plan] = {
    plan.kind: plan
    for plan in (
        _plan(RecordKind.CUSTOMERS, tables.customers, derived=_customer),
        _plan(RecordKind.PRODUCTS, tables.products, derived=_product),
        _plan(
            RecordKind.ORDERS,
            tables.orders,
            Part("lines", tables.order_lines, "order_id", OrderLine),
            Part("deliveries", tables.deliveries, "order_id", Delivery),
            Part("refunds", tables.refunds, "order_id", Refund),
            derived=_order,
            references=(("customer_id", tables.customers), ("lines.product_id", tables.products)),
        ),
        _plan(RecordKind.ARTICLES, tables.articles, derived=lambda record: {}),
        _plan(
            RecordKind.TICKETS,
            tables.tickets,
            Part("messages", tables.ticket_messages, "ticket_id", TicketMessage),
            derived=lambda record: {"message_count": len(record.messages)},
            references=(("customer_id", tables.customers),),
        ),
        _plan(
            RecordKind.EVENTS,
            tables.events,
            derived=lambda record: {},
            references=(("customer_id", tables.customers), ("product_id", tables.products)),
        ),
    )
}


def prepare(record: AnyRecord) -> Prepared:
    """Hash a record's content. Raises BadRow for a value that no database could give back unchanged."""
    key = record.key
    if not record.source or not record.source_id or ":" in record.source:
        raise BadRow(f"record '{key}' needs a source (without ':') and a source_id.")
    try:
        content = _CANONICAL.encode(_content(record))
        encoded = content.encode("utf-8")
    except (ValueError, TypeError, OverflowError) as error:
        raise BadRow(f"record '{key}' holds a value that cannot be kept ({_reason(error)}).") from None
    if "\\u0000" in content and _NUL.search(content):
        raise BadRow(f"record '{key}' holds a NUL character.", hint="Remove it from the source.")
    for name in ("stock", "quantity"):
        if any(abs(number) > _LARGEST for number in _integers(record, name)):
            raise BadRow(f"record '{key}' has a {name} that is too large.")
    for name in ("source_id", "email", "number"):
        if len(getattr(record, name, None) or "") > _LONGEST_KEY:
            raise BadRow(f"the {name} of a record from '{record.source}' is longer than {_LONGEST_KEY} characters.")
    return Prepared(record, key, hashlib.blake2b(encoded, digest_size=16).hexdigest())


def _integers(record: Any, name: str) -> list[int]:
    items = (record, *getattr(record, "lines", ()))
    return [value for item in items if (value := getattr(item, name, None)) is not None]


def _reason(error: Exception) -> str:
    return "text that is not Unicode" if isinstance(error, UnicodeEncodeError) else str(error)


def _content(record: Any) -> list[Any]:
    names = _NAMES[type(record)]
    if isinstance(record, Ticket) and isinstance(record.csat, int):  # read back as 1.0, which JSON tells from 1
        return [float(record.csat) if name == "csat" else getattr(record, name) for name in names]
    return list(_VALUES[type(record)](record))


def _canonical(value: Any) -> Any:
    """What JSON lacks, written so that equal values are equal text."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return _decimal(value)
    if is_dataclass(value):
        return _content(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__}")


def _decimal(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > 100 or abs(value.adjusted()) > 100:
        raise ValueError("an amount that is not a finite number of sensible size")
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not value else text


_CANONICAL = json.JSONEncoder(default=_canonical, sort_keys=True, ensure_ascii=False, allow_nan=False)


def header_row(prepared: Prepared, plan: Plan, *, version: int) -> Row:
    """The row of the record's own table."""
    record = prepared.record
    row: Row = {name: getattr(record, name) for name in plan.columns}
    if "tags" in row:
        row["tags"] = list(row["tags"])  # a plain list in the column
    row.update(id=prepared.key, hash=prepared.hash, version=version, removed_at=None)
    row.update(plan.derived(record))
    return row


def part_rows(prepared: Prepared, part: Part) -> list[Row]:
    """The rows of one of the record's parts."""
    names, values = _NAMES[part.type], _VALUES[part.type]
    return [
        {part.parent: prepared.key, "position": position, **dict(zip(names, values(item), strict=True))}
        for position, item in enumerate(getattr(prepared.record, part.field))
    ]


def part_names(part: Part) -> tuple[str, ...]:
    """The columns of a part's table that are fields of its type."""
    return _NAMES[part.type]


def build(plan: Plan, values: Sequence[Any], parts: Mapping[str, tuple[Any, ...]]) -> AnyRecord:
    """A record from the values of its columns (in `plan.columns` order) and its parts."""
    row = dict(zip(plan.columns, values, strict=True))
    if "tags" in row:
        row["tags"] = tuple(row["tags"])
    record: AnyRecord = plan.type(**row, **parts)
    return record


def referred(record: AnyRecord, path: str) -> list[str]:
    """The keys that a record refers to through a field, or through the field of its parts ("lines.product_id")."""
    head, _, tail = path.partition(".")
    values = [getattr(item, tail) for item in getattr(record, head)] if tail else [getattr(record, head)]
    return [value for value in values if value is not None]
