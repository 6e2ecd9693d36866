"""Turn a table into arrays for a net: robust numbers in pieces, and categories as places in vocabularies.

A number becomes how far it has come in each of the pieces between quantiles of the training rows (a piecewise-linear
encoding: one below, zero above, a fraction within), so an outlier is no further out than the last quantile. A missing
number stands at the median, with a flag of its own. Place 0 of a vocabulary is for values that are unseen or rare.
Source: Gorishniy, Rubachev and Babenko, NeurIPS 2022.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
    layout: "Layout" = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layout", _layout(self.numbers, self.categories))

    def as_json(self) -> dict[str, Any]:
        """For a file; `encoding_of` reads it back."""
        return {part: [asdict(column) for column in getattr(self, part)] for part in ("numbers", "categories")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """The columns of an encoding side by side, so that a row is encoded in a few steps.

    medians: (columns,). column, low, width, place: (pieces,) whose piece it is, where it begins, how long it is, where
    it stands in `Encoded.numbers`. flagged, flag: the columns with a flag, and where that stands. wide: numbers of a
    row. known: for each category, the place of each value.
    """

    medians: "np.ndarray"
    column: "np.ndarray"
    low: "np.ndarray"
    width: "np.ndarray"
    place: "np.ndarray"
    flagged: "np.ndarray"
    flag: "np.ndarray"
    wide: int
    known: tuple[Mapping[str, int], ...]


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
    layout = encoding.layout
    found = np.empty((len(table), layout.wide), np.float32)
    given = np.array([table.numeric[column.name] for column in encoding.numbers], np.float64)
    given = given.reshape(len(encoding.numbers), len(table)).T
    absent = np.isnan(given)
    filled = np.where(absent, layout.medians, given)[:, layout.column]
    found[:, layout.place] = np.clip((filled - layout.low) / layout.width, 0.0, 1.0)
    found[:, layout.flag] = absent[:, layout.flagged]
    return Encoded(numbers=found, places=places_of(table, encoding))


def places_of(table: Table, encoding: Encoding) -> "np.ndarray":
    """(n, categories) int64: where each value stands in its vocabulary; UNSEEN where it does not."""
    import numpy as np

    places = np.zeros((len(table), len(encoding.categories)), np.int64)
    for at, (category, known) in enumerate(zip(encoding.categories, encoding.layout.known, strict=True)):
        places[:, at] = [known.get(value or BLANK, UNSEEN) for value in table.categorical[category.name]]
    return places


def _layout(numbers: tuple[NumberColumn, ...], categories: tuple[CategoryColumn, ...]) -> Layout:
    import numpy as np

    pieces = [len(column.edges) - 1 for column in numbers]
    starts = np.cumsum([0, *(column.width for column in numbers)])
    flagged = np.array([at for at, column in enumerate(numbers) if column.flagged], np.int64)
    return Layout(
        medians=np.array([column.median for column in numbers]),
        column=np.repeat(np.arange(len(numbers)), pieces),
        low=np.concatenate([np.empty(0), *(column.edges[:-1] for column in numbers)]),
        width=np.concatenate([np.empty(0), *(np.diff(column.edges) for column in numbers)]),
        place=np.concatenate([np.empty(0, np.int64), *map(np.add, starts[:-1], map(np.arange, pieces))]),
        flagged=flagged,
        flag=starts[flagged + 1] - 1,
        wide=int(starts[-1]),
        known=tuple({value: place for place, value in enumerate(one.values, 1)} for one in categories),
    )


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
