"""Rows to learn from: the features of many days, each with what happened in the days after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from profiles.counting import Array
from profiles.features import feature_table
from profiles.history import History
from profiles.tables import Table
from profiles.targets import Horizons, Target, cutoffs

TargetOf = Callable[[History, float, Horizons], Target]
MOST_ROWS = 60_000  # more teach these models nothing new


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """table: features. happened: (n,) booleans. cutoffs: the days they are as of, newest first."""

    table: Table
    happened: Array
    cutoffs: tuple[float, ...]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.table)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looking:
    """What the features are computed with. limit: the money of one order that counts at most."""

    history: History
    horizons: Horizons
    limit: float
    categories: Mapping[str, str]

    def rows(self, target: TargetOf, days: Sequence[float], *, seed: int) -> Rows:
        """The rows of these days; above MOST_ROWS as many, chosen by the seed."""
        tables, happened = [], []
        for day in days:
            told = target(self.history, day, self.horizons)
            asked = np.flatnonzero(told.asked)
            if len(asked):
                table = feature_table(self.history.chosen(asked), day, limit=self.limit, categories=self.categories)
                tables.append(table)
                happened.append(told.happened[asked])
        found = Rows(
            table=stacked(tables) if tables else feature_table(self.history.chosen(np.arange(0)), 0.0, limit=0.0),
            happened=np.concatenate(happened) if happened else np.empty(0, bool),
            cutoffs=tuple(days),
        )
        if len(found) <= MOST_ROWS:
            return found
        chosen = np.sort(np.random.default_rng(seed).choice(len(found), MOST_ROWS, replace=False))
        return Rows(table=found.table.chosen(chosen), happened=found.happened[chosen], cutoffs=found.cutoffs)

    def split(self, target: TargetOf, horizon: float, end: float, *, seed: int) -> tuple[Rows, Rows, Rows]:
        """(rows whose days after are over before the last window begins, the last window, all).

        The last window begins `horizon` days before the end: what is learnt from the first part is tried on it.
        """
        before = cutoffs(self.history, end - horizon, horizon)
        last = [end - horizon]
        all_days = cutoffs(self.history, end, horizon)
        return tuple(self.rows(target, days, seed=seed) for days in (before, last, all_days))  # type: ignore[return-value]


def stacked(tables: Sequence[Table]) -> Table:
    """The rows of tables with the same columns, one below the other."""
    first = tables[0]
    return Table(
        ids=np.concatenate([table.ids for table in tables]),
        numeric={name: np.concatenate([table.numeric[name] for table in tables]) for name in first.numeric},
        categorical={name: np.concatenate([table.categorical[name] for table in tables]) for name in first.categorical},
    )
