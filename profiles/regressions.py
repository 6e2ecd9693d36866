"""Two regressions of the second degree on columns of numbers: any purchase, and how many. Knows no feature by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_MOST_COUNT = 20.0  # occasions in a horizon that the regression looks at
_ODDS_PENALTY, _COUNT_PENALTY = 1000.0, 0.01  # of the squared weights, as scikit-learn's two regressions take them
_FIELDS = ("centre", "width", "odds", "count")


@dataclass(frozen=True, slots=True, eq=False)
class Regressions:
    """Weights of K products of columns. centre, width: (K,) of the products. odds, count: (1 + K,) the constant first.

    The number of purchases is learnt as a correction of what is expected.
    """

    centre: "np.ndarray"
    width: "np.ndarray"
    odds: "np.ndarray"
    count: "np.ndarray"

    def predict(self, columns: "np.ndarray", expected: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """(n,) log odds of any purchase, and (n,) logarithm of the number of purchases.

        columns: (n, C). expected: (n,) logarithm of the purchases that BG/NBD expects.
        """
        products = (products_of(columns) - self.centre) / self.width
        return products @ self.odds[1:] + self.odds[0], products @ self.count[1:] + self.count[0] + expected

    def to_json(self) -> dict[str, list[Any]]:
        """Plain lists."""
        return {name: getattr(self, name).tolist() for name in _FIELDS}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Regressions":
        """What `to_json` wrote. Raises ValueError, KeyError or TypeError where it does not fit."""
        import numpy as np

        return cls(*(np.array(content[name], float) for name in _FIELDS))


def fit_regressions(columns: "np.ndarray", expected: "np.ndarray", count: "np.ndarray") -> Regressions:
    """Fit both to n customers. columns: (n, C). expected: (n,) a logarithm. count: (n,) purchases that came.

    Where nobody bought, or everybody, nothing is learnt of the odds.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression, PoissonRegressor

    products = products_of(columns)
    centre, width = products.mean(axis=0), products.std(axis=0)
    width = np.where(width > 1e-6, width, 1.0)  # of a constant product, whose weight stays 0
    products -= centre
    products /= width
    bought = count > 0
    odds = number = np.zeros(len(centre) + 1)
    if bought.any():
        base = np.exp(expected)
        counter = PoissonRegressor(alpha=_COUNT_PENALTY, solver="newton-cholesky", max_iter=100)
        counter.fit(products, np.minimum(count, _MOST_COUNT) / base, sample_weight=base)  # log(base) as the offset
        number = _weights(counter)
    if bought.any() and not bought.all():
        teller = LogisticRegression(C=1 / _ODDS_PENALTY, solver="newton-cholesky", max_iter=100)
        odds = _weights(teller.fit(products, bought))
    return Regressions(centre, width, odds, number)


def products_of(columns: "np.ndarray") -> "np.ndarray":
    """(n, K) the columns, their squares, and every product of two."""
    import numpy as np

    wide = columns.astype(np.float64)
    one, other = _pairs(wide.shape[1])
    return np.concatenate([wide, wide[:, one] * wide[:, other]], axis=1)


@cache
def _pairs(columns: int) -> "tuple[np.ndarray, np.ndarray]":
    """(K,) the first column of every product, and (K,) the second."""
    import numpy as np

    one, other = np.triu_indices(columns)
    return one, other


def _weights(model: Any) -> "np.ndarray":
    import numpy as np

    return np.concatenate([np.ravel(model.intercept_), np.ravel(model.coef_)])
