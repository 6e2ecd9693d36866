"""Curves beside the nets and trees: regressions of the second degree on what matters most of a window's features.

Where nets and trees have too few customers to learn from, or a later day lies beyond what they have seen, a smooth
curve errs least. Weights are kept as numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.regressions import Regressions, fit_regressions
from profiles.sequences import Scaling, spread_features
from profiles.windows import NAMES
from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    import numpy as np

    from profiles.windows import Outcome, Window

CURVES_FILE = "curves.json"
READ = (
    "again", "since", "active_share", "expected", "alive", "overdue", "mean_gap", "gap_spread", "last_gap",
    "mean_amount", "total_amount", "largest_amount", "first_amount", "last_amount", "mean_quantity", "first_quantity",
    "last_quantity", "wanted_bought", "returning_bought",
)  # fmt: skip
_PLACES = [NAMES.index(name) for name in READ]
_MOST_ROWS = 120_000  # of windows that are read, so that memory stays bounded


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Regressions over the scaled features of `READ`, the number beside BG/NBD's expectation."""

    scaling: Scaling
    weights: Regressions

    def predict(self, numbers: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """(n,) log odds of any purchase, and (n,) logarithm of the number of purchases. numbers: (n, FEATURES)."""
        columns = numbers[:, _PLACES]
        return self.weights.predict(self.scaling.apply(columns), _expected(columns))

    def save(self, folder: Path) -> None:
        """Write `CURVES_FILE`."""
        text = json.dumps(self.weights.to_json() | {"scaling": self.scaling.to_json()})
        (folder / CURVES_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Curves":
        """Raises CorruptArtifact where the file is missing or does not fit."""
        try:
            content: Mapping[str, Any] = json.loads((folder / CURVES_FILE).read_text(encoding="utf-8"))
            return cls(Scaling.from_json(content["scaling"]), Regressions.from_json(content))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptArtifact(
                f"{folder / CURVES_FILE} holds no curves ({error}).", hint="Train it again."
            ) from error


def fit_curves(windows: "Sequence[tuple[Window, Outcome]]", *, seed: int) -> Curves:
    """Fit both regressions to windows of the past; of very many rows, a sample by seed."""
    import numpy as np

    numbers = np.concatenate([window.numbers[:, _PLACES] for window, _ in windows])
    count = np.concatenate([outcome.count for _, outcome in windows])
    if len(count) > _MOST_ROWS:
        chosen = np.random.default_rng(seed).choice(len(count), _MOST_ROWS, replace=False)
        numbers, count = numbers[chosen], count[chosen]
    scaling = Scaling.of(numbers, spread_features()[_PLACES])
    return Curves(scaling, fit_regressions(scaling.apply(numbers), _expected(numbers), count))


def _expected(numbers: "np.ndarray") -> "np.ndarray":
    return numbers[:, READ.index("expected")]
