"""Read records: by key, in order, and by what customers say of themselves and their orders.

Every read of a record with parts happens in one snapshot, so nobody sees an order with half of its lines.
"""

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, func, or_, select

from crm.database import Database
from crm.mapping import FACTS, PLANS, Part, Plan, build, fact_key, part_names
from crm.records_store import pieces
from crm.tables import customers, orders, tickets
from rapport.errors import SettingsError, UserError
from rapport.records import AnyRecord, Customer, CustomerId, Order, RecordKind, number_key

_PAGE = 500  # records read at once: bounds memory, and how long a snapshot is held
_Parts = dict[str, dict[str, tuple[Any, ...]]]  # record key -> field -> items


class RecordsReader:
    """The part of the store that finds records."""

    _database: Database

    def get(self, kind: RecordKind, key: str) -> AnyRecord | None:
        """The record with that key, or None."""
        return self.fetch(kind, [key]).get(key)

    def fetch(self, kind: RecordKind, keys: Sequence[str]) -> dict[str, AnyRecord]:
        """Those of the records that exist, by key."""
        plan = PLANS[kind]
        found: dict[str, AnyRecord] = {}
        for part in pieces(dict.fromkeys(keys), _PAGE):
            with self._database.read() as connection:
                found.update(read_records(connection, plan, with_keys(kind), {"keys": part}))
        return {key: found[key] for key in keys if key in found}

    def iterate(self, kind: RecordKind, *, after: str = "") -> Iterator[AnyRecord]:
        """Every record by key, from the one after `after`, in bounded memory. Writers are not held up."""
        plan = PLANS[kind]
        while True:
            page = _live(plan).where(plan.table.c.id > after).order_by(plan.table.c.id).limit(_PAGE)
            with self._database.read() as connection:
                found = read_records(connection, plan, page)
            yield from found.values()
            if len(found) < _PAGE:
                return
            after = next(reversed(found))

    def keys(self, kind: RecordKind, *, source: str | None = None) -> Iterator[str]:
        """The keys of all records (of one source), sorted, in bounded memory."""
        table, after = PLANS[kind].table, ""
        while True:
            query = select(table.c.id).where(table.c.removed_at.is_(None), table.c.id > after)
            if source is not None:
                query = query.where(table.c.source == source)
            with self._database.read() as connection:
                found = connection.execute(query.order_by(table.c.id).limit(_PAGE * 10)).scalars().all()
            yield from found
            if len(found) < _PAGE * 10:
                return
            after = found[-1]

    def ticket_labels(self) -> Iterator[Mapping[str, str]]:
        """The labels of every ticket that has any, in bounded memory; far quicker than reading the tickets."""
        after = ""
        while True:
            query = select(tickets.c.id, tickets.c.labels).where(tickets.c.removed_at.is_(None), tickets.c.id > after)
            with self._database.read() as connection:
                found = connection.execute(query.order_by(tickets.c.id).limit(_PAGE * 10)).all()
            yield from (row.labels for row in found if row.labels)
            if len(found) < _PAGE * 10:
                return
            after = found[-1].id

    def customer_names(self) -> Iterator[tuple[str, str]]:
        """(key, name in small letters without signs) of every customer, in bounded memory; quicker than the records."""
        after = ""
        while True:
            query = select(customers.c.id, customers.c.name_key)
            query = query.where(customers.c.removed_at.is_(None), customers.c.id > after)
            with self._database.read() as connection:
                found = connection.execute(query.order_by(customers.c.id).limit(_PAGE * 10)).all()
            yield from ((row.id, row.name_key) for row in found)
            if len(found) < _PAGE * 10:
                return
            after = found[-1].id

    def version(self, kind: RecordKind, key: str) -> int:
        """How often the record's content was kept, from 1; 0 where there is no such record."""
        table = PLANS[kind].table
        query = select(table.c.version).where(table.c.id == key, table.c.removed_at.is_(None))
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def count(self, kind: RecordKind) -> int:
        """How many records of a kind there are."""
        table = PLANS[kind].table
        with self._database.read() as connection:
            query = select(func.count()).select_from(table).where(table.c.removed_at.is_(None))
            return connection.execute(query).scalar_one()

    def find_customer(self, ref: str) -> Customer | None:
        """The customer with that key, that e-mail address, or that source_id, or None.

        Raises UserError naming the keys where several fit.
        """
        same = or_(customers.c.id == ref, customers.c.source_id == ref, customers.c.email_key == fact_key("email", ref))
        found = self._customers(same, limit=10)
        exact = [customer for customer in found if customer.key == ref]
        if len(exact or found) > 1:
            keys = ", ".join(customer.key for customer in found)
            raise UserError(f"'{ref}' may be any of several customers: {keys}.", hint="Give one of these keys.")
        return next(iter(exact or found), None)

    def match_customer(self, facts: Mapping[str, str]) -> Customer | None:
        """The one customer of whom all the facts are true, or None; never a word on which fact failed.

        facts: name, email, phone, postcode, city, country, or order_number, compared without case and spaces.
        An empty fact matches nobody. Raises SettingsError for a fact that no customer record has.
        """
        conditions: list[ColumnElement[bool]] = []
        for name, value in facts.items():
            key = fact_key(name, value)
            if name == "order_number":
                has = select(orders.c.id).where(orders.c.customer_id == customers.c.id, orders.c.number_key == key)
                conditions.append(has.where(orders.c.removed_at.is_(None)).exists())
            elif name in FACTS:
                column: ColumnElement[Any] = customers.c[f"{name}_key"]
                # With an e-mail address search by that index alone: many share a postcode, and SQLite cannot tell.
                searched = name == "email" or "email" not in facts
                conditions.append((column if searched else func.coalesce(column, "")) == key)
            else:
                raise SettingsError(
                    f"'{name}' is no fact of a customer.", hint=f"Use: {', '.join(FACTS)}, order_number."
                )
        usable = bool(facts) and all(fact_key(name, value) for name, value in facts.items())
        found = self._customers(*conditions, limit=2)
        return found[0] if usable and len(found) == 1 else None

    def orders_of(self, owner: CustomerId, *, number: str | None = None, limit: int = 20) -> list[Order]:
        """The customer's own orders, newest first; with `number`, only those whose number reads the same."""
        plan, values = PLANS[RecordKind.ORDERS], dict[str, Any](owner=owner, most=limit)
        if number is not None:
            values["number"] = number_key(number)
        with self._database.read() as connection:
            found = read_records(connection, plan, _own_orders(number is not None), values)
            return list(found.values())  # type: ignore[arg-type]

    def _customers(self, *conditions: ColumnElement[bool], limit: int) -> list[Customer]:
        plan = PLANS[RecordKind.CUSTOMERS]
        query = _live(plan).where(*conditions).order_by(customers.c.id).limit(limit)
        with self._database.read() as connection:
            return list(read_records(connection, plan, query).values())  # type: ignore[arg-type]


