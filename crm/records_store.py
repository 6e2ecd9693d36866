"""Write records: idempotent upserts, removals, and the log of changes that the index follows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crm.database import Database
from crm.mapping import PLANS, Plan, Prepared, Row, header_row, part_rows, prepare, referred
from crm.tables import article_versions, articles, changes, checkpoints, predictions, profiles
from crm.values import Change, Checkpoint, Counts
from rapport.errors import BadRow
from rapport.records import KIND_OF, AnyRecord, RecordKind

_KEYS_AT_ONCE = 900  # keys in one IN (...): below every limit of both databases
_Known = dict[str, tuple[str, int, bool]]  # key -> (hash, version, live)
Item = TypeVar("Item")


class RecordsWriter:
    """The part of the store that keeps records."""

    _database: Database

    def upsert(self, records: Sequence[AnyRecord], *, checkpoint: Checkpoint | None = None) -> Counts:
        """Keep records of one kind in one transaction, with the import's checkpoint if one is given.

        A record whose content is already kept is left alone. A changed one replaces the old with version + 1;
        of an article the old version is kept too. Each record added or changed appends a row to the changes.
        Raises BadRow, and keeps nothing, for the first record that cannot be kept or that refers to a record
        which does not exist (see `missing_references`).
        """
        plan = _plan_of(records)
        batches = _without_repeats([prepare(record) for record in records])
        counts = Counts()
        with self._database.write_records() as connection:
            for batch in batches:
                counts += write_batch(connection, plan, batch) if plan else Counts()
            if checkpoint is not None:
                _save_checkpoint(connection, checkpoint)
        return counts

    def missing_references(self, records: Sequence[AnyRecord]) -> dict[str, str]:
        """Key of each record that refers to one which does not exist, with the reason in words."""
        plan = _plan_of(records)
        if plan is None:
            return {}
        with self._database.read() as connection:
            return _missing(connection, plan, records)

    def checkpoint(self, import_id: str) -> Checkpoint | None:
        """How far an import came, or None if it is not known."""
        with self._database.read() as connection:
            row = connection.execute(select(checkpoints).where(checkpoints.c.import_id == import_id)).first()
        return None if row is None else Checkpoint(row.import_id, row.position, row.done)

    def remove(self, kind: RecordKind, keys: Sequence[str]) -> int:
        """Take records out of every read. Returns how many were there; each appends a row to the changes.

        What was predicted of a removed customer is deleted.
        """
        table = PLANS[kind].table
        removed = 0
        with self._database.write_records() as connection:
            for part in pieces(dict.fromkeys(keys), _KEYS_AT_ONCE):
                live = [key for key, (_, _, alive) in _known(connection, table, part).items() if alive]
                if live:
                    # The empty hash makes the record count as added when it comes back.
                    connection.execute(
                        update(table).where(table.c.id.in_(live)).values(removed_at=datetime.now(UTC), hash="")
                    )
                    connection.execute(insert(changes), [_change(kind, key, "remove") for key in live])
                    if kind is RecordKind.CUSTOMERS:
                        _forget(connection, live)
                removed += len(live)
        return removed

    def changes_since(self, seq: int, *, limit: int = 1000) -> list[Change]:
        """The changes after `seq`, oldest first."""
        columns = (changes.c.id, changes.c.kind, changes.c.key, changes.c.op)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(changes.c.id > seq).order_by(changes.c.id).limit(limit))
            return [Change(row.id, RecordKind(row.kind), row.key, row.op) for row in rows]

    def last_change(self) -> int:
        """The newest change's seq; 0 while there is none."""
        with self._database.read() as connection:
            newest: int | None = connection.execute(select(func.max(changes.c.id))).scalar()
        return newest or 0


