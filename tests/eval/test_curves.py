"""The curves against values worked by hand and against the figures that they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.curves import aurc, risk_coverage
from finetune.calibrate import interval
from rapport.metrics import coverage_at_error, expected_calibration_error
from rapport.reliability import intervals, reliability_bins

ROWS = st.lists(st.tuples(st.sampled_from([0.05, 0.2, 0.5, 0.51, 0.9, 1.0]), st.booleans()), min_size=1, max_size=60)


def columns(rows):
    confidences, right = zip(*rows, strict=True)
    return np.array(confidences), np.array(right)


def test_bins_by_hand():
    found = reliability_bins(np.array([0.95, 0.95, 0.55, 1.0]), np.array([True, False, True, True]), bins=10)
    assert [(one.low, one.high, one.rows) for one in found] == [(0.5, 0.6, 1), (0.9, 1.0, 3)]
    assert [one.accuracy for one in found] == [1.0, pytest.approx(2 / 3)]
    assert [one.confidence for one in found] == [0.55, pytest.approx(2.9 / 3)]


@given(ROWS)
def test_the_gaps_of_the_bins_weighed_by_rows_are_the_calibration_error(rows):
    confidences, right = columns(rows)
    found = reliability_bins(confidences, right)
    assert sum(one.rows for one in found) == len(rows)
    gap = sum(one.rows * abs(one.confidence - one.accuracy) for one in found) / len(rows)
    assert gap == pytest.approx(expected_calibration_error(confidences, right))


def test_risk_and_coverage_by_hand():
    points = risk_coverage(np.array([0.6, 0.9, 0.8, 0.8]), np.array([True, True, False, True]))
    # 0.9 is right; with the two of 0.8 one of three is wrong; with 0.6 one of four
    assert [(point.threshold, point.coverage) for point in points] == [(0.9, 0.25), (0.8, 0.75), (0.6, 1.0)]
    assert [point.error for point in points] == [0.0, pytest.approx(1 / 3), 0.25]
    assert aurc(points) == pytest.approx(0.5 / 3 + 0.25 * 0.25)


def test_the_area_without_ties_is_the_mean_of_the_errors_so_far():
    points = risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False]))
    assert aurc(points) == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)


@given(ROWS)
def test_the_curve_holds_the_coverage_at_an_error_and_ends_at_the_whole(rows):
    sure, right = columns(rows)
    points = risk_coverage(sure, right)
    assert points[-1].coverage == 1.0
    assert points[-1].error == pytest.approx(1 - right.mean())
    at_error = max((point.coverage for point in points if point.error <= 0.25), default=0.0)
    # the figure of `metrics` may stop inside a tie, a threshold may not
    assert at_error <= coverage_at_error(sure, right, error=0.25) + 1e-12


@given(st.integers(1, 60).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_many_intervals_at_once_are_those_of_one(pair):
    wrong, rows = pair
    low, high = intervals(np.array([wrong]), np.array([rows]))
    assert (low[0], high[0]) == pytest.approx(interval(wrong, rows))


def test_no_row_has_no_curve():
    assert risk_coverage(np.zeros(0), np.zeros(0, dtype=bool)) == ()
    assert reliability_bins(np.zeros(0), np.zeros(0, dtype=bool)) == ()
    assert np.isnan(aurc(()))
