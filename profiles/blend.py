"""What stands beside the nets: boosted trees (LightGBM) on the same features, how opinions are averaged, and the level.

Weights and bounds were chosen on earlier cutoffs of two public shops.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from profiles.windows import Outcome, Window

_FILES = {"any": "trees-any.txt", "count": "trees-count.txt"}
SHARES = {"nets": 0.4, "trees": 0.4, "models": 0.2}  # of the average: nets, boosted trees, probability models
_POWERS, _FACTORS = (0.9, 1.8, 10), (0.6, 1.2, 13)  # least, most, how many are tried
_SLACK = 1.005  # of the least root mean squared error
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
        return tuple(one.predict(numbers, raw_score=True, num_threads=1) for one in (self.any, self.count))

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
    least = int(min(_SETTINGS["min_data_in_leaf"], max(5, len(count) // 400)))

    def boosted(objective: str, target: "np.ndarray") -> Any:
        settings = {**_SETTINGS, "objective": objective, "min_data_in_leaf": least, "seed": seed}
        return lightgbm.train(settings, lightgbm.Dataset(numbers, target), num_boost_round=_ROUNDS)

    return Trees(boosted("binary", (count > 0).astype(float)), boosted("poisson", count))


@dataclass(frozen=True, slots=True)
class Level:
    """From an expected number of purchases to a forecast of it, factor × expected ** power; and what log odds lack.

    Most customers buy nothing, so the mean, which squared errors reward, is far above the median, which absolute
    errors reward. The forecast stands between: the least absolute error whose squared error is nearly the least.
    """

    power: float = 1.0
    factor: float = 1.0
    odds: float = 0.0

    @classmethod
    def of(cls, expected: "np.ndarray", odds: "np.ndarray", count: "np.ndarray") -> "Level":
        """From n expectations with log odds of any purchase, and what came."""
        import numpy as np

        def errors(forecast: "np.ndarray") -> "np.ndarray":
            gap = forecast - count
            return np.array([np.abs(gap).mean(), np.sqrt((gap**2).mean())])

        tries = [
            cls(float(power), float(factor)) for power in np.linspace(*_POWERS) for factor in np.linspace(*_FACTORS)
        ]
        found = np.array([errors(one.apply(expected)) for one in tries])
        allowed = found[:, 1] <= _SLACK * found[:, 1].min()
        best = tries[int(np.argmin(np.where(allowed, found[:, 0], np.inf)))]
        low, high = -5.0, 5.0
        for _ in range(40):  # halving: the mean chance grows with the shift
            shift = (low + high) / 2
            too_much = float((1 / (1 + np.exp(-odds - shift))).mean()) > float((count > 0).mean())
            low, high = (low, shift) if too_much else (shift, high)
        return replace(best, odds=shift)

    def apply(self, expected: "np.ndarray") -> "np.ndarray":
        """(n,) forecasts."""
        forecast: np.ndarray = self.factor * expected**self.power
        return forecast


def averaged(opinions: "Mapping[str, tuple[np.ndarray, np.ndarray]]") -> "tuple[np.ndarray, np.ndarray]":
    """The average of what is there of nets, trees and models, by `SHARES`: log odds, and logarithm of the number.

    The odds are the mean of those of any purchase and those that the number implies by Poisson: how often somebody
    bought says more of a customer than whether they did.
    """
    import numpy as np

    total = sum(SHARES[name] for name in opinions)
    odds, count = np.sum([SHARES[name] / total * np.stack(both) for name, both in opinions.items()], axis=0)
    implied = np.log(np.expm1(np.exp(np.clip(count, -20, 4))))
    return (odds + implied) / 2, count
