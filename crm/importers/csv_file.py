"""Read CSV files row by row: any length, quoted line ends, BOM, CRLF, broken rows. Memory holds one row.

A row that is not valid CSV costs only its first line: reading goes on with the line after it, so a stray quote
does not swallow the rest of the file.
"""

import csv
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from crm.importers.columns import flat_fields
from crm.importers.layout import checked_layout
from crm.importers.rows import Row
from crm.importers.text_file import Line, check_readable, lines_of, sha256_of_file
from rapport.errors import UserError
from rapport.records import RecordKind

MAX_CELL = 8 * 1024 * 1024  # characters; a longer cell is a quote that never closes
DELIMITERS = ",;\t|"


class CsvReader:
    """One CSV file with a header line; the delimiter is the one that the header holds most often."""

    prunes = False
    counts = "line"

    def __init__(self, path: Path, kind: RecordKind, mapping: Mapping[str, str]) -> None:
        check_readable(path)
        self._path = path
        self.total = path.stat().st_size
        self._delimiter = self._find_delimiter()
        header = next(self._read(), None)
        if header is None or header[2]:
            reason = f" ({header[2]})" if header else ""
            raise UserError(f"{path.name} has no readable header line{reason}.", hint="Its first line names columns.")
        self._columns = [cell.strip() for cell in header[1]]
        double = next((name for name in self._columns if name and self._columns.count(name) > 1), None)
        if double:
            raise UserError(f"{path.name} has two columns named '{double}'.", hint="Rename one of them.")
        self._layout = checked_layout(kind, self._columns, mapping, names=flat_fields(kind), where=path.name)

    def fingerprint(self) -> str:
        return sha256_of_file(self._path)

    def rows(self) -> Iterator[Row]:
        """Every row after the header; one that cannot be read has an error and no fields."""
        width, pick, columns = len(self._columns), self._layout.pick, self._columns
        reading = self._read()
        next(reading)
        for lines, cells, error in reading:
            line, end, size = lines[0].number, lines[-1].end, sum(len(one.text) for one in lines)
            if not error and len(cells) > width and not any(cells[width:]):
                cells = cells[:width]  # commas at the end of the line
            if not error and len(cells) != width:
                error = f"the row has {len(cells)} cells, the header has {width}."
            if error:
                yield Row(line, end, "".join(one.text for one in lines), error=error, size=size)
                continue
            fields, extras = pick(cells)
            yield Row(line, end, dict(zip(columns, cells, strict=True)), fields, extras, size=size)

    def _find_delimiter(self) -> str:
        with self._path.open("rb") as file:
            first = next((line.text for line in lines_of(file) if line.text.strip()), "")
        outside = "".join(first.split('"')[::2])
        return max(DELIMITERS, key=outside.count)

    def _read(self) -> Iterator[tuple[list[Line], list[str], str]]:
        with self._path.open("rb") as file:
            yield from read_csv(lines_of(file), self._delimiter)


def read_csv(lines: Iterator[Line], delimiter: str) -> Iterator[tuple[list[Line], list[str], str]]:
    """(a row's lines, its cells, why it cannot be read); a row that is not valid CSV is its first line alone."""
    csv.field_size_limit(MAX_CELL)
    feed = _Feed(lines)
    rows = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        feed.row = []
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield [feed.keep_first()], [], f"not valid CSV: {error}."
            rows = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
            continue
        row = feed.row
        broken = row[0].broken if len(row) == 1 else next((line.broken for line in row if line.broken), "")
        if cells or broken:
            yield row, cells, broken


def read_loosely(lines: Iterator[Line], delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """(the number of a row's first line, its cells, why it cannot be read), the header first.

    A line that is not quoted by the rules, such as `"Great" service,positive`, is read all the same where it has as
    many cells as the header and its quotes are in pairs: one that never closes hides what follows.
    """
    width = 0
    for row, cells, broken in read_csv(lines, delimiter):
        if broken and not cells and (found := _loose_cells(row[0].text, delimiter, width)):
            cells, broken = found, ""
        width = width or len(cells)
        yield row[0].number, cells, broken


def _loose_cells(line: str, delimiter: str, width: int) -> list[str]:
    """The cells of one line by no strict rules; [] where they are not `width`. 0: any number."""
    if line.count('"') % 2:
        return []
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    if width and len(cells) > width and not any(cells[width:]):
        cells = cells[:width]  # delimiters at the end of the line
    return cells if len(cells) == (width or len(cells)) else []


class _Feed:
    """Hands lines to csv.reader, remembers those of the row in hand, and takes them back after an error."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._returned: deque[Line] = deque()
        self.row: list[Line] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.row.append(line)
        return line.text

    def keep_first(self) -> Line:
        """Give up the row's first line; the others are handed out again."""
        self._returned.extendleft(reversed(self.row[1:]))
        return self.row[0]
