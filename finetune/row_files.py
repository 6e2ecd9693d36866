"""Read rows of JSON lines or CSV, each with its line and why it cannot be read. Knows nothing of their columns."""

import csv
import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crm.importers.text_file import check_readable, lines_of
from rapport.errors import UserError

Row = tuple[int, dict[str, Any], str]


def rows_of(path: Path, columns: tuple[str, ...], option: str = "--map {column}={near}") -> Iterator[Row]:
    """(line number, the row's values by column, why it cannot be read); cells of a CSV file are strings.

    option: what names another column on the command line, or "". Raises UserError for a file that is no text, or whose
    first row lacks one of the columns.
    """
    check_readable(path)
    with path.open("rb") as file:
        first = next((line.text.lstrip() for line in lines_of(file) if line.text.strip()), "")
    reader = _json_rows if first.startswith("{") else _csv_rows
    checked = False
    for line, values, broken in reader(path):
        if not checked and not broken:
            _check_columns(path, list(values), columns, option)
            checked = True
        yield line, values, broken


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any], str]]:
    with path.open("rb") as file:
        for line in lines_of(file):
            if line.broken:
                yield line.number, {}, line.broken
            elif line.text.strip():
                try:
                    values = json.loads(line.text)
                except (ValueError, RecursionError) as error:
                    yield line.number, {}, f"not valid JSON: {error}."
                    continue
                if isinstance(values, dict):
                    yield line.number, values, ""
                else:
                    yield line.number, {}, f"a JSON {type(values).__name__}, not an object."


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any], str]]:
    with path.open("rb") as file:
        lines = list(lines_of(file))
    broken = {line.number: line.broken for line in lines if line.broken}
    header = lines[0].text
    delimiter = max(",;\t|", key=header.count)
    reader = csv.reader((line.text for line in lines), delimiter=delimiter, skipinitialspace=True)
    names = [name.strip() for name in next(reader)]
    for cells in reader:
        number = reader.line_num
        if number in broken:
            yield number, {}, broken[number]
        elif len(cells) > len(names):
            yield number, {}, f"{len(cells)} cells under {len(names)} columns; quote a text that holds '{delimiter}'."
        elif cells:
            yield number, dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=True)), ""


def _check_columns(path: Path, present: list[str], wanted: tuple[str, ...], option: str) -> None:
    missing = [column for column in wanted if column not in present]
    if not missing:
        return
    shown = ", ".join(f"'{name}'" for name in present[:12])
    near = get_close_matches(missing[0], present, n=1, cutoff=0.5)
    other = f", or say which one it is: {option}" if option else "."
    raise UserError(
        f"{path.name} has no column '{missing[0]}'; it has {shown}.",
        hint=f"Rename the column{other}".format(column=missing[0], near=near[0] if near else "COLUMN"),
    )
