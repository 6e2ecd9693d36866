"""What happened with one customer: orders, tickets, conversations and events in one line of time. Reads only."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Select, bindparam, literal, select

from crm.database import Database
from crm.tables import conversations, events, orders, tickets
from rapport.records import CustomerId

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened. kind: orders, tickets, conversations or events; record: its key; title: what it was."""

    at: datetime | None
    kind: str
    record: str
    title: str
    status: str


class Timeline:
    """The part of the store that tells a customer's story."""

    _database: Database

    def timeline(self, customer: CustomerId, *, limit: int = 100) -> list[TimelineEntry]:
        """The newest `limit` things that happened, newest first; what has no date comes last."""
        queries = [
            _newest("orders", orders.c.placed_at, orders.c.number, orders.c.status),
            _newest("tickets", tickets.c.created_at, tickets.c.subject, tickets.c.status),
            _newest("conversations", conversations.c.created_at, conversations.c.channel, conversations.c.state),
            _newest("events", events.c.at, events.c.kind, literal("")),
        ]
        found: list[TimelineEntry] = []
        with self._database.read() as connection:
            for query in queries:
                rows = connection.execute(query.limit(limit), {"customer": customer})
                found += [TimelineEntry(row.at, row.kind, row.record, row.title, row.status) for row in rows]
        found.sort(key=lambda entry: (entry.at or _LONG_AGO, entry.record), reverse=True)
        return found[:limit]


def _newest(kind: str, at: Column[Any], title: Column[Any], status: Any) -> Select[Any]:
    table = at.table
    query = select(
        at.label("at"), literal(kind).label("kind"), table.c.id.label("record"), title.label("title"),
        status.label("status"),
    ).where(table.c.customer_id == bindparam("customer"))  # fmt: skip
    if "removed_at" in table.c:
        query = query.where(table.c.removed_at.is_(None))
    return query.order_by(at.desc().nulls_last(), table.c.id.desc())
