"""Read a folder of help articles, a file each, Markdown or HTML. Memory holds one article."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crm.importers.columns import FIELDS
from crm.importers.html_article import read_html
from crm.importers.layout import match_columns
from crm.importers.markdown_article import read_markdown
from crm.importers.rows import Row
from rapport.errors import BadRow, UserError
from rapport.records import RecordKind

ENDINGS = {"markdown": (".md", ".markdown"), "html": (".html", ".htm")}
MAX_FILE = 16 * 1024 * 1024


class FolderReader:
    """The articles of a folder and its subfolders, or of one file. Hidden files and folders are left out.

    So are drafts (`draft: true` or `published: false`): they count as not being there.
    """

    counts = "file"

    def __init__(self, path: Path, kind: RecordKind, format: str, mapping: Mapping[str, str]) -> None:
        if kind is not RecordKind.ARTICLES:
            raise UserError(f"the format {format} holds articles, not {kind}.", hint="Use csv or jsonl.")
        self.prunes = path.is_dir()
        self._root = path if path.is_dir() else path.parent
        self._mapping, self._read = mapping, read_markdown if format == "markdown" else read_html
        self._files = self._find(ENDINGS[format]) if path.is_dir() else [path]
        if not self._files:
            raise UserError(f"{path} holds no {' or '.join(ENDINGS[format])} file.", hint="Check path and --format.")
        self.total = len(self._files)

    def fingerprint(self) -> str:
        """Of names, sizes and times of change: a folder is read anew when any of them differs."""
        found = hashlib.sha256()
        for file in self._files:
            status = file.stat()
            found.update(f"{file.relative_to(self._root)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        return found.hexdigest()

    def rows(self) -> Iterator[Row]:
        """One row a file; one that cannot be read has an error and no fields."""
        for place, file in enumerate(self._files, start=1):
            name = file.relative_to(self._root).as_posix()
            raw = {"file": name}
            try:
                found = self._fields_of(file)
            except BadRow as error:
                yield Row(place, place, raw, error=str(error))
                continue
            if not _is_draft(found):
                layout = match_columns(FIELDS[RecordKind.ARTICLES], list(found), self._mapping)
                fields, extras = layout.pick(list(found.values()))
                fields.setdefault("article_id", name.rsplit(".", 1)[0])
                yield Row(place, place, raw, fields, extras, size=len(fields.get("text", "")))

    def _fields_of(self, file: Path) -> dict[str, Any]:
        try:
            size = file.stat().st_size
            if size > MAX_FILE:
                raise BadRow(f"the file has {size // 1024**2} MB; an article may have {MAX_FILE // 1024**2}.")
            return self._read(file.read_bytes(), file.stem)
        except OSError as error:
            raise BadRow(f"the file cannot be read ({error.strerror}).") from error

    def _find(self, endings: tuple[str, ...]) -> list[Path]:
        def wanted(file: Path) -> bool:
            inside = file.relative_to(self._root).parts
            return file.suffix.lower() in endings and not any(part.startswith(".") for part in inside)

        return sorted(file for file in self._root.rglob("*") if wanted(file) and file.is_file())


def _is_draft(found: Mapping[str, Any]) -> bool:
    return found.get("draft") is True or found.get("published") is False
