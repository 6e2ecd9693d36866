"""Import one file: read, convert, keep in batches, sort out what cannot be kept, remove what vanished.

Each batch and the import's position are kept in one transaction, so a killed import loses nothing and goes on where
it stopped. An import is known by its source, kind, file content and mapping.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from crm.importers import values
from crm.importers.canonical import content_id, record_of
from crm.importers.formats import open_reader
from crm.importers.given import Context
from crm.importers.kept_labels import with_kept_labels
from crm.importers.rejects import Rejects
from crm.importers.rows import ImportOptions, ImportReport, Progress, Reader, Unit
from crm.importers.seen import Seen
from crm.importers.units import GROUPED, units_of
from crm.store import Checkpoint, Counts, Store
from rapport.errors import BadRow
from rapport.records import AnyRecord, RecordKind

BATCH_BYTES = 8 * 1024 * 1024
Report = Callable[[Progress], None]


def import_file(
    store: Store, kind: RecordKind, path: Path, options: ImportOptions, *, progress: Report | None = None
) -> ImportReport:
    """Bring the records of one kind in `path` into the store.

    progress is told after each batch. Rows that cannot become records go to a file in options.rejects_folder.
    Raises UserError for a file that cannot be read as a whole or lacks a required column, before anything is kept.
    """
    started = time.monotonic()
    reader = open_reader(kind, path, options)
    with Seen() as seen:
        run = _Run(store, kind, options, reader, seen, progress)
        try:
            run.read()
            run.prune()
        finally:
            run.rejects.close()
        return run.report(time.monotonic() - started)


@dataclass(slots=True)
class _Run:
    """One import under way."""

    store: Store
    kind: RecordKind
    options: ImportOptions
    reader: Reader
    seen: Seen
    progress: Report | None
    import_id: str = ""
    context: Context = field(init=False)
    rejects: Rejects = field(init=False)
    batch: list[tuple[Unit, AnyRecord]] = field(default_factory=list)
    batch_bytes: int = 0
    position: int = 0
    rows: int = 0
    units: int = 0
    unreadable: int = 0
    counts: Counts = field(default_factory=Counts)
    removed: int = 0
    resumed_at: int | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        options = self.options
        self.context = Context(
            options.source,
            options.references or options.source,
            values.zone_named(options.timezone),
            values.date_pattern(options.date_format),
        )
        self.import_id = self._identify()
        self.rejects = Rejects(None, name="", import_id="", keep_before=None)

    def read(self) -> None:
        """Read every unit after the last checkpoint, a batch a transaction."""
        units = self._after_checkpoint(units_of(self.kind, self.reader.rows()))
        for unit in units:
            self.units += 1
            self.rows += len(unit.rows)
            self._take(unit)
            self.position = unit.end
            if len(self.batch) >= self.options.batch or self.batch_bytes >= BATCH_BYTES:
                self._flush()
        self._flush()

    def prune(self) -> None:
        """Remove the records of this source and kind that the file does not hold, where that was asked for."""
        wanted = self.reader.prunes if self.options.prune is None else self.options.prune
        if wanted and self._may_prune():
            prefix = len(self.options.source) + 1
            keys = self.store.keys(self.kind, source=self.options.source)
            self.seen.keep_unseen(key[prefix:] for key in keys)
            for ids in self.seen.unseen():
                self.removed += self.store.remove(self.kind, [f"{self.options.source}:{one}" for one in ids])
        self.store.upsert((), checkpoint=Checkpoint(self.import_id, self.position, True))

    def report(self, seconds: float) -> ImportReport:
        rejected = self.rejects.count
        rejects_file = self.rejects.finish()
        return ImportReport(
            kind=self.kind.value,
            source=self.options.source,
            rows=self.rows,
            added=self.counts.added,
            changed=self.counts.changed,
            unchanged=self.counts.unchanged,
            removed=self.removed,
            rejected=rejected,
            rejects_file=str(rejects_file) if rejects_file else None,
            seconds=round(seconds, 3),
            resumed_at=self.resumed_at,
            notes=tuple(self.notes),
            first_reason=self.rejects.first_reason,
        )

    def _identify(self) -> str:
        """The same for the same content read in the same way."""
        options = self.options
        parts = [
            options.source,
            self.kind.value,
            options.format,
            self.reader.fingerprint(),
            dict(options.mapping),
            options.references,
            options.timezone,
            options.date_format,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _after_checkpoint(self, units: Iterator[Unit]) -> Iterator[Unit]:
        """Skip what an interrupted run of this very import has kept; the ids in it still count as seen."""
        known = self.store.checkpoint(self.import_id)
        # another import of this source and kind in between may have removed records: then all is read again
        latest = Checkpoint(_latest_id(self.kind, self.options.source), int(self.import_id[:7], 16))
        same = self.store.checkpoint(latest.import_id) == latest
        position = known.position if known and not known.done and same else 0
        self.store.upsert((), checkpoint=latest)
        first = None
        for unit in units:
            if unit.end > position:
                first = unit
                break
            self._name(unit)
            self.position = unit.end
        if position:
            self.resumed_at = first.line if first else None
            place = f"{self.reader.counts} {first.line:,}" if first else "its end"
            self.notes.append(f"an earlier run was interrupted; continued at {place}")
        self.rejects = Rejects(
            self.options.rejects_folder,
            name=f"{_file_name(self.options.source)}-{self.kind}",
            import_id=self.import_id,
            keep_before=(first.line if first else 2**63) if position else None,
        )
        self._tell()
        return units if first is None else chain((first,), units)

    def _name(self, unit: Unit) -> int | None:
        """Settle the unit's id and remember it. Returns the line where that id stood before, if it did."""
        if unit.source_id is not None:
            return self.seen.claim(unit.source_id, unit.line)
        row = unit.rows[0]
        if self.kind is RecordKind.EVENTS and not row.error:
            unit.source_id = self.seen.numbered(content_id(row), unit.line)
        else:
            self.unreadable += 1
        return None

    def _take(self, unit: Unit) -> None:
        before = self._name(unit)
        self.batch_bytes += sum(row.size for row in unit.rows)
        try:
            if before is not None:
                raise BadRow(self._repeated(unit, before))
            self.batch.append((unit, record_of(self.kind, unit, self.context)))
        except BadRow as error:
            self.rejects.add(unit, str(error))

    def _flush(self) -> None:
        """Keep the batch and the position together, then say how far it is."""
        records = [record for _, record in self.batch]
        missing = self.store.missing_references(records) if records else {}
        if missing:
            for unit, record in self.batch:
                if record.key in missing:
                    self.rejects.add(unit, _what_first(missing[record.key]))
            self.batch = [(unit, record) for unit, record in self.batch if record.key not in missing]
            records = [record for _, record in self.batch]
        self.rejects.flush()
        if self.kind is RecordKind.TICKETS:
            self.batch = with_kept_labels(self.store, self.batch)
            records = [record for _, record in self.batch]
        checkpoint = Checkpoint(self.import_id, self.position)
        try:
            self.counts += self.store.upsert(records, checkpoint=checkpoint)
        except BadRow:
            self._keep_singly(checkpoint)
        self.batch, self.batch_bytes = [], 0
        self._tell()

    def _keep_singly(self, checkpoint: Checkpoint) -> None:
        """Keep a refused batch record by record, so that one bad record costs only itself."""
        for unit, record in self.batch:
            try:
                self.counts += self.store.upsert([record])
            except BadRow as error:
                self.rejects.add(unit, str(error))
        self.rejects.flush()
        self.store.upsert((), checkpoint=checkpoint)

    def _may_prune(self) -> bool:
        reason = ""
        if self.unreadable:
            reason = f"{self.unreadable} rows had no readable id, so what is missing from the file is not certain"
        elif not self.units and not self.resumed_at and not self.position:
            reason = "the file holds no record"
        if reason:
            self.notes.append(f"nothing was removed: {reason}")
        return not reason

    def _repeated(self, unit: Unit, before: int) -> str:
        place = f"{self.reader.counts} {before}"
        if self.kind in GROUPED:
            together = "its rows must stand together. Sort the file by this column."
            return f"'{unit.source_id}' was complete at {place} and comes again here; {together}"
        return f"'{unit.source_id}' comes twice; {place} was kept. Remove one of them."

    def _tell(self) -> None:
        if self.progress:
            self.progress(
                Progress(
                    position=self.position,
                    total=self.reader.total,
                    rows=self.rows,
                    rejected=self.rejects.count,
                    resumed_at=self.resumed_at,
                )
            )


def _what_first(reason: str) -> str:
    """The store's words, with what to do about it."""
    if "to product " in reason:
        return f"{reason}: import products first, or leave them out with --map product_id="
    return f"{reason}: import customers first, or name their source with --references"


def _latest_id(kind: RecordKind, source: str) -> str:
    """Under which the store keeps what import of a source and kind was the last one."""
    return f"latest {kind} {hashlib.sha256(source.encode()).hexdigest()[:16]}"


def _file_name(source: str) -> str:
    return "".join(character if character.isalnum() or character in "-_." else "_" for character in source)[:80]
