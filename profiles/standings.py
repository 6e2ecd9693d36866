"""Regressions on where a customer stands among all customers of the same day, instead of on the numbers themselves.

A shop ages: later customers have bought more, and have stayed away for longer, than anybody had in the windows of the
past. Who is ahead of whom means the same on every day, so that it carries what was learnt to a day beyond them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.curves import READ
from profiles.regressions import Regressions, fit_regressions
from profiles.windows import NAMES
from rapport.errors import CorruptArtifact

if TYPE_CHECKING:
    import numpy as np

    from profiles.windows import Outcome, Window

STANDINGS_FILE = "standings.json"
RANKED = (
    *READ, "last", "in_8_weeks", "in_26_weeks", "in_52_weeks", "year_ago", "last_products", "total_products",
    "returned", "wanted_last", "returning_last",
)  # fmt: skip
_PLACES = [NAMES.index(name) for name in RANKED]
_EXPECTED = NAMES.index("expected")
_STEPS = 256  # quantiles that are kept of a feature
_AT_ONCE = 128  # customers who are compared with all quantiles at once
_MOST_ROWS = 60_000  # of windows that are read, so that memory stays bounded


@dataclass(frozen=True, slots=True, eq=False)
class Standings:
    """quantiles: (RANKED, 256) of the features among the customers of one day; nan for a feature known of nobody."""

    quantiles: "np.ndarray"
    weights: Regressions

    def predict(self, numbers: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """(n,) log odds of any purchase, and (n,) logarithm of the number of purchases. numbers: (n, FEATURES)."""
        return self.weights.predict(placed(self.quantiles, numbers), numbers[:, _EXPECTED])

    def among(self, numbers: "np.ndarray") -> "Standings":
        """The same weights for customers who stand among others. numbers: (n, FEATURES) of these."""
        return replace(self, quantiles=quantiles_of(numbers))

    def save(self, folder: Path) -> None:
        """Write `STANDINGS_FILE`; what is unknown is written as null."""
        import numpy as np

        rows = [row.tolist() if np.isfinite(row).all() else None for row in self.quantiles]
        text = json.dumps(self.weights.to_json() | {"quantiles": rows})
        (folder / STANDINGS_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Standings":
        """Raises CorruptArtifact where the file is missing or does not fit."""
        import numpy as np

        try:
            content: Mapping[str, Any] = json.loads((folder / STANDINGS_FILE).read_text(encoding="utf-8"))
            unknown = [float("nan")] * _STEPS
            rows = np.array([unknown if row is None else row for row in content["quantiles"]], float)
            return cls(rows.reshape(len(RANKED), _STEPS), Regressions.from_json(content))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorruptArtifact(
                f"{folder / STANDINGS_FILE} holds no standings ({error}).", hint="Train it again."
            ) from error


def quantiles_of(numbers: "np.ndarray") -> "np.ndarray":
    """(RANKED, 256) quantiles of the features of (n, FEATURES) customers."""
    import numpy as np

    found = np.full((len(RANKED), _STEPS), np.nan)
    for row, place in enumerate(_PLACES):
        known = numbers[np.isfinite(numbers[:, place]), place]
        if len(known):
            found[row] = np.quantile(known, (np.arange(_STEPS) + 0.5) / _STEPS, method="inverted_cdf")
    return found


def placed(quantiles: "np.ndarray", numbers: "np.ndarray") -> "np.ndarray":
    """(n, RANKED) where (n, FEATURES) customers stand, as quantiles of a normal distribution; 0 where unknown.

    Equals stand in their middle.
    """
    import numpy as np
    from scipy.special import ndtri

    read = numbers[:, _PLACES]
    share = np.empty(read.shape)
    for rows in np.array_split(np.arange(len(read)), max(1, -(-len(read) // _AT_ONCE))):
        values = read[rows, :, None]
        share[rows] = ((quantiles < values).sum(2) + (quantiles <= values).sum(2)) / 2 / _STEPS
    told = np.isfinite(read) & np.isfinite(quantiles[:, 0])
    return np.where(told, ndtri(np.clip(share, 0.5 / _STEPS, 1 - 0.5 / _STEPS)), 0.0)


def fit_standings(windows: "Sequence[tuple[Window, Outcome]]", now: "np.ndarray", *, seed: int) -> Standings:
    """Fit to windows of the past, each customer among those of the same window; of very many rows, a sample by seed.

    now: (n, FEATURES) of the customers among whom those stand who are told of afterwards.
    """
    import numpy as np

    columns = np.concatenate([placed(quantiles_of(window.numbers), window.numbers) for window, _ in windows])
    expected = np.concatenate([window.numbers[:, _EXPECTED] for window, _ in windows])
    count = np.concatenate([outcome.count for _, outcome in windows])
    if len(count) > _MOST_ROWS:
        chosen = np.random.default_rng(seed).choice(len(count), _MOST_ROWS, replace=False)
        columns, expected, count = columns[chosen], expected[chosen], count[chosen]
    return Standings(quantiles_of(now), fit_regressions(columns, expected, count))
