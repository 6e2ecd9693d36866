"""Read CSV files of customers: with a target to learn from, or in pieces to score. Knows nothing of models.

What is defined here for bad input:
- no file, an empty one, no header line, two columns of one name, no such column: UserError;
- a row with more or fewer cells than the header: left out and counted;
- a row without a target: left out and counted; a target with one value or more than two: UserError;
- ids that come twice: every row stays, they are counted, and folds keep the rows of one id together;
- a column that is blank throughout, constant, or that tells rows apart and nothing else: left out and named.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from crm.importers.csv_file import read_loosely
from crm.importers.text_file import Line, check_readable, lines_of
from profiles.tables import MISSING, Kind, Table, categories_of, kind_of, numbers_of
from rapport.errors import UserError

if TYPE_CHECKING:
    import numpy as np

DELIMITERS = ",;\t|"
YES = frozenset({"1", "1.0", "true", "yes", "y", "t"})
PIECE = 20_000  # rows that are read and scored at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which columns a table has and what each holds. id: the column that names a row, or ""."""

    kinds: Mapping[str, Kind]
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """A table with what is known of its rows.

    target: (n,) booleans. positive: the value that counts as true. left_out: column -> why nothing is learnt from it.
    problems: what was found -> how many rows, or cells, it concerns.
    """

    table: Table
    target: "np.ndarray"
    positive: str
    layout: Layout
    left_out: Mapping[str, str]
    problems: Mapping[str, int]


def read_labelled_table(path: Path, *, target: str, id_column: str = "", positive: str = "") -> Labelled:
    """Read a whole file to learn from. positive: which value of the target counts as true, where it is not yes or 1."""
    header, rows, problems = _read_whole(path)
    for column in filter(None, (target, id_column)):
        _check_column(path, header, column)
    if target == id_column:
        raise UserError(f"'{target}' cannot be the target and the id at once.", hint="Give another --id.")
    at = header.index(target)
    known = [row for row in rows if row[at].strip().casefold() not in MISSING]
    if len(known) < len(rows):
        problems[f"rows without '{target}'"] += len(rows) - len(known)
    columns = _columns(header, known)
    truth, chosen = _truth(target, [cell.strip() for cell in columns.pop(target)], positive)
    if id_column:
        repeated = len(known) - len({cell.strip() for cell in columns[id_column]})
        if repeated:
            problems[f"rows whose '{id_column}' came before"] += repeated
    left_out = {
        name: reason for name, cells in columns.items() if name != id_column and (reason := _useless(name, cells))
    }
    kinds = {name: kind_of(cells) for name, cells in columns.items() if name not in left_out and name != id_column}
    if not kinds:
        raise UserError(f"{path.name} has no column to learn from.", hint=f"Left out: {_listed(left_out)}.")
    layout = Layout(kinds=kinds, id=id_column)
    table = _table(columns, layout, first=1, problems=problems)
    return Labelled(table=table, target=truth, positive=chosen, layout=layout, left_out=left_out, problems=problems)


def read_table(path: Path, *, id_column: str = "") -> tuple[Table, Counter[str]]:
    """A whole file without a target, and what was found in it: problem -> rows or cells, left-out columns among them.

    Raises UserError as `read_labelled_table` does.
    """
    header, rows, problems = _read_whole(path)
    if id_column:
        _check_column(path, header, id_column)
    columns = _columns(header, rows)
    left_out = {name: why for name, cells in columns.items() if name != id_column and (why := _useless(name, cells))}
    problems.update({f"columns left out: '{name}' is {why}": 1 for name, why in left_out.items()})
    kinds = {name: kind_of(cells) for name, cells in columns.items() if name not in left_out and name != id_column}
    if not rows or not kinds:
        raise UserError(f"{path.name} has no column to learn from.", hint=f"Left out: {_listed(left_out)}.")
    return _table(columns, Layout(kinds=kinds, id=id_column), first=1, problems=problems), problems


def group_values(read: Labelled, column: str) -> "np.ndarray":
    """The values of a column as text, None where missing. Raises UserError where nothing was learnt from it."""
    import numpy as np

    if column in read.table.categorical:
        return read.table.categorical[column]
    if column not in read.table.numeric:
        why = f" It is {read.left_out[column]}." if column in read.left_out else ""
        raise UserError(f"there is no column '{column}' to tell groups by.{why}", hint="Give another --groups.")
    values = read.table.numeric[column]
    return np.array([None if value != value else f"{value:g}" for value in values], dtype=object)


def read_pieces(path: Path, layout: Layout, *, rows: int = PIECE) -> Iterator[tuple[Table, Mapping[str, int]]]:
    """The file as tables of at most `rows` rows, each with what was found in it; memory holds one of them.

    Columns beside those of the layout are passed over. Raises UserError where one of the layout is absent.
    """
    reading = _read(path)
    header = next(reading)[0]
    for column in (*layout.kinds, *filter(None, (layout.id,))):
        _check_column(path, header, column)
    problems: Counter[str] = Counter()
    piece: list[list[str]] = []
    first = 1
    for cells, broken in reading:
        if broken:
            problems[broken] += 1
        else:
            piece.append(cells)
        if len(piece) == rows:
            yield _table(_columns(header, piece), layout, first=first, problems=problems), dict(problems)
            first, piece = first + len(piece), []
            problems.clear()
    if piece or problems:
        yield _table(_columns(header, piece), layout, first=first, problems=problems), dict(problems)


