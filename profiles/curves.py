"""Curves beside the nets and trees: regressions of the second degree on what matters most of a window's features.

Where nets and trees have too few customers to learn from, or a later day lies beyond what they have seen, a smooth
curve errs least. Weights are kept as numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
_MOST_COUNT = 20.0  # occasions in a horizon that the regression looks at
_ODDS_PENALTY, _COUNT_PENALTY = 1000.0, 0.01  # of the squared weights, as scikit-learn's two regressions take them


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Two regressions over K products of the scaled features: any purchase, and how many beside BG/NBD's expectation.

    scaling: of the features of `READ`. centre, width: (K,) of the products. odds, count: (1 + K,) the constant first.
    """

    scaling: Scaling
    centre: "np.ndarray"
    width: "np.ndarray"
    odds: "np.ndarray"
    count: "np.ndarray"

    def predict(self, numbers: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """(n,) log odds of any purchase, and (n,) logarithm of the number of purchases. numbers: (n, FEATURES)."""
        products = (_products(self.scaling.apply(numbers[:, _PLACES])) - self.centre) / self.width
        return products @ self.odds[1:] + self.odds[0], products @ self.count[1:] + self.count[0] + _expected(
            numbers[:, _PLACES]
        )

    def save(self, folder: Path) -> None:
        """Write `CURVES_FILE`."""
        content: dict[str, Any] = {name: getattr(self, name).tolist() for name in ("centre", "width", "odds", "count")}
        text = json.dumps(content | {"scaling": self.scaling.to_json()})
        (folder / CURVES_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Curves":
        """Raises CorruptArtifact where the file is missing or does not fit."""
        import numpy as np

        try:
            content: Mapping[str, Any] = json.loads((folder / CURVES_FILE).read_text(encoding="utf-8"))
            weights = (np.array(content[name], float) for name in ("centre", "width", "odds", "count"))
            return cls(Scaling.from_json(content["scaling"]), *weights)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptArtifact(
                f"{folder / CURVES_FILE} holds no curves ({error}).", hint="Train it again."
            ) from error


def fit_curves(windows: "Sequence[tuple[Window, Outcome]]", *, seed: int) -> Curves:
    """Fit both regressions to windows of the past; of very many rows, a sample by seed."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression, PoissonRegressor

    numbers = np.concatenate([window.numbers[:, _PLACES] for window, _ in windows])
    count = np.concatenate([outcome.count for _, outcome in windows])
    if len(count) > _MOST_ROWS:
        chosen = np.random.default_rng(seed).choice(len(count), _MOST_ROWS, replace=False)
        numbers, count = numbers[chosen], count[chosen]
    scaling = Scaling.of(numbers, spread_features()[_PLACES])
    products = _products(scaling.apply(numbers))
    centre, width = products.mean(axis=0), products.std(axis=0)
    width = np.where(width > 1e-6, width, 1.0)  # of a constant product, whose weight stays 0
    products = (products - centre) / width
    bought = count > 0
    silent = np.zeros(len(centre) + 1)
    odds = number = silent  # where nobody bought, or everybody, nothing is learnt
    if bought.any():
        base = np.exp(_expected(numbers))
        counter = PoissonRegressor(alpha=_COUNT_PENALTY, solver="newton-cholesky", max_iter=100)
        counter.fit(products, np.minimum(count, _MOST_COUNT) / base, sample_weight=base)  # log(base) as the offset
        number = _weights(counter)
    if bought.any() and not bought.all():
        teller = LogisticRegression(C=1 / _ODDS_PENALTY, solver="newton-cholesky", max_iter=100)
        odds = _weights(teller.fit(products, bought))
    return Curves(scaling, centre, width, odds, number)


def _expected(numbers: "np.ndarray") -> "np.ndarray":
    return numbers[:, READ.index("expected")]


def _products(scaled: "np.ndarray") -> "np.ndarray":
    """(n, K) the columns, their squares, and every product of two."""
    import numpy as np

    columns = scaled.astype(np.float64)
    one, other = np.triu_indices(columns.shape[1])
    return np.concatenate([columns, columns[:, one] * columns[:, other]], axis=1)


def _weights(model: Any) -> "np.ndarray":
    import numpy as np

    return np.concatenate([np.ravel(model.intercept_), np.ravel(model.coef_)])
