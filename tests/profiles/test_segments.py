"""Segments of planted groups: found, named, stable, kept and assigned; outliers are none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from profiles.rfm import Rfm, rfm_of
from profiles.segments import WEIGHTS, SegmentPlan, fit_segments
from profiles.transactions import transactions_of
from rapport.errors import CorruptArtifact, UserError

PLAN = SegmentPlan(most=4, bootstraps=3)


def planted(*, outliers: int = 0) -> tuple[Rfm, np.ndarray]:
    """60 who buy often and lately, 90 who bought once long ago, and some who spent a fortune once."""
    random = np.random.default_rng(3)
    loyal, gone, rich = 60, 90, outliers
    recency = np.concatenate([random.uniform(1, 20, loyal), random.uniform(300, 500, gone), np.full(rich, 5.0)])
    frequency = np.concatenate([random.integers(10, 30, loyal), np.ones(gone), np.ones(rich)]).astype(float)
    money = np.concatenate([random.uniform(800, 2000, loyal), random.uniform(20, 60, gone), np.full(rich, 1e9)])
    ids = np.array([f"c{place:03d}" for place in range(loyal + gone + rich)])
    found = Rfm(as_of=20_000.0, customers=ids, recency=recency, frequency=frequency, money=money)
    return found, np.repeat([0, 1], [loyal, gone])


def test_planted_groups_are_found_named_and_stable():
    rfm, truth = planted()
    found = fit_segments(rfm, PLAN)
    assert found.assign(rfm).tolist() == truth.tolist()
    assert [one.name for one in found.segments] == [
        "frequent big spenders, active lately",
        "one-time small spenders, long gone",
    ]
    assert [one.customers for one in found.segments] == [60, 90]
    assert found.segments[0].money == pytest.approx(rfm.money[:60].mean())
    assert found.silhouette > 0.7
    assert found.stability == 1.0


def test_a_handful_of_outliers_is_no_segment():
    rfm, _ = planted(outliers=2)
    found = fit_segments(rfm, PLAN)
    assert min(one.share for one in found.segments) >= PLAN.least_share
    assert len(set(found.assign(rfm)[:60])) == 1


@pytest.mark.parametrize("count", [2, 3, 4])
def test_as_many_segments_are_made_as_are_asked_for_and_no_two_share_a_name(count):
    found = fit_segments(planted()[0], replace(PLAN, count=count))
    assert len({one.name for one in found.segments}) == count


def test_the_same_customers_make_the_same_segments():
    rfm, _ = planted()
    one, other = fit_segments(rfm, PLAN), fit_segments(rfm, PLAN)
    assert one.segments == other.segments
    assert np.array_equal(one.centres, other.centres)


def test_kept_segments_assign_one_customer_as_before(tmp_path: Path):
    rfm, truth = planted()
    found = fit_segments(rfm, PLAN)
    found.save(tmp_path)
    loaded = type(found).load(tmp_path)
    single = replace(
        rfm, customers=rfm.customers[70:71], recency=rfm.recency[70:71], frequency=rfm.frequency[70:71],
        money=rfm.money[70:71],
    )  # fmt: skip
    assert loaded.assign(single).tolist() == [truth[70]]
    assert loaded.segments == found.segments


def test_damaged_segments_are_told(tmp_path: Path):
    fit_segments(planted()[0], PLAN).save(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(CorruptArtifact, match="no readable segments"):
        type(fit_segments(planted()[0], PLAN)).load(tmp_path)


def test_too_few_customers_are_refused():
    lines = [(f"c{place}", 100.0, 5.0, 1.0, None) for place in range(5)]
    with pytest.raises(UserError, match="5 customers bought something"):
        fit_segments(rfm_of(transactions_of(lines)), PLAN)


def test_customers_who_are_all_alike_are_no_segments():
    lines = [(f"c{place:03d}", 100.0, 5.0, 1.0, None) for place in range(50)]
    with pytest.raises(UserError, match="any number of segments would leave one under 2%"):
        fit_segments(rfm_of(transactions_of(lines)), PLAN)


def test_recency_frequency_and_money_are_counted_by_hand():
    found = rfm_of(
        transactions_of([
            ("a", 100.2, 10.0, 1, None), ("a", 100.7, 5.0, 1, None),  # one day with two lines
            ("a", 103.5, 20.0, 2, None), ("a", 104.0, -8.0, -1, None),  # and one that went back
            ("b", 90.0, 7.0, 1, None), ("r", 95.0, -7.0, -1, None), ("b", 120.0, 99.0, 1, None),
        ]), as_of=110.0,
    )  # fmt: skip
    assert found.customers.tolist() == ["a", "b"]
    assert found.recency.tolist() == [6.5, 20.0]
    assert found.frequency.tolist() == [2.0, 1.0]
    assert found.money.tolist() == [27.0, 7.0]
    assert found.left_out == 1


def test_no_purchase_at_all_is_no_customer():
    assert len(rfm_of(transactions_of([]))) == 0
