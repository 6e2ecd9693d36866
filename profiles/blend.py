"""What stands beside the nets: boosted trees (LightGBM) on the same features, and how opinions are averaged.

Weights and levels were chosen on earlier cutoffs of two public shops.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from profiles.windows import Outcome, Window

_FILES = {"any": "trees-any.txt", "count": "trees-count.txt"}
SHARES = {"nets": 2.0, "trees": 2.0, "curves": 2.0, "standings": 2.0, "models": 1.0}  # in the odds; models: BG/NBD
COUNTERS = {"nets": 2.0, "curves": 1.0}  # in the number: trees end at the most that they have seen
_LEAST, _HALF, _MOST = 0.6, 0.2, 1.03  # factors of the smallest and largest numbers, and the number half way
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


def odds_shift(odds: "np.ndarray", bought: "np.ndarray") -> float:
    """What (n,) log odds lack for their mean chance to be the share of those who bought."""
    import numpy as np
    from scipy.optimize import brentq

    share = float(np.clip(bought.mean(), 1e-3, 1 - 1e-3))
    return float(brentq(lambda shift: float((1 / (1 + np.exp(-odds - shift))).mean()) - share, -40.0, 40.0))


def averaged(opinions: Mapping[str, tuple["np.ndarray", "np.ndarray"]]) -> "tuple[np.ndarray, np.ndarray]":
    """The average of the opinions that are there: log odds by `SHARES`, and logarithm of the number by `COUNTERS`.

    The odds are the mean of those of any purchase and those that the number implies by Poisson: how often somebody
    bought says more of a customer than whether they did.
    """
    import numpy as np

    total = sum(SHARES[name] for name in opinions)
    shares = {name: SHARES[name] / total for name in opinions}
    odds, count = (sum(shares[name] * both[at] for name, both in opinions.items()) for at in (0, 1))
    implied = np.log(np.expm1(np.exp(np.clip(count, -20, 4))))
    told = np.add.reduce([weight * opinions[name][1] for name, weight in COUNTERS.items()])
    number: np.ndarray = told / sum(COUNTERS.values())
    return (odds + implied) / 2, number


def forecast(number: "np.ndarray") -> "np.ndarray":
    """(n,) how many purchases to forecast where `number` are expected: fewer where hardly any are.

    Most such customers buy nothing, so the mean, which squared errors reward, is far above the median, which absolute
    errors reward. The forecast stands between: it loses little of the one and gains more of the other.
    """
    found: np.ndarray = _MOST * number * (_LEAST + (1 - _LEAST) * number / (number + _HALF))
    return found


def odds_of_any(number: "np.ndarray", spread: float) -> "np.ndarray":
    """(n,) log odds of any purchase where `number`, a logarithm, is expected, by a negative binomial distribution.

    spread: its shape. BG/NBD's `r` is that of customers of whom nothing is known; a shape that were the greater the
    more a customer has bought would rank one-time buyers too high.
    """
    import numpy as np

    nothing = spread * np.log1p(np.exp(np.clip(number, -20, 20)) / spread)  # minus its logarithm
    found: np.ndarray = np.log(np.expm1(np.minimum(nothing, 500)))
    return found
