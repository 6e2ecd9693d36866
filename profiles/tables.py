"""Tables of customers: columns of numbers and of categories, and how cells of text become them.

A blank cell, and what spreadsheets write for one (NA, N/A, NaN, null, ?), is a missing value. A column whose cells
are numbers but for one in ten is a column of numbers; amounts may carry a currency sign, and dates count as days since
1970. What such a column holds beside numbers is missing, and counted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from crm.importers.values import moment, money
from rapport.errors import BadRow, UserError

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["number", "date", "category"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?", "#n/a"})
LEAST_READABLE = 0.9  # share of the given cells that must be numbers for a column to be one of numbers
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Rows of customers by column.

    ids: (n,) text. numeric: column -> (n,) float64, nan where missing. categorical: column -> (n,) text or None.
    """

    ids: "np.ndarray"
    numeric: Mapping[str, "np.ndarray"]
    categorical: Mapping[str, "np.ndarray"]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.ids)

    def chosen(self, rows: "np.ndarray") -> "Table":
        """The rows that `rows` (booleans or indices) names, in that order."""
        return Table(
            ids=self.ids[rows],
            numeric={name: values[rows] for name, values in self.numeric.items()},
            categorical={name: values[rows] for name, values in self.categorical.items()},
        )

    def without(self, columns: frozenset[str]) -> "Table":
        """The same rows without these columns."""
        return Table(
            ids=self.ids,
            numeric={name: values for name, values in self.numeric.items() if name not in columns},
            categorical={name: values for name, values in self.categorical.items() if name not in columns},
        )


def check_columns(table: Table, numeric: Sequence[str], categorical: Sequence[str]) -> None:
    """Raise UserError where a column that a model learnt from is absent; what it never saw is passed over."""
    absent = [name for name in numeric if name not in table.numeric]
    absent += [name for name in categorical if name not in table.categorical]
    if absent:
        raise UserError(
            f"the table has no column '{absent[0]}', which the model learnt from.",
            hint="Give every column of its training; a cell may be blank.",
        )


def kind_of(cells: Sequence[str]) -> Kind:
    """What a column holds, by its cells that are not blank; a column of blanks is one of categories."""
    given = [cell for cell in (cell.strip() for cell in cells) if cell.casefold() not in MISSING]
    if not given:
        return "category"
    least = LEAST_READABLE * len(given)
    if sum(not math.isnan(_number(cell)) for cell in given) >= least:
        return "number"
    if sum(not math.isnan(_day(cell)) for cell in given) >= least:
        return "date"
    return "category"


def numbers_of(cells: Sequence[str], kind: Kind) -> "tuple[np.ndarray, int]":
    """Cells as numbers, and how many that are not blank could not be read as one; those are missing as well."""
    import numpy as np

    try:  # most columns hold nothing else
        found = np.array(cells, dtype=np.float64) if kind == "number" else None
    except ValueError:
        found = None
    if found is not None and np.isfinite(found).all():
        return found, 0
    read: Callable[[str], float] = _number if kind == "number" else _day
    values, unread = np.empty(len(cells), np.float64), 0
    for row, cell in enumerate(cells):
        text = cell.strip()
        blank = text.casefold() in MISSING
        values[row] = math.nan if blank else read(text)
        unread += not blank and math.isnan(values[row])
    return values, unread


def categories_of(cells: Sequence[str]) -> "np.ndarray":
    """Cells as categories: spaces around them gone, None where missing."""
    import numpy as np

    values = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        text = cell.strip()
        values[row] = None if text.casefold() in MISSING else text
    return values


def _number(text: str) -> float:
    """A finite number as files write one, or nan."""
    try:
        value = float(text)
    except ValueError:
        return _amount(text)
    return value if math.isfinite(value) and "_" not in text else math.nan


@lru_cache(maxsize=65_536)
def _amount(text: str) -> float:
    try:
        return float(money("cell", text))
    except BadRow:
        return math.nan


@lru_cache(maxsize=65_536)
def _day(text: str) -> float:
    """Days since 1970-01-01 UTC of a date whose order of day and month is certain, or nan."""
    try:
        return moment("cell", text, UTC).timestamp() / DAY_SECONDS
    except BadRow:
        return math.nan
