"""Read JSON lines: one object a line, nested objects reached as "outer.inner". Memory holds one line."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from crm.importers.columns import FIELDS
from crm.importers.layout import Layout, checked_layout, match_columns
from crm.importers.rows import Row
from crm.importers.text_file import Line, check_readable, lines_of, sha256_of_file
from rapport.errors import BadRow, UserError
from rapport.records import RecordKind

SAMPLE = 100  # rows whose keys decide whether a required field is missing from the file


class JsonlReader:
    """One file of JSON lines."""

    prunes = False
    counts = "line"

    def __init__(self, path: Path, kind: RecordKind, mapping: Mapping[str, str]) -> None:
        check_readable(path)
        self._path, self._kind, self._mapping = path, kind, mapping
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self.total = path.stat().st_size
        columns: dict[str, None] = {}
        for item in islice(self._objects(), SAMPLE):
            if isinstance(item[1], dict):
                columns.update(dict.fromkeys(item[1]))
        if columns:
            checked_layout(kind, list(columns), mapping, names=FIELDS[kind], where=path.name)

    def fingerprint(self) -> str:
        return sha256_of_file(self._path)

    def rows(self) -> Iterator[Row]:
        """Every line that is not blank; one that is no JSON object has an error and no fields."""
        for line, item, error in self._objects():
            if error:
                yield Row(line.number, line.end, line.text.rstrip("\r\n"), error=error, size=len(line.text))
                continue
            columns = tuple(item)
            layout = self._layouts.get(columns) or self._new_layout(columns)
            fields, extras = layout.pick(list(item.values()))
            yield Row(line.number, line.end, item, fields, extras, size=len(line.text))

    def _new_layout(self, columns: tuple[str, ...]) -> Layout:
        if len(self._layouts) > 500:  # a file whose every object has other keys must not grow this without end
            self._layouts.clear()
        layout = match_columns(FIELDS[self._kind], columns, self._mapping)
        self._layouts[columns] = layout
        return layout

    def _objects(self) -> Iterator[tuple[Line, dict[str, Any], str]]:
        with self._path.open("rb") as file:
            for line in lines_of(file):
                if line.broken:
                    yield line, {}, line.broken
                elif line.text.strip():
                    try:
                        yield line, _parsed(line), ""
                    except BadRow as error:
                        yield line, {}, str(error)


def _parsed(line: Line) -> dict[str, Any]:
    try:
        item = json.loads(line.text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if line.number == 1 and line.text.strip() in ("[", "[{"):
            raise _array() from None
        raise BadRow(f"not valid JSON: {error}.") from None
    if not isinstance(item, dict):
        if line.number == 1 and isinstance(item, list):
            raise _array()
        raise BadRow(f"the line holds a JSON {type(item).__name__}, not an object.")
    return dict(_flat(item, ""))


def _flat(item: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _array() -> UserError:
    return UserError("the file is one JSON array, not JSON lines.", hint="Write an object a line: jq -c '.[]' FILE")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")
