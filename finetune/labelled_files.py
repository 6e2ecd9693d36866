"""Read labelled texts from JSON lines or CSV and say what is wrong with them. Knows nothing of models."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crm.importers.text_file import check_readable, lines_of
from finetune.examples import Labelled
from rapport.errors import BadRow, UserError
from rapport.text import mask

LABEL_CHARS = 200  # a longer label is a text in the wrong column
COLUMNS = ("text", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFile:
    """What a file of labelled texts holds.

    rows: each distinct text once, in the order of the file. problems: what was found -> how many rows it concerns.
    examples: for each problem the first row that has it, as "line N: …".
    """

    rows: tuple[Labelled, ...]
    problems: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each problem."""
        return tuple(f"{count:,} {name} ({self.examples[name]})" for name, count in self.problems.items())


class _Problems:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def add(self, name: str, line: int, detail: str) -> None:
        self.counts[name] += 1
        self.first.setdefault(name, f"first on line {line}: {detail}")


def read_labelled(path: Path, *, mapping: Mapping[str, str] | None = None, keep_repeated: bool = False) -> LabelledFile:
    """Read `{"text", "label"}` rows. mapping: field -> column, for other column names.

    A row without text or label, or that cannot be read, is left out and counted. A text that stands in the file with
    several labels keeps the most frequent one; where none is, all of its rows are left out. keep_repeated: every row
    that has a text and a label stays, as a measurement wants it.
    Raises UserError for a file that is no text or lacks a column, BadRow where no row is left.
    """
    problems = _Problems()
    found: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for line, text, label in _rows(path, _complete(mapping or {}), problems):
        key = str(line) if keep_repeated else mask(text).casefold()
        found[key].append((line, text, label))
    rows = tuple(row for group in found.values() for row in _settled(group, problems))
    if not rows:
        raise BadRow(
            f"{path.name} has no usable row.", hint=f"Each needs a text and a label. {_summary(problems)}".strip()
        )
    return LabelledFile(rows=rows, problems=dict(problems.counts), examples=problems.first)


def read_texts(path: Path, *, column: str = "text") -> list[str]:
    """The texts of a JSON lines or CSV file, one for each row; see `read_rows` for what it raises."""
    return [text for (text,) in read_rows(path, (column,), option="--column {near}")]


def read_rows(path: Path, columns: tuple[str, ...], *, option: str = "") -> Iterator[tuple[str, ...]]:
    """The values of these columns in every row of a JSON lines or CSV file, in order; "" where a row has none.

    option: what names another column on the command line. Raises UserError for a file that is no text or lacks a
    column, BadRow for a row that cannot be read or has something else than a text there.
    """
    for line, values, broken in _records(path, columns, option):
        if broken:
            raise BadRow(f"line {line} of {path.name} cannot be read: {broken}", hint="Mend or remove that line.")
        for column in columns:
            if column not in values or not isinstance(values[column], str | None):
                raise BadRow(f"line {line} of {path.name} has no text in '{column}'.", hint="Mend or remove that line.")
        yield tuple(values[column] or "" for column in columns)


def _rows(path: Path, mapping: Mapping[str, str], problems: _Problems) -> Iterator[tuple[int, str, str]]:
    columns = mapping["text"], mapping["label"]
    for line, values, broken in _records(path, columns, "--map {column}={near}"):
        text, label = (str(values.get(column) or "").strip() for column in columns)
        if broken:
            problems.add("rows that cannot be read", line, broken)
        elif not text:
            problems.add("rows without a text", line, f"label '{label[:40]}'")
        elif not label:
            problems.add("rows without a label", line, f"'{text[:40]}'")
        elif len(label) > LABEL_CHARS:
            problems.add(f"labels of more than {LABEL_CHARS} characters", line, f"'{label[:40]}…'")
        else:
            yield line, text, label


def _settled(group: list[tuple[int, str, str]], problems: _Problems) -> list[Labelled]:
    """The one row of a text that may stand in the file several times."""
    labels = Counter(label for _, _, label in group)
    line, text, _ = group[0]
    for repeated, _, _ in group[1:]:
        problems.add("repeated texts", repeated, f"'{text[:40]}' stands on line {line} already")
    if len(labels) == 1:
        return [Labelled(text, group[0][2])]
    (best, votes), (_, others) = labels.most_common(2)
    names = ", ".join(f"{name} ({count})" for name, count in labels.most_common())
    problems.add("texts with different labels", line, f"'{text[:40]}' is {names}")
    return [Labelled(text, best)] if votes > others else []


def _records(path: Path, columns: tuple[str, ...], option: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    """(line number, the row's values by column, why it cannot be read)."""
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


def _complete(mapping: Mapping[str, str]) -> dict[str, str]:
    unknown = [name for name in mapping if name not in COLUMNS]
    if unknown:
        raise UserError(f"--map {unknown[0]}=… is not known.", hint=f"Give one of: {', '.join(COLUMNS)}.")
    return {name: mapping.get(name, name) for name in COLUMNS}


def _summary(problems: _Problems) -> str:
    return "; ".join(f"{count} {name} ({problems.first[name]})" for name, count in problems.counts.items())
