"""The planted seasons are found as they were planted, and not where their months were lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from eval.profile_sample import sample_records
from eval.profile_seasons import SEASON_BOUNDS, measure_seasons, planted_seasons
from eval.report import missed

MOMENT = datetime(2026, 11, 1, 8, tzinfo=UTC)


def test_what_is_planted_is_what_the_sample_says():
    planted = planted_seasons()
    assert planted["orders"] == (11, 12)
    assert set(planted["headlamps"]) == {10, 11, 12, 1, 2}
    assert planted["running shoes"] == (4, 5, 6, 7, 8)
    assert "packs" not in planted


@pytest.mark.slow
def test_the_planted_seasons_are_found(sample):
    with sample_records(sample) as (_, store):
        found = measure_seasons(store, MOMENT)
    assert found["seasons"] == 16
    assert missed(found, SEASON_BOUNDS) == []


@pytest.mark.slow
def test_without_the_months_no_season_is_found(sample):
    """The same orders on random days of two years."""
    random = np.random.default_rng(1)
    moved = tuple(
        replace(order, placed_at=MOMENT - timedelta(days=float(random.uniform(1, 730)))) for order in sample.orders
    )
    with sample_records(replace(sample, orders=moved)) as (_, store):
        found = measure_seasons(store, MOMENT)
    assert found["season_months"] < 0.6  # 5 of 12 would be by chance
    assert found["seasons_told"] < 0.2
