"""Columns of a table as normal scores and back: what the models of synthetic customers work on.

A number is told by its rank among those of its column, a category by a place within its share of the column; a
missing number has a column of flags beside it. Drawn numbers lie between quantiles and within the middle 99.6% of the
column, so that the one largest customer is not told; whole numbers stay whole, and none has more decimals than its
column.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from profiles.tables import Table

KNOTS = np.linspace(0.002, 0.998, 250)
MOST_DECIMALS = 4
BLANK = ""  # how a category column names a missing value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """ordered: the training values, ascending. knots: their quantiles at KNOTS."""

    name: str
    ordered: np.ndarray
    knots: np.ndarray
    decimals: int

    def scores(self, values: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """(n,) normal scores; equal values spread over their ranks, missing ones over all."""
        low = np.searchsorted(self.ordered, values, side="left")
        high = np.searchsorted(self.ordered, values, side="right")
        share = (low + random.random(len(values)) * np.maximum(high - low, 1)) / max(len(self.ordered), 1)
        return normal_scores(np.where(np.isnan(values), random.random(len(values)), share))

    def values(self, scores: np.ndarray) -> np.ndarray:
        """(n,) numbers of these scores."""
        found: np.ndarray = np.round(np.interp(normal_shares(scores), KNOTS, self.knots), self.decimals)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """texts: neighbours are alike. edges: (values + 1,) where each begins, as shares of the column."""

    name: str
    texts: tuple[str, ...]
    edges: np.ndarray

    def codes(self, values: np.ndarray) -> np.ndarray:
        """(n,) the place of each value."""
        places = {text: place for place, text in enumerate(self.texts)}
        return np.array([places[value or BLANK] for value in values])

    def scores(self, values: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """(n,) normal scores, spread over the share of each value."""
        codes = self.codes(values)
        return normal_scores(self.edges[codes] + random.random(len(values)) * np.diff(self.edges)[codes])

    def drawn(self, scores: np.ndarray) -> np.ndarray:
        """(n,) places of the values of these scores."""
        found: np.ndarray = np.searchsorted(self.edges[1:-1], normal_shares(scores), side="right")
        return found

    def values(self, codes: np.ndarray) -> np.ndarray:
        """(n,) texts, None for a blank."""
        found: np.ndarray = np.array([text or None for text in self.texts], object)[codes]
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """numbers, then flags of those with missing values, then categories."""

    numbers: tuple[Numbers, ...]
    flags: tuple[Categories, ...]
    categories: tuple[Categories, ...]

    def told(self, table: Table) -> dict[str, np.ndarray]:
        """The category columns as they stand and those of the flags."""
        missing = {one.name: np.where(np.isnan(table.numeric[one.name]), "missing", "given") for one in self.flags}
        return {**{f"flag:{name}": values for name, values in missing.items()}, **table.categorical}

    def table(self, numbers: Mapping[str, np.ndarray], codes: list[np.ndarray]) -> Table:
        """The rows of drawn numbers and places, those of the flags first."""
        missing = {
            flag.name: np.array(flag.texts)[code] == "missing" for flag, code in zip(self.flags, codes, strict=False)
        }
        size = len(codes[0]) if codes else len(next(iter(numbers.values())))
        return Table(
            ids=np.array([f"synthetic-{row}" for row in range(1, size + 1)], object),
            numeric={
                name: np.where(missing[name], np.nan, values) if name in missing else values
                for name, values in numbers.items()
            },
            categorical={
                one.name: one.values(code) for one, code in zip(self.categories, codes[len(self.flags) :], strict=True)
            },
        )  # fmt: skip


def learn_columns(table: Table) -> Columns:
    """How the columns of a table are told."""
    axis = _main_axis(table)
    flags = [name for name, values in table.numeric.items() if 0 < np.isnan(values).sum() < len(values)]
    return Columns(
        numbers=tuple(_numbers(name, values) for name, values in table.numeric.items()),
        flags=tuple(
            _categories(name, np.where(np.isnan(table.numeric[name]), "missing", "given"), axis) for name in flags
        ),
        categories=tuple(_categories(name, values, axis) for name, values in table.categorical.items()),
    )  # fmt: skip


def normal_scores(shares: np.ndarray) -> np.ndarray:
    """The points below which these shares of a normal law lie."""
    from scipy.special import ndtri

    found: np.ndarray = ndtri(np.clip(shares, 1e-4, 1 - 1e-4))
    return found


def normal_shares(scores: np.ndarray) -> np.ndarray:
    """The share of a normal law below each point."""
    from scipy.special import ndtr

    found: np.ndarray = ndtr(scores)
    return found


def _numbers(name: str, values: np.ndarray) -> Numbers:
    ordered = np.sort(values[np.isfinite(values)])
    decimals = next((n for n in range(MOST_DECIMALS) if np.allclose(ordered, np.round(ordered, n))), MOST_DECIMALS)
    knots = np.quantile(ordered, KNOTS) if len(ordered) else np.full(len(KNOTS), np.nan)
    return Numbers(name=name, ordered=ordered, knots=knots, decimals=decimals)


def _categories(name: str, values: np.ndarray, axis: np.ndarray) -> Categories:
    """Values in the order of where their customers lie on the main axis, so that a correlation can tell of them."""
    texts = np.array([value or BLANK for value in values])
    counts = Counter(texts.tolist())
    ordered = tuple(sorted(counts, key=lambda text: (float(axis[texts == text].mean()), text)))
    edges = np.cumsum([0, *(counts[text] for text in ordered)]) / len(texts)
    return Categories(name=name, texts=ordered, edges=edges)


def _main_axis(table: Table) -> np.ndarray:
    """(n,) where each row lies on the first principal axis of its columns."""
    columns = []
    for values in table.numeric.values():
        known = np.isfinite(values)
        order = np.argsort(np.argsort(np.where(known, values, np.nanmedian(values) if known.any() else 0.0)))
        columns.append(order / max(len(values), 1) - 0.5)
    for values in table.categorical.values():
        texts = np.array([value or BLANK for value in values])
        columns += [(texts == text) - float((texts == text).mean()) for text in sorted(set(texts.tolist()))]
    rows = np.stack(columns, axis=1)
    _, axes = np.linalg.eigh(rows.T @ rows)
    axis = axes[:, -1] * np.sign(axes[np.abs(axes[:, -1]).argmax(), -1])
    found: np.ndarray = rows @ axis
    return found