def _read(path: Path) -> Iterator[tuple[list[str], str]]:
    """The header, then each row's cells, or why it cannot be used."""
    check_readable(path)
    with path.open("rb") as file:
        head = next((line.text for line in lines_of(file) if line.text.strip()), "")
    delimiter = max(DELIMITERS, key="".join(head.split('"')[::2]).count)
    with path.open("r", encoding="utf-8-sig", errors="replace", newline="") as text:
        reading = read_loosely((Line(number, 0, line) for number, line in enumerate(text, 1)), delimiter)
        _, names, broken = next(reading, (0, [], ""))
        if broken:
            raise UserError(f"the first line of {path.name} cannot be read: {broken}", hint="It must name the columns.")
        header = [cell.strip() for cell in names]
        double = next((name for name, count in Counter(header).items() if count > 1), None)
        if double is not None:
            raise UserError(f"{path.name} has two columns named '{double}'.", hint="Rename one of them.")
        yield header, ""
        for _, cells, broken in reading:
            if len(cells) > len(header) and not any(cells[len(header) :]):
                cells = cells[: len(header)]  # delimiters at the end of the line
            if broken:
                broken = "rows that are not valid CSV"
            elif len(cells) != len(header):
                broken = "rows with more or fewer cells than the header"
            yield cells, broken


def _read_whole(path: Path) -> tuple[list[str], list[list[str]], Counter[str]]:
    reading = _read(path)
    header = next(reading)[0]
    problems: Counter[str] = Counter()
    rows = []
    for cells, broken in reading:
        if broken:
            problems[broken] += 1
        else:
            rows.append(cells)
    return header, rows, problems


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    if not rows:
        return dict.fromkeys(header, ())
    return dict(zip(header, zip(*rows, strict=True), strict=True))


def _table(columns: Mapping[str, Sequence[str]], layout: Layout, *, first: int, problems: Counter[str]) -> Table:
    """Typed columns; rows without an id column are named by their number, the first of them `first`."""
    import numpy as np

    numeric, categorical = {}, {}
    for name, kind in layout.kinds.items():
        if kind == "category":
            categorical[name] = categories_of(columns[name])
            continue
        numeric[name], unread = numbers_of(columns[name], kind)
        if unread:
            problems[f"cells of '{name}' that are no {kind}"] += unread
    n = len(next(iter(columns.values())))
    ids = [cell.strip() for cell in columns[layout.id]] if layout.id else [str(first + row) for row in range(n)]
    return Table(ids=np.array(ids, dtype=object), numeric=numeric, categorical=categorical)


def _check_column(path: Path, header: Sequence[str], column: str) -> None:
    if column not in header:
        near = get_close_matches(column, header, n=1, cutoff=0.5)
        shown = ", ".join(f"'{name}'" for name in header[:30])
        raise UserError(
            f"{path.name} has no column '{column}'; it has {shown}.", hint=f"Do you mean '{near[0]}'?" if near else ""
        )


def _truth(column: str, cells: Sequence[str], positive: str) -> "tuple[np.ndarray, str]":
    """The target as booleans and the value that is true: as asked for, else yes or 1, else the rarer value."""
    import numpy as np

    counts = Counter(cells)
    if len(counts) < 2:
        only = f"holds nothing but '{next(iter(counts))}'" if counts else "is blank in every row"
        raise UserError(f"the target '{column}' {only}.", hint="There is nothing to tell apart; give another --target.")
    if len(counts) > 2:
        shown = ", ".join(f"'{value}'" for value, _ in counts.most_common(5))
        raise UserError(
            f"the target '{column}' has {len(counts)} values ({shown}); a predictor tells two apart.",
            hint="Make a column of yes and no.",
        )
    if positive and positive not in counts:
        raise UserError(
            f"no row has '{positive}' in '{column}'.", hint=f"It holds {' and '.join(map(repr, sorted(counts)))}."
        )
    said = [value for value in counts if value.casefold() in YES]
    chosen = positive or (said[0] if len(said) == 1 else min(counts, key=lambda value: (counts[value], value)))
    return np.array([cell == chosen for cell in cells]), chosen


def _useless(name: str, cells: Sequence[str]) -> str:
    """Why nothing can be learnt from a column, or ""."""
    values = {cell.strip() for cell in cells}
    given = {value for value in values if value.casefold() not in MISSING}
    if not given:
        return "blank in every row"
    if len(values) == 1:
        return "the same in every row"
    if len(values) == len(cells) > 2:
        numbers = [int(value) for value in values if value.isdecimal() and value.isascii()]
        named = name.casefold().endswith("id") or (
            len(numbers) == len(cells) and max(numbers) - min(numbers) < 2 * len(cells)
        )
        if named or kind_of(cells) == "category":
            return "another value in every row"
    return ""


def _listed(left_out: Mapping[str, str]) -> str:
    return "; ".join(f"'{name}' is {reason}" for name, reason in left_out.items()) or "nothing"
