"""Turn a table into arrays for a net: robust numbers in pieces, and categories as places in vocabularies.

A number becomes how far it has come in each of the pieces between quantiles of the training rows (a piecewise-linear
encoding: one below, zero above, a fraction within), so an outlier is no further out than the last quantile. A missing
number stands at the median, with a flag of its own. Place 0 of a vocabulary is for values that are unseen or rare.
Source: Gorishniy, Rubachev and Babenko, NeurIPS 2022.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from profiles.tables import Table, check_columns

if TYPE_CHECKING:
    import numpy as np

UNSEEN = 0
BLANK = ""  # how a vocabulary names a missing value


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """edges: ascending quantiles, at least two. flagged: whether a number was missing at training."""

    name: str
    median: float
    edges: tuple[float, ...]
    flagged: bool

    @property
    def width(self) -> int:
        """How many numbers stand for one."""
        return len(self.edges) - 1 + self.flagged


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryColumn:
    """values: in the order of their places, the first of which is 1."""

    name: str
    values: tuple[str, ...]

    @property
    def places(self) -> int:
        """How many places there are, with that of unseen values."""
        return len(self.values) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the columns of a table become arrays; a plain value that JSON can hold."""

    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]

    def as_json(self) -> dict[str, Any]:
        """For a file; `encoding_of` reads it back."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """numbers: (n, sum of widths) float32. places: (n, categories) int64."""

    numbers: "np.ndarray"
    places: "np.ndarray"

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.places)


def fit_encoding(table: Table, *, pieces: int = 16, rare: float = 0.002) -> Encoding:
    """Learn quantiles and vocabularies. rare: values in a smaller share of the rows, or fewer than 5, are rare.

    A column whose numbers are all one, or whose values are all rare, becomes a flag or a place that teaches nothing.
    """
    least = max(5, int(rare * len(table)))
    return Encoding(
        numbers=tuple(_number_column(name, values, pieces) for name, values in table.numeric.items()),
        categories=tuple(_category_column(name, values, least) for name, values in table.categorical.items()),
    )


def encoding_of(data: Mapping[str, Any]) -> Encoding:
    """The encoding that `as_json` wrote."""
    return Encoding(
        numbers=tuple(NumberColumn(**{**one, "edges": tuple(one["edges"])}) for one in data["numbers"]),
        categories=tuple(CategoryColumn(name=one["name"], values=tuple(one["values"])) for one in data["categories"]),
    )


def encode(table: Table, encoding: Encoding) -> Encoded:
    """Raises UserError where the table lacks a column of the encoding."""
    import numpy as np

    check_columns(table, [column.name for column in encoding.numbers], [column.name for column in encoding.categories])
    numbers = np.empty((len(table), sum(column.width for column in encoding.numbers)), np.float32)
    start = 0
    for number in encoding.numbers:
        _fill(numbers[:, start : start + number.width], table.numeric[number.name], number)
        start += number.width
    return Encoded(numbers=numbers, places=places_of(table, encoding))


def places_of(table: Table, encoding: Encoding) -> "np.ndarray":
    """(n, categories) int64: where each value stands in its vocabulary; UNSEEN where it does not."""
    import numpy as np

    places = np.zeros((len(table), len(encoding.categories)), np.int64)
    for at, category in enumerate(encoding.categories):
        known = {value: place for place, value in enumerate(category.values, 1)}
        places[:, at] = [known.get(value or BLANK, UNSEEN) for value in table.categorical[category.name]]
    return places


def _fill(into: "np.ndarray", values: "np.ndarray", column: NumberColumn) -> None:
    import numpy as np

    absent = np.isnan(values)
    given = np.where(absent, column.median, values)
    edges = np.asarray(column.edges)
    pieces = len(edges) - 1
    into[:, :pieces] = np.clip((given[:, None] - edges[:-1]) / np.diff(edges), 0.0, 1.0)
    if column.flagged:
        into[:, pieces] = absent


def _number_column(name: str, values: "np.ndarray", pieces: int) -> NumberColumn:
    import numpy as np

    given = values[np.isfinite(values)]
    flagged = len(given) < len(values)
    if not len(given):
        return NumberColumn(name=name, median=0.0, edges=(0.0, 1.0), flagged=flagged)
    edges = np.unique(np.quantile(given, np.linspace(0.0, 1.0, pieces + 1)))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0] + 1.0])
    return NumberColumn(name=name, median=float(np.median(given)), edges=tuple(map(float, edges)), flagged=flagged)


def _category_column(name: str, values: "np.ndarray", least: int) -> CategoryColumn:
    counts = Counter(value or BLANK for value in values)
    return CategoryColumn(name=name, values=tuple(sorted(value for value, n in counts.items() if n >= least)))
