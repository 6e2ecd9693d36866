"""Customers who do not exist, drawn from a table of those who do: for demos, and for rare classes.

A Gaussian copula: columns become normal scores, their correlations are kept, and scores drawn by them go back through
each column's own distribution. It is quick and needs few rows; `profiles.synthetic_gan`, the other model with this
face, is nearer to what columns of many categories have in common (`eval.profile_synthetic` measures both). With `by`,
the rows of each value of that column are learnt apart, and a rare value can be drawn alone. Rows that copy a customer
of the table are drawn anew.
Source: Nelsen, An Introduction to Copulas, 2006; Patki, Wedge and Veeramachaneni, DSAA 2016.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from profiles.synthetic_columns import Columns, learn_columns
from profiles.tables import Table
from rapport.errors import UserError

LEAST_ROWS = 50
MATCHED = 6  # rounds in which drawn correlations are brought to those of the table
MATCH_ROWS = 4_000
ROUNDS = 20  # of drawing anew in place of copies


class Draws(Protocol):
    """A model of the rows of one table."""

    def draw(self, n: int, random: np.random.Generator) -> Table:
        """So many rows."""
        ...


FitPart = Callable[[Table, int], Draws]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copula:
    """root: the lower root of the correlations of the scores: numbers, flags, categories."""

    columns: Columns
    root: np.ndarray

    def draw(self, n: int, random: np.random.Generator) -> Table:
        """So many rows."""
        scores = random.standard_normal((n, len(self.root))) @ self.root.T
        told = self.columns
        numbers = {one.name: one.values(scores[:, place]) for place, one in enumerate(told.numbers)}
        rest = enumerate((*told.flags, *told.categories), len(told.numbers))
        return told.table(numbers, [one.drawn(scores[:, place]) for place, one in rest])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Synthesiser:
    """parts: value of the column `by` -> (its share, its model); without `by` one, named "". known: of the table."""

    by: str
    parts: Mapping[str, tuple[float, Draws]]
    known: frozenset[tuple[object, ...]]

    def draw(self, n: int, *, seed: int, only: str | None = None) -> Table:
        """So many customers, all different from those of the table where that leaves room for others.

        only: a value of the column `by`; no others are drawn. Raises UserError where there is none of it, or no such
        column, and where nothing but copies can be drawn.
        """
        if only is not None and (not self.by or only not in self.parts):
            raise UserError(
                f"no customers of '{only}' were learnt apart.",
                hint=f"Known are: {', '.join(map(repr, self.parts))}." if self.by else "Give --by COLUMN.",
            )
        random = np.random.default_rng(seed)
        chosen = [only] if only is not None else list(self.parts)
        shares = np.array([self.parts[value][0] for value in chosen])
        sizes = random.multinomial(n, shares / shares.sum())
        drawn = [self._part(value, size, random) for value, size in zip(chosen, sizes, strict=True) if size]
        whole = _joined(drawn).chosen(random.permutation(n))
        return Table(
            ids=np.array([f"synthetic-{row}" for row in range(1, n + 1)], object),
            numeric=whole.numeric, categorical=whole.categorical,
        )  # fmt: skip

    def _part(self, value: str, size: int, random: np.random.Generator) -> Table:
        kept: list[Table] = []
        missing = size
        for _ in range(ROUNDS):
            rows = self.parts[value][1].draw(missing, random)
            if self.by:
                rows = Table(
                    ids=rows.ids,
                    numeric=rows.numeric,
                    categorical={**rows.categorical, self.by: np.full(missing, value or None, object)},
                )
            new = np.array([row not in self.known for row in keys_of(rows)], bool)
            kept.append(rows.chosen(new))
            missing -= int(new.sum())
            if not missing:
                return _joined(kept)
        raise UserError(f"{missing} of {size} drawn customers are copies of the table, again and again.",
                        hint="Its columns tell too few customers apart; give more columns, or numbers.")  # fmt: skip


def fit_synthesiser(table: Table, *, by: str = "", seed: int = 42, fit: "FitPart | None" = None) -> Synthesiser:
    """Learn to draw customers like these. by: a column of categories, each value of which is learnt apart.

    Raises UserError for too few rows, no columns, or no such column.
    """
    if len(table) < LEAST_ROWS or not (table.numeric or table.categorical):
        raise UserError(f"{len(table)} rows with {len(table.numeric) + len(table.categorical)} columns are too few to "
                        "draw others from.", hint=f"Give {LEAST_ROWS} rows or more.")  # fmt: skip
    if by and by not in table.categorical:
        raise UserError(f"there is no column of categories '{by}'.",
                        hint=f"There are: {', '.join(table.categorical) or 'none'}.")  # fmt: skip
    make = fit or fit_copula
    if not by:
        return Synthesiser(by="", parts={"": (1.0, make(table, seed))}, known=frozenset(keys_of(table)))
    values = np.array([value or "" for value in table.categorical[by]])
    rest = table.without(frozenset({by}))
    parts = {
        str(value): (float((values == value).mean()), make(rest.chosen(values == value), seed))
        for value in np.unique(values)
    }
    return Synthesiser(by=by, parts=parts, known=frozenset(keys_of(table)))


def fit_copula(table: Table, seed: int) -> Copula:
    """Learn the correlations of the scores, and bring those of drawn rows to the same.

    A category cut out of a normal score correlates less than the score does; so the scores' correlations are widened
    until drawn rows, told as scores again, have the table's.
    """
    random = np.random.default_rng(seed)
    columns = learn_columns(table)
    wanted = _correlations(columns, table, random)
    inner = wanted
    for _ in range(MATCHED):
        drawn = Copula(columns=columns, root=_root(inner)).draw(MATCH_ROWS, random)
        inner = np.clip(inner + 0.7 * (wanted - _correlations(columns, drawn, random)), -0.99, 0.99)
        np.fill_diagonal(inner, 1.0)
    return Copula(columns=columns, root=_root(inner))


def keys_of(table: Table) -> list[tuple[object, ...]]:
    """What tells each row from others: its values by the name of the column, missing ones as None."""
    numbers = {
        name: [None if value != value else float(value) for value in table.numeric[name]] for name in table.numeric
    }
    every = {**numbers, **{name: list(values) for name, values in table.categorical.items()}}
    return list(zip(*(every[name] for name in sorted(every)), strict=True))


def _correlations(columns: Columns, table: Table, random: np.random.Generator) -> np.ndarray:
    told = columns.told(table)
    scores = [one.scores(table.numeric[one.name], random) for one in columns.numbers]
    scores += [one.scores(told[f"flag:{one.name}"], random) for one in columns.flags]
    scores += [one.scores(told[one.name], random) for one in columns.categories]
    return np.atleast_2d(np.corrcoef(np.stack(scores)))


def _root(correlations: np.ndarray) -> np.ndarray:
    """The lower root of the nearest matrix that is one of correlations."""
    values, axes = np.linalg.eigh(correlations)
    near = (axes * np.maximum(values, 1e-4)) @ axes.T
    scale = np.sqrt(np.diag(near))
    found: np.ndarray = np.linalg.cholesky(near / np.outer(scale, scale))
    return found


def _joined(parts: list[Table]) -> Table:
    first = parts[0]
    return Table(
        ids=np.concatenate([part.ids for part in parts]),
        numeric={name: np.concatenate([part.numeric[name] for part in parts]) for name in first.numeric},
        categorical={name: np.concatenate([part.categorical[name] for part in parts]) for name in first.categorical},
    )
