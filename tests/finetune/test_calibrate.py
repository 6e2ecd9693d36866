"""Calibration recovers what was planted."""

import numpy as np
import pytest

from finetune.calibrate import OOS_SHARE, fit_accept, fit_beside, fit_scope, fit_temperature, interval, platt
from rapport.metrics import expected_calibration_error
from rapport.scope import softmax


@pytest.fixture
def planted():
    """Logits whose true probabilities are their softmax at temperature 3, and labels drawn from those."""
    random = np.random.default_rng(5)
    logits = random.normal(size=(4000, 5)) * 6
    shares = softmax(logits / 3)
    truth = np.array([random.choice(5, p=row) for row in shares])
    return logits, truth


def test_the_temperature_that_was_planted_is_found(planted):
    assert fit_temperature(*planted) == pytest.approx(3.0, rel=0.1)


def test_calibration_error_falls(planted):
    logits, truth = planted

    def error(temperature: float) -> float:
        shares = softmax(logits / temperature)
        return expected_calibration_error(shares.max(axis=1), shares.argmax(axis=1) == truth)

    assert error(fit_temperature(logits, truth)) < 0.03 < error(1.0)


def test_scope_takes_the_score_that_separates_and_maps_it_to_a_probability():
    random = np.random.default_rng(6)
    inside = np.arange(600) % 2 == 0
    own = random.normal(size=(600, 3))  # says nothing
    outside = np.where(inside, -2.0, 2.0) + random.normal(size=600)
    scope = fit_scope(np.column_stack([own, outside]), 3, inside)
    assert scope.score == "margin"
    assert scope.auroc > 0.95
    assert scope.slope > 0


def test_nearness_counts_beside_the_margin_where_it_separates_better_and_not_where_it_says_nothing():
    random = np.random.default_rng(9)
    inside = np.arange(600) % 2 == 0
    logits = np.column_stack([random.normal(size=(600, 3)), np.where(inside, -1.0, 1.0) + random.normal(size=600)])
    near = np.where(inside, 0.2, -0.2) + 0.1 * random.normal(size=600)
    scope = fit_beside(logits, 3, inside, near)
    assert (scope.score, scope.near > 0) == ("beside", True)
    assert scope.auroc > fit_scope(logits, 3, inside).auroc
    assert fit_beside(logits, 3, inside, np.zeros(600)).score == "margin"


def test_the_assumed_share_moves_the_threshold():
    scores = np.concatenate(
        [np.random.default_rng(7).normal(size=200) + 1, np.random.default_rng(8).normal(size=200) - 1]
    )
    positive = np.arange(400) < 200
    even, rare = platt(scores, positive, share=0.5), platt(scores, positive, share=1 - OOS_SHARE)
    assert -rare[1] / rare[0] < -even[1] / even[0]  # where the probability is one half


def test_scope_needs_both_kinds_of_rows():
    with pytest.raises(ValueError, match="both in-scope and out-of-scope"):
        fit_scope(np.zeros((3, 2)), 2, np.ones(3, dtype=bool))


def test_the_threshold_answers_as_much_as_the_bound_on_the_error_allows():
    sure = np.linspace(0.999, 0.0, 1000)
    right = np.arange(1000) < 600  # the surest 600 are right, the others wrong
    accept = fit_accept(sure, right, risk=0.05)
    answered = sure >= accept
    # 620 answered with 20 errors are 3.2%; the one-sided 90% bound lies close to 5% there
    assert 605 <= answered.sum() <= 625
    assert (~right[answered]).mean() < 0.05


def test_nothing_is_answered_where_no_threshold_keeps_the_risk():
    assert fit_accept(np.linspace(1, 0, 100), np.zeros(100, dtype=bool), risk=0.05) == float("inf")
    few = np.ones(10, dtype=bool)
    assert fit_accept(np.linspace(1, 0, 10), few, risk=0.05) == float("inf")


def test_rows_of_equal_value_are_answered_together_or_not_at_all():
    sure = np.array([0.9] * 100 + [0.5] * 100)
    right = np.array([True] * 100 + [True, False] * 50)
    assert fit_accept(sure, right, risk=0.05) == pytest.approx(0.9)


@pytest.mark.parametrize(("wrong", "rows"), [(0, 20), (3, 100), (100, 100), (0, 0)])
def test_the_interval_of_a_share_agrees_with_scipy(wrong, rows):
    low, high = interval(wrong, rows)
    if not rows:
        assert (low, high) == (0.0, 1.0)
        return
    from scipy.stats import binomtest

    theirs = binomtest(wrong, rows).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((theirs.low, theirs.high))
