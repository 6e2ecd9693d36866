"""Boosted trees on the same tables: the reference beside the nets, and a backend that a company may choose.

The size of the trees and their number are chosen by cross-validation on the rows given; one booster of all rows is
kept, calibrated on what was held out. Categories are places in vocabularies, as for the nets; a missing number stays
missing.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.calibrate import Calibration, fit_calibration
from profiles.encode import Encoding, encoding_of, fit_encoding, places_of
from profiles.parts import parts_of
from profiles.tables import Table, check_columns
from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    import numpy as np

FACTS, BOOSTER = "trees.json", "trees.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePlan:
    """leaves: the sizes of trees to choose from. rounds: trees at most. patience: trees that may help nothing."""

    seed: int = 42
    parts: int = 5
    leaves: tuple[int, ...] = (4, 8, 16)
    rounds: int = 2000
    patience: int = 50
    rate: float = 0.03
    least: int = 30
    columns: float = 0.5
    rows: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeModel:
    """Predicts the chance that a row's target is true, by one LightGBM booster."""

    plan: TreePlan
    encoding: Encoding
    booster: Any
    calibration: Calibration

    def predict(self, table: Table) -> "np.ndarray":
        """(n,) calibrated chances. Raises UserError where a column of the training is absent."""
        return self.calibration.apply(self.booster.predict(tree_columns(table, self.encoding), num_threads=1))

    def save(self, folder: Path) -> None:
        """Write the facts and the trees."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "plan": asdict(self.plan), "encoding": self.encoding.as_json(), "calibration": asdict(self.calibration)
        }  # fmt: skip
        (folder / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
        self.booster.save_model(folder / BOOSTER)

    @classmethod
    def load(cls, folder: Path) -> "TreeModel":
        """Read what `save` wrote. Raises CorruptArtifact where a file is missing or damaged."""
        import lightgbm

        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            return cls(
                plan=TreePlan(**{**facts["plan"], "leaves": tuple(facts["plan"]["leaves"])}),
                encoding=encoding_of(facts["encoding"]),
                booster=lightgbm.Booster(model_str=(folder / BOOSTER).read_text(encoding="utf-8")),
                calibration=Calibration(**facts["calibration"]),
            )
        except (OSError, ValueError, TypeError, KeyError, lightgbm.basic.LightGBMError) as error:
            raise CorruptArtifact(
                f"{folder} holds no readable trees ({error}).", hint="Train them again: rapport profiles train"
            ) from error


def fit_trees(table: Table, target: "np.ndarray", plan: TreePlan) -> TreeModel:
    """Learn to tell the rows whose target is true. Raises UserError where a class has too few rows."""
    import lightgbm
    import numpy as np

    encoding = fit_encoding(table)
    columns = tree_columns(table, encoding)
    folds = list(parts_of(target, plan.parts, seed=plan.seed, ids=table.ids))
    found = [_cross_validated(columns, target, encoding, plan, leaves, folds) for leaves in plan.leaves]
    best = min(range(len(found)), key=lambda at: found[at][0])
    _, rounds, held_out = found[best]
    settings = _settings(plan, plan.leaves[best])
    booster = lightgbm.train(settings, _dataset(columns, target, encoding), num_boost_round=rounds)
    return TreeModel(
        plan=plan, encoding=encoding, booster=booster, calibration=fit_calibration(np.asarray(held_out), target)
    )


def tree_columns(table: Table, encoding: Encoding) -> "np.ndarray":
    """(n, numbers + categories) float64: numbers as they are, then places in the vocabularies."""
    import numpy as np

    check_columns(table, [one.name for one in encoding.numbers], [one.name for one in encoding.categories])
    numbers = [table.numeric[column.name] for column in encoding.numbers]
    return np.column_stack([*numbers, *places_of(table, encoding).T]).astype(np.float64)


def _cross_validated(
    columns: "np.ndarray", target: "np.ndarray", encoding: Encoding, plan: TreePlan, leaves: int, folds: list[Any]
) -> "tuple[float, int, np.ndarray]":
    """(log loss, how many trees are best, what was predicted for the rows held out) with trees of that size."""
    import lightgbm
    import numpy as np

    found = lightgbm.cv(
        _settings(plan, leaves), _dataset(columns, target, encoding), num_boost_round=plan.rounds, folds=folds,
        callbacks=[lightgbm.early_stopping(plan.patience, verbose=False)], return_cvbooster=True,
    )  # fmt: skip
    boosters = found["cvbooster"]
    held_out = np.empty(len(target))
    for booster, (_, held) in zip(boosters.boosters, folds, strict=True):
        held_out[held] = booster.predict(columns[held], num_iteration=boosters.best_iteration, num_threads=1)
    return found["valid binary_logloss-mean"][-1], boosters.best_iteration, held_out


def _settings(plan: TreePlan, leaves: int) -> dict[str, Any]:
    return {
        "objective": "binary", "num_leaves": leaves, "learning_rate": plan.rate, "min_data_in_leaf": plan.least,
        "feature_fraction": plan.columns, "bagging_fraction": plan.rows, "bagging_freq": 1, "lambda_l2": 1.0,
        "seed": plan.seed, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip


def _dataset(columns: "np.ndarray", target: "np.ndarray", encoding: Encoding) -> Any:
    import lightgbm

    numbers = len(encoding.numbers)
    return lightgbm.Dataset(
        columns, label=target.astype(float), free_raw_data=False,
        categorical_feature=list(range(numbers, numbers + len(encoding.categories))), params={"verbosity": -1},
    )  # fmt: skip
