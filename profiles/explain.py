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
    import torch

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
    order = sorted(range(len(features)), key=lambda at: -abs(found[at]))
    return [Driver(features[at], _value(table, features[at], row), float(found[at])) for at in order]


def features_of(model: TableModel | TreeModel) -> tuple[str, ...]:
    """The columns that a model reads, in the order of `pushes`."""
    encoding = model.encoding
    return (*(column.name for column in encoding.numbers), *(column.name for column in encoding.categories))


def pushes(model: TableModel | TreeModel, table: Table) -> "np.ndarray":
    """(n, columns) what each column adds to the log-odds of each row, before the trees' calibration."""
    import numpy as np

    found = [
        _of_trees(model, table.chosen(rows)) if isinstance(model, TreeModel) else _of_nets(model, table.chosen(rows))
        for rows in np.array_split(np.arange(len(table)), max(1, -(-len(table) // AT_ONCE)))
    ]
    return np.concatenate(found)


def _of_trees(model: TreeModel, table: Table) -> "np.ndarray":
    found: np.ndarray = model.booster.predict(tree_columns(table, model.encoding), pred_contrib=True, num_threads=1)
    return found[:, :-1]  # the last is the mean of all rows


def _of_nets(model: TableModel, table: Table) -> "np.ndarray":
    """Integrated gradients from the mean of the training rows, over the inputs of all nets at once."""
    import numpy as np
    import torch

    with torch.no_grad():
        inputs = torch.stack(model.all.embed(encode(table, model.encoding)))
    total = np.sum(_integrated(model, inputs).numpy(), axis=0)
    return np.stack([total[:, column].sum(1) for column in _columns(model)], axis=1)


def _integrated(model: TableModel, inputs: "torch.Tensor") -> "torch.Tensor":
    """(nets, n, inputs) the way from the typical row to these, times the mean slope of the log-odds on it.

    The same numbers as captum's, without what it does anew for every row; a test compares the two.
    """
    import torch

    places, weights = _quadrature(STEPS)
    typical = model.all.typical
    way = inputs - typical
    steps = torch.tensor(places)[:, None, None]
    points = (typical[:, None] + steps * way[:, None]).flatten(1, 2).requires_grad_()  # (nets, STEPS * n, inputs)
    (slope,) = torch.autograd.grad(_log_odds(model, points.unbind()).sum(), points)
    mean = (slope.view(len(way), STEPS, *way.shape[1:]) * torch.tensor(weights)[:, None, None]).sum(1)
    return mean * way


@cache
def _quadrature(steps: int) -> tuple[list[float], list[float]]:
    """(places, weights) of a Gauss-Legendre quadrature between 0 and 1."""
    import numpy as np

    places, weights = np.polynomial.legendre.leggauss(steps)
    return (0.5 * (1 + places)).tolist(), (0.5 * weights).tolist()


def _log_odds(model: TableModel, inputs: "Sequence[torch.Tensor]") -> "torch.Tensor":
    """(n,) calibrated log-odds of the ensemble. inputs: for each net (n, inputs), as its `embed` makes them."""
    import torch

    chance = model.all.chance(inputs)
    curve = model.calibration
    return curve.low * torch.log(chance) - curve.high * torch.log1p(-chance) + curve.offset


def _columns(model: TableModel) -> list[slice]:
    """Where each column lies in what `embed` gives."""
    widths = [*(column.width for column in model.encoding.numbers), *model.shape.embedded]
    starts = [sum(widths[:at]) for at in range(len(widths))]
    return [slice(start, start + width) for start, width in zip(starts, widths, strict=True)]


def _value(table: Table, feature: str, row: int) -> Any:
    if feature in table.categorical:
        return table.categorical[feature][row]
    value = float(table.numeric[feature][row])
    return None if value != value else value
