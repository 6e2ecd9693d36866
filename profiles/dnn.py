"""A table model: nets trained on different parts of the rows, averaged and calibrated; its files.

Each net learns from all parts but one, which says when to stop and, taken together over the nets, how to calibrate.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.calibrate import Calibration, fit_calibration
from profiles.dnn_ensemble import Ensemble
from profiles.dnn_network import Shape, build_network
from profiles.dnn_training import Part, Schedule, train_network
from profiles.encode import Encoded, Encoding, encode, encoding_of, fit_encoding
from profiles.parts import parts_of
from profiles.tables import Table
from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    import numpy as np

FACTS, WEIGHTS = "table.json", "table.safetensors"
AT_ONCE = 256  # rows in one pass: what they need stays in the cache, and a million take no more memory


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """How a table model is made. parts: of the rows, with one net each for every seed. The rest is a net's."""

    seed: int = 42
    parts: int = 5
    members: int = 8
    width: int = 32
    depth: int = 2
    dropout: float = 0.2
    pieces: int = 16
    epochs: int = 30
    patience: int = 4
    batch: int = 256
    rate: float = 4e-3
    decay: float = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableModel:
    """Predicts the chance that a row's target is true. networks: torch modules of one shape. all: them side by side.

    starts: (columns,) where each column begins in what the nets read.
    """

    plan: TablePlan
    encoding: Encoding
    shape: Shape
    networks: tuple[Any, ...]
    calibration: Calibration
    all: Ensemble = field(init=False, repr=False)
    starts: "np.ndarray" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import numpy as np

        object.__setattr__(self, "all", Ensemble.of(self.networks, self.shape))
        widths = [*(column.width for column in self.encoding.numbers), *self.shape.embedded]
        object.__setattr__(self, "starts", np.cumsum([0, *widths[:-1]]))

    def predict(self, table: Table) -> "np.ndarray":
        """(n,) calibrated chances. Raises UserError where a column of the training is absent."""
        import numpy as np

        found = [
            self.calibration.apply(self.mean_chance(encode(table.chosen(rows), self.encoding)))
            for rows in np.array_split(np.arange(len(table)), max(1, -(-len(table) // AT_ONCE)))
        ]
        return np.concatenate(found)

    def mean_chance(self, rows: Encoded) -> "np.ndarray":
        """(n,) the mean over all members of all nets, before it is calibrated."""
        return self.all.chance(rows)

    def save(self, folder: Path) -> None:
        """Write the facts and the weights."""
        from safetensors.torch import save_file

        facts = {
            "plan": asdict(self.plan),
            "encoding": self.encoding.as_json(),
            "shape": asdict(self.shape),
            "calibration": asdict(self.calibration),
            "networks": len(self.networks),
        }
        tensors = {
            f"{at}.{name}": value
            for at, network in enumerate(self.networks)
            for name, value in network.state_dict().items()
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
        save_file(tensors, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> "TableModel":
        """Read what `save` wrote. Raises CorruptArtifact where a file is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            tensors = load_file(folder / WEIGHTS)
            shape = Shape(**{**facts["shape"], "places": tuple(facts["shape"]["places"])})
            return cls(
                plan=TablePlan(**facts["plan"]),
                encoding=encoding_of(facts["encoding"]),
                shape=shape,
                networks=tuple(_network(shape, tensors, f"{at}.") for at in range(facts["networks"])),
                calibration=Calibration(**facts["calibration"]),
            )
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
            raise CorruptArtifact(
                f"{folder} holds no readable table model ({error}).", hint="Train it again: rapport profiles train"
            ) from error


def fit_table(table: Table, target: "np.ndarray", plan: TablePlan) -> TableModel:
    """Learn to tell the rows whose target is true. Raises UserError where a class has too few rows."""
    import numpy as np

    encoding = fit_encoding(table, pieces=plan.pieces)
    rows, truth = encode(table, encoding), target.astype(np.float32)
    shape = Shape(
        numbers=rows.numbers.shape[1],
        places=tuple(column.places for column in encoding.categories),
        members=plan.members, width=plan.width, depth=plan.depth, dropout=plan.dropout,
    )  # fmt: skip
    networks, held_out = [], np.empty(len(table))
    for number, (learn, held) in enumerate(parts_of(target, plan.parts, seed=plan.seed, ids=table.ids)):
        schedule = Schedule(
            epochs=plan.epochs, patience=plan.patience, batch=batch_of(plan.batch, len(learn)),
            rate=plan.rate, decay=plan.decay, seed=plan.seed * 1000 + number,
        )  # fmt: skip
        networks.append(train_network(shape, _part(rows, truth, learn), _part(rows, truth, held), schedule))
        held_out[held] = chances(networks[-1], _part(rows, truth, held).rows)
    return TableModel(
        plan=plan, encoding=encoding, shape=shape, networks=tuple(networks),
        calibration=fit_calibration(held_out, target),
    )  # fmt: skip


def batch_of(wanted: int, rows: int) -> int:
    """Rows in a step: as wanted, but at least 8 steps and at most about 100 go through all rows."""
    return max(16, rows // 100, min(wanted, rows // 8))


def chances(network: Any, rows: Encoded) -> "np.ndarray":
    """(n,) the mean chance over a net's members."""
    import torch

    with torch.inference_mode():
        logits = network(torch.from_numpy(rows.numbers), torch.from_numpy(rows.places))
        found: np.ndarray = torch.sigmoid(logits).mean(1).numpy()
    return found


def _part(rows: Encoded, truth: "np.ndarray", chosen: "np.ndarray") -> Part:
    return Part(rows=Encoded(numbers=rows.numbers[chosen], places=rows.places[chosen]), truth=truth[chosen])


def _network(shape: Shape, tensors: Mapping[str, Any], prefix: str) -> Any:
    network = build_network(shape)
    network.load_state_dict(
        {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}
    )
    return network.eval()
