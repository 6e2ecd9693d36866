"""Choose the reader of a format. Raises UserError where format, kind and path do not go together."""

from pathlib import Path

from crm.importers.csv_file import CsvReader
from crm.importers.jsonl_file import JsonlReader
from crm.importers.rows import FORMATS, Format, ImportOptions, Reader
from crm.importers.text_file import check_readable
from rapport.errors import UserError
from rapport.records import RecordKind

_BY_ENDING: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
}


def known_format(path: Path, given: str | None) -> Format:
    """The format named, else the one that the path's name or content shows. Raises UserError for neither."""
    if not path.exists():
        raise UserError(f"{path} does not exist.", hint="Check the path.")
    if given is None:
        return _guessed(path)
    for known in FORMATS:
        if given == known:
            return known
    raise UserError(f"there is no format '{given}'.", hint=f"One of: {', '.join(FORMATS)}.")


def _guessed(path: Path) -> Format:
    if path.is_dir():
        if (path / "db.json").is_file():
            return "tau2"
        endings = {_BY_ENDING.get(file.suffix.lower()) for file in path.rglob("*") if file.is_file()}
        found = [one for one in ("markdown", "html") if one in endings]
        if len(found) == 1:
            return found[0]
    elif path.name == "db.json":
        return "tau2"
    elif path.suffix.lower() in _BY_ENDING:
        return _BY_ENDING[path.suffix.lower()]
    else:
        check_readable(path)  # what is no text of rows at all is called by its name first
    raise UserError(f"the format of {path} is not certain.", hint=f"Say it: --format {'|'.join(FORMATS)}")


def open_reader(kind: RecordKind, path: Path, options: ImportOptions) -> Reader:
    """The reader for a path in options.format; it has checked the path and the columns."""
    if not path.exists():
        raise UserError(f"{path} does not exist.", hint="Check the path.")
    if options.format in ("markdown", "html"):
        from crm.importers.folder import FolderReader

        return FolderReader(path, kind, options.format, options.mapping)
    if options.format == "tau2":
        from crm.importers.tau2 import open_tau2

        return open_tau2(path, kind, options.mapping)
    if path.is_dir():
        raise UserError(f"{path} is a folder.", hint=f"Name one {options.format} file in it.")
    if options.format == "csv":
        return CsvReader(path, kind, options.mapping)
    return JsonlReader(path, kind, options.mapping)
