"""Say what pushed a prediction: how much each column added to its log-odds against a typical row.

For nets by integrated gradients over the whole ensemble, through its calibration; for trees by TreeSHAP. Both add up:
the pushes of all columns together are the log-odds of the row less those of the typical one. A push of 0.7 doubles the
odds, one of -0.7 halves them.
Source: Sundararajan, Taly and Yan, ICML 2017; Lundberg et al., Nature Machine Intelligence 2020.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from profiles.dnn import TableModel
from profiles.encode import encode
from profiles.tables import Table
from profiles.trees import TreeModel, tree_columns

if TYPE_CHECKING:
    import numpy as np

STEPS = 24  # points of a Gauss-Legendre quadrature between the typical row and this one
AT_ONCE = 256  # rows explained in one go


class Driver(NamedTuple):
    """A column, what the row has in it (None: nothing), and what that adds to the log-odds."""

    feature: str
    value: float | str | None
    push: float


def drivers_of(model: TableModel | TreeModel, table: Table, row: int, k: int = 3) -> list[Driver]:
    """The k columns that pushed this row's prediction most, up or down, the strongest first."""
    import numpy as np

    one = table.chosen(np.array([row]))
    return ranked(features_of(model), pushes(model, one)[0], one, 0)[:k]


def ranked(features: Sequence[str], found: "np.ndarray", table: Table, row: int) -> list[Driver]:
    """All columns of a row as drivers, the strongest first. found: (columns,) its pushes."""
    pushed = found.tolist()
    order = sorted(range(len(features)), key=lambda at: -abs(pushed[at]))
    return [Driver(features[at], _value(table, features[at], row), pushed[at]) for at in order]


def features_of(model: TableModel | TreeModel) -> tuple[str, ...]:
    """The columns that a model reads, in the order of `pushes`."""
    encoding = model.encoding
    return (*(column.name for column in encoding.numbers), *(column.name for column in encoding.categories))


def pushes(model: TableModel | TreeModel, table: Table) -> "np.ndarray":
    """(n, columns) what each column adds to the log-odds of each row, before the trees' calibration."""
    return judged(model, table)[1] if isinstance(model, TableModel) else _of_trees(model, table)


def judged(model: TableModel, table: Table) -> "tuple[np.ndarray, np.ndarray]":
    """(n,) what `model.predict` says, and (n, columns) the pushes: the rows are read once for both."""
    import numpy as np

    if len(table) <= AT_ONCE:
        return _judged(model, table)
    found = [
        _judged(model, table.chosen(rows)) for rows in np.array_split(np.arange(len(table)), -(-len(table) // AT_ONCE))
    ]
    chances, pushed = zip(*found, strict=True)
    return np.concatenate(chances), np.concatenate(pushed)


def _of_trees(model: TreeModel, table: Table) -> "np.ndarray":
    found: np.ndarray = model.booster.predict(tree_columns(table, model.encoding), pred_contrib=True, num_threads=1)
    return found[:, :-1]  # the last is the mean of all rows


def _judged(model: TableModel, table: Table) -> "tuple[np.ndarray, np.ndarray]":
    """captum gives the same pushes, and draws up anew for every row what stays the same; a test compares the two."""
    import numpy as np

    curve = model.calibration
    found = model.all.explain(
        encode(table, model.encoding), _quadrature(STEPS), lambda chance: curve.low / chance + curve.high / (1 - chance)
    )
    return curve.apply(found.chances), np.add.reduceat(found.pushes, model.starts, axis=1)


@cache
def _quadrature(steps: int) -> "tuple[np.ndarray, np.ndarray]":
    """(places, weights) of a Gauss-Legendre quadrature between 0 and 1, and its end with a weight of 0; float32."""
    import numpy as np

    places, weights = np.polynomial.legendre.leggauss(steps)
    return np.append(0.5 * (1 + places), 1.0).astype(np.float32), np.append(0.5 * weights, 0.0).astype(np.float32)


def _value(table: Table, feature: str, row: int) -> Any:
    if feature in table.categorical:
        return table.categorical[feature][row]
    value = float(table.numeric[feature][row])
    return None if value != value else value
