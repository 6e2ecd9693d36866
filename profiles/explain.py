"""Say what pushed a prediction: how much each column added to its log-odds against a typical row.

For nets by integrated gradients over the whole ensemble, through its calibration; for trees by TreeSHAP. Both add up:
the pushes of all columns together are the log-odds of the row less those of the typical one. A push of 0.7 doubles the
odds, one of -0.7 halves them.
Source: Sundararajan, Taly and Yan, ICML 2017; Lundberg et al., Nature Machine Intelligence 2020.
"""

from collections.abc import Sequence
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
    from captum.attr import IntegratedGradients

    rows = encode(table, model.encoding)
    numbers, places = torch.from_numpy(rows.numbers), torch.from_numpy(rows.places)
    with torch.no_grad():
        inputs = tuple(network.embed(numbers, places) for network in model.networks)
        typical = tuple(network.typical[None] for network in model.networks)
    found = IntegratedGradients(lambda *given: _log_odds(model, given)).attribute(
        inputs, typical, n_steps=STEPS, internal_batch_size=STEPS * len(table)
    )
    total = np.sum([part.detach().numpy() for part in found], axis=0)
    columns = _columns(model)
    return np.stack([total[:, column].sum(1) for column in columns], axis=1)


def _log_odds(model: TableModel, inputs: Sequence["torch.Tensor"]) -> "torch.Tensor":
    """(n,) calibrated log-odds of the ensemble. inputs: what `embed` gave, for each net."""
    import torch

    parts = [torch.sigmoid(network.decide(one)).mean(1) for network, one in zip(model.networks, inputs, strict=True)]
    chance = torch.stack(parts).mean(0)
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
