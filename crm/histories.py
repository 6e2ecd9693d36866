"""What happened with many customers at once, as plain rows: what the predictors read. Reads only, in bounded memory.

Times come as days since 1970-01-01 UTC with the time as a fraction (to the millisecond), money as floats: models count
with them, and reading them so costs a third of reading the records.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ColumnElement, Float, Select, Text, bindparam, cast, func, select, type_coerce

from crm.database import Database
from crm.tables import conversations, customers, deliveries, events, order_lines, orders, refunds, tickets
from crm.tables import turns as turns_table
from rapport.records import CustomerId
from rapport.types import Identity

PART = 5_000  # rows handed over at once
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX_EPOCH_JULIAN = 2_440_587.5
Rows = Iterator[Sequence[Sequence[Any]]]
_Dialect = Callable[[Any], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The customers whose keys lie from `first` to `last`, both included."""

    first: str
    last: str


class Histories:
    """The part of the store that hands out what happened, kind by kind."""

    _database: Database

    def customer_ranges(self, size: int) -> Iterator[KeyRange]:
        """The customers in ranges of at most `size`, by key."""
        after = ""
        while True:
            query = select(customers.c.id).where(customers.c.removed_at.is_(None), customers.c.id > after)
            with self._database.read() as connection:
                found = connection.execute(query.order_by(customers.c.id).limit(size)).scalars().all()
            if not found:
                return
            yield KeyRange(found[0], found[-1])
            after = found[-1]

    def history_rows(self, keys: KeyRange) -> Iterator[tuple[str, Rows]]:
        """(kind, its rows in parts) of these customers, all of one moment; read each kind's rows before the next.

        customers (id, created, country), orders (id, customer, placed, currency, total, status, payment, discounted,
        number), lines (order, product, quantity, unit price), deliveries (order, status, shipped, expected, delivered),
        refunds (order, amount, status, requested, paid), events (customer, kind, at, product, tracking), tickets
        (customer, created, resolved, channel, labels, csat), turns of verified customers (customer, at, intent,
        sentiment, decision).
        """
        # A cursor that streams costs as much again as all of one customer's rows, which are few.
        options = {} if keys.first == keys.last else {"yield_per": PART}
        given = {"first": keys.first, "last": keys.last}
        with self._database.read() as connection:
            for kind, query in _queries(self._database.sqlite).items():
                rows = connection.execute(query, given, execution_options=options)
                yield kind, rows.partitions(PART)

    def contact_rows(self, *, before: datetime) -> list[tuple[float, str]]:
        """(day, intent or "") of every ticket and of every conversation's first turn before that time, by day."""
        t, turn = tickets.c, turns_table.c
        written = select(t.created_at, t.labels).where(t.removed_at.is_(None), t.created_at < before)
        said = select(turn.conversation_id, turn.at, turn.intent).where(turn.at < before).order_by(turn.id)
        first: dict[str, tuple[float, str]] = {}
        with self._database.read() as connection:
            rows = connection.execute(written, execution_options={"yield_per": PART})
            found = [(day_of(at), labels.get("intent") or "") for at, labels in rows]
            for conversation, at, intent in connection.execute(said, execution_options={"yield_per": PART}):
                first.setdefault(conversation, (day_of(at), intent or ""))
        return sorted([*found, *first.values()])

    def order_currencies(self) -> dict[str, int]:
        """How many orders there are in each currency."""
        query = select(orders.c.currency, func.count()).where(orders.c.removed_at.is_(None))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(orders.c.currency))}

    def newest_moment(self, *, before: datetime) -> datetime | None:
        """When the newest order, event, ticket or turn before that time happened; None where there is none."""
        found = []
        with self._database.read() as connection:
            for column in (orders.c.placed_at, events.c.at, tickets.c.created_at, turns_table.c.at):
                query = select(func.max(column)).where(column < before)
                if "removed_at" in column.table.c:
                    query = query.where(column.table.c.removed_at.is_(None))
                found.append(connection.execute(query).scalar())
        return max((moment for moment in found if moment is not None), default=None)


