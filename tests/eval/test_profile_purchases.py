"""The measurement of purchases: its bounds name figures that exist, and each reference stands beside the model."""

from datetime import date, timedelta

import numpy as np
import pytest

from eval.profile_purchases import PROTOCOLS, Protocol, measure_protocol, measure_purchases
from eval.report import Bound, missed
from profiles.transactions import transactions_of
from rapport.errors import NotFound
from rapport.paths import PUBLIC_DATA_VARIABLE


@pytest.mark.slow
def test_a_row_has_the_figures_that_its_bounds_name_beside_each_reference():
    rng = np.random.default_rng(2)
    lines = []
    for number in range(150):
        day = 15_000 + rng.uniform(0, 30)
        while day < 15_250:
            lines.append((f"c{number}", day, float(rng.gamma(4, 5)), 1.0, "x"))
            day += rng.exponential(10 if number % 3 else 60)
    cutoff = date(1970, 1, 1) + timedelta(days=15_200)
    protocol = Protocol(file="", cutoff=cutoff, horizon=40, bounds=(Bound(name="roc_auc", least=0.6),))
    found = measure_protocol("planted", transactions_of(lines), protocol, seeds=(7,))
    assert found.cases == 150
    assert set(found.references) == {"BG/NBD", "LightGBM", "net"}
    assert missed(found.figures, found.bounds) == []
    for one in PROTOCOLS.values():
        assert {bound.name for bound in one.bounds} <= set(found.figures)
    assert all(scores["roc_auc"] > 0.6 for scores in found.references.values())


def test_without_the_public_files_their_sources_are_named(monkeypatch):
    monkeypatch.delenv(PUBLIC_DATA_VARIABLE, raising=False)
    with pytest.raises(NotFound, match="CDNOW data of Fader and Hardie"):
        measure_purchases()
