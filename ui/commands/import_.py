"""`rapport import`: bring records in from files and folders."""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rapport.errors import UserError
from rapport.records import RecordKind
from ui.commands.common import HomeOption, JsonOption, Opened, console, emit, opened

if TYPE_CHECKING:
    from crm.importers.rows import Format, ImportOptions, ImportReport, Progress

COMPANY = "company"  # source of CSV and JSON lines: one for all files, so that orders find their customers
ALL = "all"

Kind = Annotated[str, typer.Argument(help=f"One of {', '.join(RecordKind)}; or {ALL}, for the format tau2.")]
Place = Annotated[Path, typer.Argument(help="A CSV or JSON lines file, or a folder of articles or of a tau2 shop.")]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="csv, jsonl, markdown, html or tau2; default: by the path's name.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field. May be given several times."),
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", help=f"Where the records come from; default: {COMPANY}, or the folder's name."),
]
ReferencesOption = Annotated[
    str | None,
    typer.Option("--references", help="Source of the customers and products that the rows name; default: the same."),
]
PruneOption = Annotated[
    bool | None,
    typer.Option(
        "--prune/--no-prune",
        help="Remove this source's records that are not there any more; default: only for folders.",
    ),
]
TimezoneOption = Annotated[str, typer.Option("--timezone", help="What a time without a zone means.")]
DateOption = Annotated[
    str | None, typer.Option("--date-format", help="Pattern of dates that are not ISO 8601, such as %d.%m.%Y.")
]


def command(
    kind: Kind,
    path: Place,
    format: FormatOption = None,
    map: MapOption = None,
    source: SourceOption = None,
    references: ReferencesOption = None,
    prune: PruneOption = None,
    timezone: TimezoneOption = "UTC",
    date_format: DateOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import records. Running it again changes nothing; an interrupted import goes on where it stopped."""
    from crm.importers.formats import known_format
    from crm.importers.layout import field_mapping
    from crm.importers.rows import ImportOptions

    form = known_format(path, format)
    kinds = _kinds(kind, form)
    with opened(home) as place:
        options = ImportOptions(
            format=form,
            source=_source(source, path, form),
            mapping=field_mapping(kinds[0], map or ()),
            prune=prune,
            rejects_folder=place.home.rejects,
            references=references,
            timezone=timezone,
            date_format=date_format,
        )
        reports = [_import(place, one, path, options, quiet=as_json) for one in kinds]
    _finish(reports, as_json, single=kind != ALL)


def _import(place: Opened, kind: RecordKind, path: Path, options: "ImportOptions", *, quiet: bool) -> "ImportReport":
    from crm.importers.run import import_file

    with _bar(kind, quiet=quiet) as advance:
        try:
            report = import_file(place.store, kind, path, options, progress=advance)
        except KeyboardInterrupt:
            typer.echo(f"rapport: stopped; the same command goes on with the {kind} where it was.", err=True)
            raise typer.Exit(130) from None
    for note in report.notes:
        typer.echo(f"{kind}: {note}", err=True)
    if report.rejected:
        where = f"; see {report.rejects_file}" if report.rejects_file else ""
        typer.echo(f"{kind}: {report.rejected:,} rejected, the first: {report.first_reason}{where}", err=True)
    return report


def _finish(reports: "list[ImportReport]", as_json: bool, *, single: bool) -> None:
    """Print the reports; exit code 1 where rows were rejected and not one record could be kept."""
    rows = [
        {name: value for name, value in asdict(one).items() if name not in ("notes", "first_reason")} for one in reports
    ]
    emit(rows[0] if single else rows, as_json, lambda _: _render(rows))
    if any(
        one.rejected and one.resumed_at is None and not (one.added + one.changed + one.unchanged) for one in reports
    ):
        raise typer.Exit(1)


def _render(reports: list[dict[str, Any]]) -> None:
    out = console()
    for one in reports:
        parts = [
            f"{one[name]:,} {name}"
            for name in ("added", "changed", "unchanged", "removed", "rejected")
            if one[name] or name == "added"
        ]
        out.print(
            f"{one['kind']} from {one['source']}: {', '.join(parts)} ({one['rows']:,} rows in {one['seconds']:.1f} s)",
            markup=False,
        )


def _kinds(kind: str, form: "Format") -> list[RecordKind]:
    if kind == ALL:
        from crm.importers.tau2 import KINDS

        if form != "tau2":
            raise UserError(f"'{ALL}' needs the format tau2, not {form}.", hint="Import one kind after another.")
        return list(KINDS)
    if kind not in [one.value for one in RecordKind]:
        near = difflib.get_close_matches(kind, [one.value for one in RecordKind], n=1)
        raise UserError(
            f"there is no kind of record '{kind}'.{f' Did you mean {near[0]}?' if near else ''}",
            hint=f"One of: {', '.join(RecordKind)}.",
        )
    return [RecordKind(kind)]


def _source(given: str | None, path: Path, form: "Format") -> str:
    if given is not None:
        if not given.strip() or ":" in given:
            raise UserError(f"'{given}' cannot name a source.", hint="Give a word without a colon.")
        return given.strip()
    if form in ("csv", "jsonl"):
        return COMPANY
    folder = path if path.is_dir() else path.parent
    return folder.resolve().name.replace(":", "_") or COMPANY


@contextmanager
def _bar(kind: RecordKind, *, quiet: bool) -> "Iterator[Callable[[Progress], None]]":
    """A progress bar on standard error with rows, rows a second, and the time left."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task(kind.value, total=None, rows=0, rate=0.0)

        def advance(now: "Progress") -> None:
            passed = bar.tasks[0].elapsed or 0.0
            rate = now.rows / passed if passed else 0.0
            bar.update(task, completed=now.position, total=now.total or None, rows=now.rows, rate=rate)

        yield advance