def pieces(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _plan_of(records: Sequence[AnyRecord]) -> Plan | None:
    kinds = {type(record) for record in records}
    if len(kinds) > 1:
        raise ValueError(f"one call keeps one kind of record, not {', '.join(sorted(kind.__name__ for kind in kinds))}")
    return PLANS[KIND_OF[kinds.pop()]] if kinds else None


def _without_repeats(prepared: Sequence[Prepared]) -> list[list[Prepared]]:
    """Batches in which no key comes twice: of two contents of one record the later wins, and both are counted."""
    batches: list[list[Prepared]] = [[]]
    seen: set[str] = set()
    for item in prepared:
        if item.key in seen:
            batches.append([])
            seen.clear()
        seen.add(item.key)
        batches[-1].append(item)
    return batches


def write_batch(connection: Connection, plan: Plan, batch: Sequence[Prepared]) -> Counts:
    """Keep records with different keys in the transaction of the connection; see `RecordsWriter.upsert`."""
    known: _Known = {}
    for part in pieces((item.key for item in batch), _KEYS_AT_ONCE):
        known.update(_known(connection, plan.table, part))
    added = [item for item in batch if not known.get(item.key, ("", 0, False))[2]]
    changed = [item for item in batch if item.key in known and known[item.key][2] and known[item.key][0] != item.hash]
    fresh = added + changed
    if fresh:
        for key, reason in _missing(connection, plan, [item.record for item in fresh]).items():
            raise BadRow(f"record '{key}' {reason}.", hint="Import what it refers to first.")
        _replace(connection, plan, fresh, known)
        connection.execute(insert(changes), [_change(plan.kind, item.key, "upsert") for item in fresh])
    return Counts(len(added), len(changed), len(batch) - len(fresh))


def _replace(connection: Connection, plan: Plan, fresh: Sequence[Prepared], known: _Known) -> None:
    old = [item.key for item in fresh if item.key in known]
    for keys in pieces(old, _KEYS_AT_ONCE):
        if plan.kind is RecordKind.ARTICLES:
            _keep_versions(connection, keys)
        for part in plan.parts:
            connection.execute(delete(part.table).where(part.table.c[part.parent].in_(keys)))
    rows = [header_row(item, plan, version=known[item.key][1] + 1 if item.key in known else 1) for item in fresh]
    connection.execute(_upsert(connection, plan.table), rows)
    for part in plan.parts:
        if items := [row for item in fresh for row in part_rows(item, part)]:
            connection.execute(insert(part.table), items)


def _keep_versions(connection: Connection, keys: Sequence[str]) -> None:
    names = [column.name for column in article_versions.c if column.name != "article_id"]
    old = select(articles.c.id, *(articles.c[name] for name in names)).where(articles.c.id.in_(keys))
    connection.execute(insert(article_versions).from_select(["article_id", *names], old))


def _upsert(connection: Connection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    new = {column.name: statement.excluded[column.name] for column in table.c if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=new)


def _forget(connection: Connection, customers: Sequence[str]) -> None:
    for table in (profiles, predictions):
        connection.execute(delete(table).where(table.c.customer_id.in_(customers)))


def _known(connection: Connection, table: Table, keys: Sequence[str]) -> _Known:
    rows = connection.execute(
        select(table.c.id, table.c.hash, table.c.version, table.c.removed_at.is_(None)).where(table.c.id.in_(keys))
    )
    return {key: (digest, version, bool(live)) for key, digest, version, live in rows}


def _missing(connection: Connection, plan: Plan, records: Sequence[AnyRecord]) -> dict[str, str]:
    missing: dict[str, str] = {}
    for path, target in plan.references:
        wanted = {key for record in records for key in referred(record, path)}
        there: set[str] = set()
        for part in pieces(sorted(wanted), _KEYS_AT_ONCE):
            there.update(key for key, (_, _, live) in _known(connection, target, part).items() if live)
        if len(there) == len(wanted):
            continue
        for record in records:
            for key in referred(record, path):
                if key not in there:
                    missing.setdefault(record.key, f"refers to {target.name[:-1]} '{key}', which does not exist")
    return missing


def _change(kind: RecordKind, key: str, op: str) -> Row:
    return {"kind": kind.value, "key": key, "op": op}


def _save_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    row = {"import_id": checkpoint.import_id, "position": checkpoint.position, "done": checkpoint.done}
    connection.execute(_upsert_checkpoint(connection), row)


def _upsert_checkpoint(connection: Connection) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(checkpoints)
    new = {name: statement.excluded[name] for name in ("position", "done")}
    return statement.on_conflict_do_update(index_elements=["import_id"], set_=new)
