"""Boosted trees (LightGBM) beside the nets: the reference on the same features, and a second opinion to average."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from profiles.windows import Outcome, Window

_FILES = {"any": "trees-any.txt", "count": "trees-count.txt"}
_ROUNDS = 200
_SETTINGS: dict[str, Any] = {
    "learning_rate": 0.03, "num_leaves": 8, "min_data_in_leaf": 300, "bagging_fraction": 0.7, "bagging_freq": 1,
    "feature_fraction": 0.3, "lambda_l2": 20.0, "verbose": -1, "num_threads": 1, "deterministic": True,
    "force_row_wise": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Two boosters over the features of a window: any purchase, and how many."""

    any: Any
    count: Any

    def predict(self, numbers: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """(n,) log odds of any purchase, and (n,) logarithm of the number of purchases."""
        return self.any.predict(numbers, raw_score=True), self.count.predict(numbers, raw_score=True)

    def save(self, folder: Path) -> None:
        """LightGBM's own text files."""
        for name, file in _FILES.items():
            (folder / file).write_text(getattr(self, name).model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Trees":
        """Raises CorruptArtifact where a file is no booster."""
        import lightgbm

        found = {}
        for name, file in _FILES.items():
            try:
                found[name] = lightgbm.Booster(model_str=(folder / file).read_text(encoding="utf-8"))
            except (OSError, ValueError, lightgbm.basic.LightGBMError) as error:
                raise CorruptArtifact(f"{folder / file} is no booster ({error}).", hint="Train it again.") from error
        return cls(**found)


def grow_trees(windows: "Sequence[tuple[Window, Outcome]]", *, seed: int) -> Trees:
    """Fit both boosters to windows of the past; small sets get smaller leaves."""
    import lightgbm
    import numpy as np

    numbers = np.concatenate([window.numbers for window, _ in windows])
    count = np.concatenate([outcome.count for _, outcome in windows])
    least = int(min(_SETTINGS["min_data_in_leaf"], max(5, len(count) // 50)))

    def boosted(objective: str, target: "np.ndarray") -> Any:
        settings = {**_SETTINGS, "objective": objective, "min_data_in_leaf": least, "seed": seed}
        return lightgbm.train(settings, lightgbm.Dataset(numbers, target), num_boost_round=_ROUNDS)

    return Trees(boosted("binary", (count > 0).astype(float)), boosted("poisson", count))
