"""What customers buy, as columns: the share of each category in the lines of each customer."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from profiles.history import NOTHING, History, Kind
from profiles.tables import Table

MOST = 40  # categories with a column of their own, the most bought ones


def with_tastes(table: Table, history: History, day: float, categories: Mapping[str, str]) -> Table:
    """The table of these customers with a column for each category that was bought before `day`.

    categories: product -> category. A customer who bought nothing of a known category has nan in all of them.
    """
    lines = history.before(day).facts[Kind.LINE]
    known = np.array([*(categories.get(str(name)) or "" for name in history.things), ""], object)
    names = known[lines.thing]  # NOTHING is -1: the last one
    told = (names != "") & (lines.thing != NOTHING)
    found, code, counts = np.unique(names[told].astype(str), return_inverse=True, return_counts=True)
    table_of = np.zeros((len(history), len(found)))
    np.add.at(table_of, (lines.owner[told], code), 1.0)
    with np.errstate(invalid="ignore"):
        shares = table_of / table_of.sum(1, keepdims=True)
    most = np.sort(np.argsort(-counts, kind="stable")[:MOST])
    columns = {f"share of {found[place]}": shares[:, place] for place in most}
    return replace(table, numeric={**table.numeric, **columns})
