"""Rows are dealt to parts evenly, and those of one id together."""

import numpy as np
import pytest

from profiles.parts import held_out_chances, parts_of
from profiles.tables import Table
from rapport.errors import UserError


def test_each_row_is_held_out_once_and_each_part_has_its_share_of_both_classes():
    target = np.arange(40) % 4 == 0
    parts = list(parts_of(target, 5, seed=1, ids=np.arange(40)))
    assert sorted(np.concatenate([held for _, held in parts]).tolist()) == list(range(40))
    assert [int(target[held].sum()) for _, held in parts] == [2] * 5
    assert all(not set(learn) & set(held) for learn, held in parts)


def test_rows_of_one_id_lie_in_one_part():
    ids = np.repeat(np.arange(20), 2).astype(str)
    for learn, held in parts_of(np.arange(40) % 4 < 2, 4, seed=1, ids=ids):
        assert not set(ids[learn]) & set(ids[held])


def test_too_few_rows_of_a_class_are_refused():
    with pytest.raises(UserError, match="stands in 3 rows; 5 parts"):
        list(parts_of(np.arange(40) < 3, 5, seed=1, ids=np.arange(40)))


def test_no_row_is_predicted_by_a_model_that_saw_it():
    target = np.arange(30) % 3 == 0
    table = Table(ids=np.arange(30).astype(str), numeric={"x": np.arange(30.0)}, categorical={})

    class Remembers:
        def __init__(self, seen: Table) -> None:
            self.seen = set(seen.ids)

        def predict(self, table: Table) -> np.ndarray:
            return np.array([float(name in self.seen) for name in table.ids])

    found, fold = held_out_chances(table, target, lambda seen, _: Remembers(seen), folds=3, seed=1)
    assert found.tolist() == [0.0] * 30
    assert np.bincount(fold).tolist() == [10, 10, 10]
