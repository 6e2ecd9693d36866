"""Match the columns of a file with the fields of a kind; say which is missing and which name comes nearest."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.importers.columns import FIELDS, PREFIXES, REQUIRED, Names, plain
from rapport.errors import UserError
from rapport.records import RecordKind


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column holds which field.

    fields: field -> column index. grouped: (group, name, index) of columns such as "option: color".
    extras: (name, index) of the columns without a meaning to us.
    """

    fields: Mapping[str, int]
    grouped: tuple[tuple[str, str, int], ...]
    extras: tuple[tuple[str, int], ...]

    def pick(self, cells: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The filled fields and the filled extras of one row."""
        fields = {name: cells[index] for name, index in self.fields.items() if cells[index] not in _EMPTY}
        for group, name, index in self.grouped:
            if cells[index] not in _EMPTY:
                fields.setdefault(f"{group}.", {})[name] = cells[index]
        extras = {name: cells[index] for name, index in self.extras if cells[index] not in _EMPTY}
        return fields, extras


_EMPTY = (None, "")
_PREFIX = re.compile(r"\s*(options?|labels?)\s*[.:]\s*(\S.*)", re.IGNORECASE)


def match_columns(names: Names, columns: Sequence[str], mapping: Mapping[str, str]) -> Layout:
    """Give each field of `names` its column: by the mapping, else by its own name, else by the first other name."""
    free = {plain(column): index for index, column in reversed(list(enumerate(columns))) if not _PREFIX.match(column)}
    taken: dict[str, int] = {}

    def take(field: str, name: str) -> None:
        if field not in taken and field not in mapping and name in free:
            taken[field] = free.pop(name)

    for field, column in mapping.items():
        index = _index_of(column, columns)
        if index is not None:
            taken[field] = index
            free = {name: other for name, other in free.items() if other != index}
    for field in names:
        take(field, field)
    for field, others in names.items():
        for other in others:
            take(field, other)
    used = set(taken.values())
    grouped = tuple(_grouped(columns, used))
    used |= {index for _, _, index in grouped}
    extras = tuple((column, index) for index, column in enumerate(columns) if index not in used and column.strip())
    return Layout(taken, grouped, extras)


def checked_layout(
    kind: RecordKind, columns: Sequence[str], mapping: Mapping[str, str], *, names: Names, where: str
) -> Layout:
    """Match, and raise UserError for a mapped column that is not there or a required field without a column."""
    for field, column in mapping.items():
        if column and _index_of(column, columns) is None:
            raise UserError(
                f"{where} has no column '{column}' for --map {field}={column}.{_did_you_mean(column, columns)}",
                hint=f"Its columns: {_listed(columns)}.",
            )
    layout = match_columns(names, columns, mapping)
    for alternatives in REQUIRED[kind]:
        if not any(field in layout.fields for field in alternatives):
            raise _missing(kind, alternatives, columns, where)
    return layout


def field_mapping(kind: RecordKind, pairs: Iterable[str]) -> dict[str, str]:
    """Read FIELD=COLUMN pairs; FIELD may be any known name of a field; an empty COLUMN leaves the field out.

    Raises UserError for a pair without "=", an unknown field or a field given twice.
    """
    known = {name: field for field, others in FIELDS[kind].items() for name in others}
    known |= {field: field for field in FIELDS[kind]}
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        field = known.get(plain(name))
        if not equals:
            raise UserError(f"--map {pair} is not FIELD=COLUMN.", hint="For example: --map customer_id=Kundennummer")
        if field is None:
            raise UserError(
                f"{kind} have no field '{name}'.{_did_you_mean(plain(name), list(known))}",
                hint=f"The fields: {_listed(list(FIELDS[kind]))}.",
            )
        if field in mapping:
            raise UserError(f"--map gives '{field}' twice.", hint="Give each field one column.")
        mapping[field] = column.strip()
    return mapping


def nested_picker(names: Names) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function that turns a nested JSON object into fields; matchings are kept per set of keys."""
    kept: dict[tuple[str, ...], Layout] = {}

    def pick(item: Mapping[str, Any]) -> dict[str, Any]:
        columns = tuple(item)
        layout = kept.get(columns)
        if layout is None:
            if len(kept) > 200:  # a file whose every object has other keys must not grow this without end
                kept.clear()
            layout = kept[columns] = match_columns(names, columns, {})
        return layout.pick(list(item.values()))[0]

    return pick


def _index_of(column: str, columns: Sequence[str]) -> int | None:
    if column in columns:
        return columns.index(column)
    same = [index for index, other in enumerate(columns) if plain(other) == plain(column) != ""]
    return same[0] if len(same) == 1 else None


def _grouped(columns: Sequence[str], used: set[int]) -> Iterable[tuple[str, str, int]]:
    for index, column in enumerate(columns):
        found = _PREFIX.match(column)
        if found and index not in used:
            yield PREFIXES[found[1].casefold()], found[2].strip(), index


def _missing(kind: RecordKind, alternatives: Sequence[str], columns: Sequence[str], where: str) -> UserError:
    wanted = " or ".join(f"'{field}'" for field in alternatives)
    best: tuple[float, str, str] = (0.0, "", "")
    for field in alternatives:
        for name in (field, *FIELDS[kind][field]):
            for column in columns:
                ratio = difflib.SequenceMatcher(None, name, plain(column)).ratio()
                best = max(best, (ratio, field, column))
    ratio, field, column = best
    near = f"; the file has '{column}': use --map {field}={column}" if ratio >= 0.7 else ""
    return UserError(f"{where} has no column {wanted}{near}.", hint=f"Its columns: {_listed(columns)}. {kind} need it.")


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:30])
    return f"{shown} and {len(names) - 30} more" if len(names) > 30 else shown