def moment_of(day: float) -> datetime:
    """The time that a number of days since 1970-01-01 UTC stands for."""
    return EPOCH + timedelta(days=day)


def day_of(moment: datetime) -> float:
    """Days since 1970-01-01 UTC, with the time as a fraction."""
    return (moment - EPOCH) / timedelta(days=1)


def one_customer(id: CustomerId) -> KeyRange:
    """The range that holds this customer alone."""
    return KeyRange(id, id)


@functools.cache
def _queries(sqlite: bool) -> dict[str, Select[Any]]:
    """Built once: SQLAlchemy spends more on building them than SQLite on finding one customer's rows."""

    def day(column: Any) -> ColumnElement[Any]:
        if sqlite:
            return func.julianday(type_coerce(column, Text), type_=Float) - _UNIX_EPOCH_JULIAN
        return cast(func.extract("epoch", column), Float) / 86_400.0

    def sentiment(column: Any) -> ColumnElement[Any]:
        trace: ColumnElement[Any] = type_coerce(column, JSON) if sqlite else cast(column, JSON)
        said: ColumnElement[Any] = trace["understanding"]["sentiment"].as_float()
        return said

    return {**_of_customers(day), **_of_orders(day, _money), **_of_contacts(day, sentiment)}


def _money(column: Any) -> ColumnElement[Any]:
    return cast(column, Float)


def _of_customers(day: _Dialect) -> dict[str, Select[Any]]:
    known = select(customers.c.id, day(customers.c.created_at), customers.c.country)
    acts = select(
        events.c.customer_id, events.c.kind, day(events.c.at), events.c.product_id,
        type_coerce(events.c.attrs, Text).like('%"tracking"%'),
    )  # fmt: skip
    return {
        "customers": _own(known, customers.c.id).where(customers.c.removed_at.is_(None)).order_by(customers.c.id),
        "events": _own(acts, events.c.customer_id).where(events.c.removed_at.is_(None)),
    }


def _of_orders(day: _Dialect, money: _Dialect) -> dict[str, Select[Any]]:
    o, line, parcel, back = orders.c, order_lines.c, deliveries.c, refunds.c
    placed = select(
        o.id, o.customer_id, day(o.placed_at), o.currency, money(o.total), o.status, o.payment_method,
        type_coerce(o.attrs, Text).like('%"discount_code"%'), o.number_key,
    )  # fmt: skip
    bought = select(line.order_id, line.product_id, line.quantity, money(line.unit_price))
    sent = select(
        parcel.order_id, parcel.status, day(parcel.shipped_at), day(parcel.expected_at), day(parcel.delivered_at)
    )
    returned = select(back.order_id, money(back.amount), back.status, day(back.requested_at), day(back.paid_at))
    parts = {"lines": (bought, line), "deliveries": (sent, parcel), "refunds": (returned, back)}
    joined = {
        kind: _own(query.join(orders, o.id == columns.order_id), o.customer_id)
        .where(o.removed_at.is_(None))
        .order_by(columns.order_id, columns.position)
        for kind, (query, columns) in parts.items()
    }
    return {"orders": _own(placed, o.customer_id).where(o.removed_at.is_(None)).order_by(o.id), **joined}


def _of_contacts(day: _Dialect, sentiment: _Dialect) -> dict[str, Select[Any]]:
    t, turn, talk = tickets.c, turns_table.c, conversations.c
    written = select(t.customer_id, day(t.created_at), day(t.resolved_at), t.channel, t.labels, t.csat)
    said = select(talk.customer_id, day(turn.at), turn.intent, sentiment(turn.trace), turn.decision)
    said = said.join(conversations, talk.id == turn.conversation_id).where(talk.identity == Identity.VERIFIED.value)
    return {
        "tickets": _own(written, t.customer_id).where(t.removed_at.is_(None)).order_by(t.id),
        "turns": _own(said, talk.customer_id).order_by(turn.id),
    }


def _own(query: Select[Any], customer: Any) -> Select[Any]:
    return query.where(customer >= bindparam("first"), customer <= bindparam("last"))
