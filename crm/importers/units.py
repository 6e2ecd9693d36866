"""Gather rows into units: consecutive rows of one order or ticket belong together, other rows stand alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crm.importers import values
from crm.importers.columns import ID_FIELDS
from crm.importers.rows import Row, Unit
from rapport.errors import BadRow
from rapport.records import RecordKind

GROUPED = {RecordKind.ORDERS: "lines", RecordKind.TICKETS: "messages"}  # kind -> its nested list
MAX_ROWS, MAX_BYTES = 10_000, 64 * 1024 * 1024  # of one record; more are a wrong id column
MAX_ID = 200  # characters


def units_of(kind: RecordKind, rows: Iterable[Row]) -> Iterator[Unit]:
    """One unit a record, in the order of the file."""
    if kind not in GROUPED:
        for row in rows:
            yield Unit(_id_of(kind, row), [row])
        return
    group = _Group()
    for row in rows:
        source_id = _id_of(kind, row)
        if source_id is not None and source_id == group.source_id and group.open:
            group.add(row)
            continue
        if source_id is None and group.source_id is not None:
            group.unreadable.append(row)
            continue
        yield from group.units()
        group = _Group(source_id, [row], open=GROUPED[kind] not in row.fields)
    yield from group.units()


@dataclass(slots=True)
class _Group:
    """The rows of the record in hand. unreadable: rows without an id since its last row."""

    source_id: str | None = None
    rows: list[Row] = field(default_factory=list)
    unreadable: list[Row] = field(default_factory=list)
    error: str = ""
    open: bool = True
    size: int = 0

    def add(self, row: Row) -> None:
        if self.unreadable:
            lines = ", ".join(str(bad.line) for bad in self.unreadable[:5])
            self.error = self.error or f"line {lines} among its rows cannot be read, so it would be incomplete."
            self.rows += self.unreadable
            self.unreadable = []
        self.size += row.size
        if len(self.rows) >= MAX_ROWS or self.size > MAX_BYTES:
            self.error = self.error or f"more than {len(self.rows)} rows have this id; is it the right column?"
            del self.rows[10:]
            self.size = MAX_BYTES
            self.rows.append(row)
        else:
            self.rows.append(row)

    def units(self) -> Iterator[Unit]:
        if self.rows:
            yield Unit(self.source_id, self.rows, self.error)
        for row in self.unreadable:
            yield Unit(None, [row])


def _id_of(kind: RecordKind, row: Row) -> str | None:
    """The record's id in its source, or None where the row has none that can be read."""
    for name in ID_FIELDS[kind]:
        value = row.fields.get(name)
        if value is None:
            continue
        try:
            source_id = values.text(name, value)
            if len(source_id) > MAX_ID:
                raise BadRow(f"{name} has {len(source_id)} characters; an id may have {MAX_ID}.")
            return source_id or None
        except BadRow as error:
            row.error = row.error or str(error)
            return None
    return None
