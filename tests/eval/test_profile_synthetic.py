"""The figures of made-up customers: checked by hand, and against tables that are the same or strangers."""

import os
from pathlib import Path

import numpy as np
import pytest

from eval.profile_synthetic import (
    PRIVACY_BOUNDS,
    SYNTHETIC_BOUNDS,
    TELCO_FILE,
    association_distance,
    column_distance,
    measure_synthetic,
    nearest,
    telco_rows,
)
from eval.report import missed
from profiles.tables import Table

PUBLIC = Path(os.environ.get("RAPPORT_PUBLIC_DATA", ""))


def table(numbers: list[float], texts: list[str | None]) -> Table:
    return Table(
        ids=np.arange(len(numbers)).astype(str), numeric={"x": np.array(numbers, float)},
        categorical={"y": np.array(texts, object)},
    )  # fmt: skip


def test_the_distance_of_columns_is_the_mean_of_both_kinds():
    one = table([1, 2, 3, 4], ["a", "a", "b", "b"])
    other = table([1, 2, 9, 9], ["a", "a", "a", "b"])
    assert column_distance(one, one) == 0
    assert column_distance(one, other) == pytest.approx((0.5 + 0.25) / 2)


def test_the_distance_of_associations_is_that_of_correlations():
    one = table([1, 2, 3, 4], ["a", "a", "b", "b"])
    other = table([4, 3, 2, 1], ["a", "a", "b", "b"])
    assert association_distance(one, one) == 0
    assert association_distance(one, other) == pytest.approx(2 * np.corrcoef([1, 2, 3, 4], [0, 0, 1, 1])[0, 1])


def test_a_copy_is_at_no_distance_and_another_text_is_one_over_the_columns():
    others = table([1, 2, 3, np.nan], ["a", "b", "b", None])
    assert nearest(others, others).tolist() == [0, 0, 0, 0]
    assert nearest(table([1], ["c"]), others)[0] == pytest.approx(0.5)
    assert nearest(table([2], ["a"]), others)[0] == pytest.approx(1 / 3 / 2)  # one rank of three from the first


@pytest.mark.slow
@pytest.mark.skipif(not (PUBLIC / TELCO_FILE).is_file(), reason="RAPPORT_PUBLIC_DATA names no folder with telco churn")
@pytest.mark.timeout(900)
def test_made_up_customers_serve_nearly_as_well_as_real_ones_and_give_nobody_away():
    made = {one.name: one.figures for one in measure_synthetic(telco_rows(PUBLIC), progress=lambda _: None)}
    assert not missed(made["gan"], SYNTHETIC_BOUNDS)
    assert not missed(made["copula"], PRIVACY_BOUNDS)
    assert made["gan"]["association_distance"] < made["copula"]["association_distance"]
