"""What flows from a reader to the driver: rows, and units of rows that make one record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Format = Literal["csv", "jsonl", "markdown", "html", "tau2"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "markdown", "html", "tau2")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is to be read.

    source: name of the system that the records come from. mapping: field -> column, wins over the known names.
    prune: remove records of this source and kind that are not in the file; None: as the format does by default.
    references: source of the customers and products that rows name; None: `source`.
    timezone: what a time without a zone means. date_format: strptime pattern for dates that are not ISO 8601.
    """

    format: Format
    source: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    prune: bool | None = None
    rejects_folder: Path | None = None
    batch: int = 500
    references: str | None = None
    timezone: str = "UTC"
    date_format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is. position of total: bytes for CSV and JSON lines, records or files otherwise."""

    position: int
    total: int
    rows: int
    rejected: int
    resumed_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did.

    rows: rows read, of which an order or a ticket may have several; after a resumption, those since it.
    rejected: entries of the rejects file, which counts the whole file also after a resumption.
    resumed_at: line where an interrupted import went on. notes: what the person should know besides the numbers.
    """

    kind: str
    source: str
    rows: int
    added: int
    changed: int
    unchanged: int
    removed: int
    rejected: int
    rejects_file: str | None
    seconds: float
    resumed_at: int | None
    notes: tuple[str, ...] = ()
    first_reason: str = ""


@dataclass(slots=True)
class Row:
    """One row as read. fields: canonical field -> value as the file has it; extras: columns without a meaning to us.

    end: where an import that kept this row goes on. size: bytes, so that a batch of huge rows ends early.
    raw: what goes to the rejects file. error: why it is unreadable.
    """

    line: int
    end: int
    raw: Any
    fields: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    size: int = 0


@dataclass(slots=True)
class Unit:
    """The rows that make one record: one row, or the lines of an order or the messages of a ticket.

    source_id is None where it could not be read.
    """

    source_id: str | None
    rows: list[Row]
    error: str = ""

    @property
    def line(self) -> int:
        return self.rows[0].line

    @property
    def end(self) -> int:
        return self.rows[-1].end

    @property
    def raw(self) -> Any:
        return self.rows[0].raw if len(self.rows) == 1 else [row.raw for row in self.rows]


class Reader(Protocol):
    """One format. total and the rows' ends count in the same measure; fingerprint changes with the content.

    prunes: what is not there any more is removed unless the caller says otherwise. counts: what a row's line counts.
    """

    total: int
    prunes: bool
    counts: str

    def fingerprint(self) -> str: ...

    def rows(self) -> Iterator[Row]: ...
