"""Read rows of JSON lines or CSV, each with its line and why it cannot be read. Knows nothing of their columns."""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crm.importers.csv_file import read_loosely
from crm.importers.text_file import check_readable, lines_of
from rapport.errors import UserError

_SEPARATOR = re.compile(r"sep=([,;\t|])\s*$")  # the first line of a file that spreadsheets write for each other
Row = tuple[int, dict[str, Any], str]


def rows_of(
    path: Path, columns: tuple[str, ...], option: str = "--map {column}={near}", *, fields: tuple[str, ...] = ()
) -> Iterator[Row]:
    """(line number, the row's values by column, why it cannot be read); cells of a CSV file are strings.

    option: what names another column on the command line, or "". fields: what the columns are called there, where
    that is something else. Raises UserError for a file that is no text, that has one of the columns twice, or whose
    first row lacks one.
    """
    check_readable(path)
    with path.open("rb") as file:
        first = next((line.text.lstrip() for line in lines_of(file) if line.text.strip()), "")
    checked = False
    for line, values, broken in _json_rows(path) if first.startswith("{") else _csv_rows(path, columns):
        if not checked and not broken:
            _check_columns(path, list(values), dict(zip(columns, fields or columns, strict=True)), option)
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


def _csv_rows(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any], str]]:
    with path.open("rb") as file:
        lines = list(lines_of(file))
    told = _SEPARATOR.match(lines[0].text)
    skipped = int(told is not None and len(lines) > 1)
    delimiter = told[1] if told else max(",;\t|", key=lines[0].text.count)
    reader = read_loosely(iter(lines[skipped:]), delimiter)
    _, header, broken = next(reader, (0, [], "it is empty."))
    if broken:
        raise UserError(f"the first line of {path.name} cannot be read: {broken}", hint="It must name the columns.")
    names = [name.strip() for name in header]
    if twice := [name for name in wanted if names.count(name) > 1]:
        raise UserError(f"{path.name} has more than one column '{twice[0]}'.", hint="Rename the others.")
    for number, cells, broken in reader:
        if not broken and len(cells) > len(names):
            broken = f"{len(cells)} cells under {len(names)} columns; quote a text that holds '{delimiter}'."
        if broken:
            yield number, {}, broken
        else:
            yield number, dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=True)), ""


def _check_columns(path: Path, present: list[str], wanted: Mapping[str, str], option: str) -> None:
    missing = [column for column in wanted if column not in present]
    if not missing:
        return
    shown = ", ".join(f"'{name}'" for name in present[:12])
    near = get_close_matches(missing[0], present, n=1, cutoff=0.5)
    other = f", or say which one it is: {option}" if option else "."
    raise UserError(
        f"{path.name} has no column '{missing[0]}'; it has {shown}.",
        hint=f"Rename the column{other}".format(column=wanted[missing[0]], near=near[0] if near else "COLUMN"),
    )
