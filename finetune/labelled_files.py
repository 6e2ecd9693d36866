"""Read labelled texts from JSON lines or CSV and say what is wrong with them. Knows nothing of models."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from finetune.examples import Labelled
from finetune.joint import in_order
from finetune.row_files import rows_of
from rapport.errors import BadRow, UserError
from rapport.heads import OOS
from rapport.text import mask

LABEL_CHARS = 200  # a longer label is a text in the wrong column
COLUMNS = ("text", "label")
GROUP = "conversation"  # a column that may be there: what each row was said in
SPELLING = "rows whose label differs from another in case, spaces or hyphens alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFile:
    """What a file of labelled texts holds.

    rows: all that can be used, in the order of the file. problems: what was found -> how many rows it concerns.
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

    def add(self, name: str, line: int, detail: str, *, rows: int = 1) -> None:
        self.counts[name] += rows
        self.first.setdefault(name, f"first on line {line}: {detail}")


def read_labelled(path: Path, *, mapping: Mapping[str, str] | None = None) -> LabelledFile:
    """Read `{"text", "label"}` rows, `conversation` among them where it is there. mapping: field -> column, for other
    column names.

    A row without text or label, or that cannot be read, is left out and counted. Repeated texts stay, because they say
    how frequent a message is; they and texts that stand with several labels are counted. Rows whose label is another
    one but for case, spaces or hyphens are counted too and keep it: only a person knows whether one label is meant.
    Raises UserError for a file that is no text or lacks a column, BadRow where no row is left.
    """
    problems = _Problems()
    rows: list[Labelled] = []
    found: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    first: dict[str, int] = {}
    for line, text, label, talk in _rows(path, mapping or {}, problems):
        rows.append(Labelled(text, label, talk))
        first.setdefault(label, line)
        found[mask(text).casefold()].append((line, text, label))
    for group in found.values():
        _count_repeats(group, problems)
    _count_spellings(Counter(row.label for row in rows), first, problems)
    if not rows:
        raise BadRow(
            f"{path.name} has no usable row.", hint=f"Each needs a text and a label. {_summary(problems)}".strip()
        )
    return LabelledFile(rows=tuple(rows), problems=dict(problems.counts), examples=problems.first)


def read_texts(path: Path, *, column: str = "text") -> list[str]:
    """The texts of a JSON lines or CSV file, one for each row; see `read_rows` for what it raises."""
    return [text for (text,) in read_rows(path, (column,), option="--column {near}")]


def read_rows(path: Path, columns: tuple[str, ...], *, option: str = "") -> Iterator[tuple[str, ...]]:
    """The values of these columns in every row of a JSON lines or CSV file, in order; "" where a row has none.

    option: what names another column on the command line. Raises UserError for a file that is no text or lacks a
    column, BadRow for a row that cannot be read or has something else than a text there.
    """
    for line, values, broken in rows_of(path, columns, option):
        if broken:
            raise BadRow(f"line {line} of {path.name} cannot be read: {broken}", hint="Mend or remove that line.")
        for column in columns:
            if column not in values or not isinstance(values[column], str | None):
                raise BadRow(f"line {line} of {path.name} has no text in '{column}'.", hint="Mend or remove that line.")
        yield tuple(values[column] or "" for column in columns)


def _rows(path: Path, mapping: Mapping[str, str], problems: _Problems) -> Iterator[tuple[int, str, str, str]]:
    fields = _fields(mapping)
    columns = tuple(mapping.get(field, field) for field in fields)
    for line, values, broken in rows_of(path, columns, fields=fields):
        text, label = (str(values.get(column) or "").strip() for column in columns[:2])
        nested = [column for column in columns if isinstance(values.get(column), list | dict)]
        broken = broken or (f"'{nested[0]}' holds a {type(values[nested[0]]).__name__}, not a text." if nested else "")
        if broken:
            problems.add("rows that cannot be read", line, broken)
        elif not text:
            problems.add("rows without a text", line, f"label '{label[:40]}'")
        elif not label:
            problems.add("rows without a label", line, f"'{text[:40]}'")
        elif len(label) > LABEL_CHARS:
            problems.add(f"labels of more than {LABEL_CHARS} characters", line, f"'{label[:40]}…'")
        else:
            yield line, text, in_order(label), str(values.get(mapping.get(GROUP, GROUP)) or "").strip()


def _count_repeats(group: list[tuple[int, str, str]], problems: _Problems) -> None:
    """Count the rows of one text beyond its first, and whether their labels differ."""
    labels = Counter(label for _, _, label in group)
    line, text, _ = group[0]
    for repeated, _, _ in group[1:]:
        problems.add("repeated texts", repeated, f"'{text[:40]}' stands on line {line} already")
    if len(labels) > 1:
        names = ", ".join(f"{name} ({count})" for name, count in labels.most_common())
        problems.add("texts with different labels", line, f"'{text[:40]}' is {names}")


def _count_spellings(labels: Counter[str], first: Mapping[str, int], problems: _Problems) -> None:
    """Count the rows whose label more rows bear in another spelling. first: label -> the first line that bears it."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label, _ in labels.most_common():
        alike[re.sub(r"[\s_-]+", " ", label).casefold()].append(label)
    for key, (usual, *others) in alike.items():
        if key == OOS and usual != OOS:  # the word for messages out of scope, which no other spelling is
            usual, others = OOS, [label for label in (usual, *others) if label != OOS]
        for label in others:
            detail = f"'{label}' is another label than '{usual}'"
            problems.add(SPELLING, first[label], detail, rows=labels[label])


def _fields(mapping: Mapping[str, str]) -> tuple[str, ...]:
    """Those that the file must have: `GROUP` only where its column is named."""
    known = (*COLUMNS, GROUP)
    unknown = [name for name in mapping if name not in known]
    if unknown:
        raise UserError(f"--map {unknown[0]}=… is not known.", hint=f"Give one of: {', '.join(known)}.")
    return (*COLUMNS, GROUP) if GROUP in mapping else COLUMNS


def _summary(problems: _Problems) -> str:
    return "; ".join(f"{count} {name} ({problems.first[name]})" for name, count in problems.counts.items())
