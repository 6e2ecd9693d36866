"""Deal rows to parts of which each is held out once: equal shares of both classes, and one id in one part only."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from profiles.tables import Table
from rapport.errors import UserError

if TYPE_CHECKING:
    import numpy as np


class Predicts(Protocol):
    """What is fitted on a table and predicts another."""

    def predict(self, table: Table) -> "np.ndarray":
        """(n,) chances."""
        ...


def parts_of(
    target: "np.ndarray", parts: int, *, seed: int, ids: "np.ndarray"
) -> "Iterator[tuple[np.ndarray, np.ndarray]]":
    """(rows to learn from, rows held out), `parts` times; over all of them each row is held out once.

    Raises UserError where a class has fewer rows than there are parts.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    rarer = int(min(target.sum(), (~target.astype(bool)).sum()))
    if rarer < parts:
        raise UserError(
            f"the rarer value of the target stands in {rarer} rows; {parts} parts need as many.",
            hint="Give more rows, or fewer --folds.",
        )
    if len(np.unique(ids)) < len(ids):
        yield from StratifiedGroupKFold(parts, shuffle=True, random_state=seed).split(target, target, ids)
    else:
        yield from StratifiedKFold(parts, shuffle=True, random_state=seed).split(target, target)


def held_out_chances(
    table: Table, target: "np.ndarray", fit: "Callable[[Table, np.ndarray], Predicts]", *, folds: int, seed: int
) -> "tuple[np.ndarray, np.ndarray]":
    """For each row the chance that a model fitted on the other folds gives it, and the fold it lies in."""
    import numpy as np

    found, fold = np.empty(len(table)), np.empty(len(table), np.int32)
    for number, (learn, held) in enumerate(parts_of(target, folds, seed=seed, ids=table.ids)):
        found[held] = fit(table.chosen(learn), target[learn]).predict(table.chosen(held))
        fold[held] = number
    return found, fold
