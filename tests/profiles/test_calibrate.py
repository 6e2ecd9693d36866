"""Chances that say too much are brought back to what happens, and keep their order."""

import numpy as np
import pytest

from profiles.calibrate import Calibration, fit_calibration
from rapport.metrics import expected_calibration_error


def overconfident() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(1)
    true = chance.uniform(0.02, 0.98, 8000)
    said = 1 / (1 + np.exp(-2.5 * np.log(true / (1 - true)) - 0.5))
    return said, chance.random(8000) < true


def test_overconfident_chances_are_mended():
    said, happened = overconfident()
    mended = fit_calibration(said[:4000], happened[:4000]).apply(said[4000:])
    assert expected_calibration_error(said[4000:], happened[4000:]) > 0.1
    assert expected_calibration_error(mended, happened[4000:]) < 0.03


def test_the_curve_is_that_of_a_logistic_regression_on_the_two_logarithms():
    from sklearn.linear_model import LogisticRegression

    said, happened = overconfident()
    ours = fit_calibration(said, happened)
    columns = np.stack([np.log(said), -np.log1p(-said)], axis=1)
    theirs = LogisticRegression(C=1e9, max_iter=1000).fit(columns, happened)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.coef_[0]), abs=0.01)
    assert ours.offset == pytest.approx(theirs.intercept_[0], abs=0.01)


def test_the_order_stays_and_certainties_stay_finite():
    found = Calibration(low=0.5, high=2.0, offset=-1.0).apply(np.array([0.0, 1e-9, 0.2, 0.7, 1.0]))
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()


def test_without_a_fit_nothing_changes():
    assert Calibration().apply(np.array([0.1, 0.9])) == pytest.approx([0.1, 0.9])