def _live(plan: Plan) -> Select[Any]:
    columns = [plan.table.c[name] for name in plan.columns]
    return select(plan.table.c.id, *columns).where(plan.table.c.removed_at.is_(None))


# Statements of every turn are built once: SQLAlchemy spends more on building one than SQLite on running it.
@functools.cache
def with_keys(kind: RecordKind) -> Select[Any]:
    """The live records of a kind whose key is among the parameter `keys`."""
    return _live(PLANS[kind]).where(PLANS[kind].table.c.id.in_(bindparam("keys", expanding=True)))


@functools.cache
def _own_orders(by_number: bool) -> Select[Any]:
    query = _live(PLANS[RecordKind.ORDERS]).where(orders.c.customer_id == bindparam("owner"))
    if by_number:
        query = query.where(orders.c.number_key == bindparam("number"))
    newest = query.order_by(orders.c.placed_at.desc().nulls_last(), orders.c.id.desc())
    return newest.limit(bindparam("most", type_=Integer))


@functools.cache
def _items_of(part: Part) -> Select[Any]:
    columns, parent = part.table.c, part.table.c[part.parent]
    query = select(parent, *(columns[name] for name in part_names(part)))
    return query.where(parent.in_(bindparam("keys", expanding=True))).order_by(parent, columns.position)


def read_records(
    connection: Connection, plan: Plan, query: Select[Any], values: Mapping[str, Any] | None = None
) -> dict[str, AnyRecord]:
    """The records that a query of `_live` columns finds, by key in its order, with their parts."""
    rows = connection.execute(query, values or {}).all()
    parts = _parts(connection, plan, [row[0] for row in rows])
    return {row[0]: build(plan, row[1:], parts[row[0]]) for row in rows}


def _parts(connection: Connection, plan: Plan, keys: Sequence[str]) -> _Parts:
    found: _Parts = {key: {part.field: () for part in plan.parts} for key in keys}
    for part in plan.parts:
        names = part_names(part)
        grouped: dict[str, list[Any]] = defaultdict(list)
        for some in pieces(keys, _PAGE):
            for row in connection.execute(_items_of(part), {"keys": some}):
                grouped[row[0]].append(part.type(**dict(zip(names, row[1:], strict=True))))
        for key, items in grouped.items():
            found[key][part.field] = tuple(items)
    return found
