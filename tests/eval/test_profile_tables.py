"""What is measured of table models: every bound has its figure, and the figures of public data are reached."""

import numpy as np
import pytest

from eval.profile_tables import BOUNDS, FOLDER, SPEED_BOUNDS, _churn, measure_churn, measure_scoring, measure_tables
from eval.report import missed
from profiles.dnn import TablePlan, fit_table
from profiles.tables import Table
from profiles.trees import TreePlan, fit_trees
from rapport.errors import NotFound
from rapport.paths import PUBLIC_DATA_VARIABLE, public_data


def test_without_the_public_file_the_measurement_says_where_it_comes_from(monkeypatch):
    monkeypatch.delenv(PUBLIC_DATA_VARIABLE, raising=False)
    with pytest.raises(NotFound, match="telco-customer-churn"):
        measure_tables()


@pytest.mark.slow
def test_both_backends_are_timed_on_the_same_rows():
    x = np.random.default_rng(1).normal(size=200)
    table = Table(ids=np.arange(200).astype(str).astype(object), numeric={"x": x}, categorical={})
    nets = fit_table(table, x > 0, TablePlan(parts=2, members=2, width=8, epochs=2))
    found = measure_scoring(nets, fit_trees(table, x > 0, TreePlan(parts=2, leaves=(4,), rounds=10)), table)
    assert {bound.name for bound in SPEED_BOUNDS} <= set(found.figures)
    figures = [*found.figures.values(), *found.references["LightGBM"].values()]
    assert all(value > 0 for value in figures)


@pytest.mark.slow
@pytest.mark.skipif(public_data(FOLDER) is None, reason="needs RAPPORT_PUBLIC_DATA with telco_churn")
def test_customers_who_leave_are_told_as_well_as_is_promised():
    found = measure_churn(_churn())
    assert found.cases == 7043
    assert not missed(found.figures, BOUNDS)
    assert found.figures["roc_auc"] > found.references["LightGBM"]["roc_auc"]
