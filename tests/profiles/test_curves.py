"""Regressions of the second degree: they find a planted law, are read back as they were, and refuse what is broken."""

import numpy as np
import pytest

from profiles.curves import CURVES_FILE, Curves, fit_curves
from profiles.value import Histories
from profiles.windows import NAMES, Outcome, Window
from rapport.errors import CorruptArtifact
from rapport.metrics import auroc


def window_of(seed, size=3000):
    """(a window whose customers buy the more the more they spent, above what is expected, what came, the true mean)."""
    rng = np.random.default_rng(seed)
    numbers = np.full((size, len(NAMES)), np.nan)
    numbers[:, NAMES.index("expected")] = rng.normal(-1.0, 0.5, size)
    numbers[:, NAMES.index("mean_amount")] = rng.gamma(2.0, 20.0, size)
    mean = np.exp(numbers[:, NAMES.index("expected")]) * numbers[:, NAMES.index("mean_amount")] / 40
    count = rng.poisson(mean).astype(float)
    zero = np.zeros(size)
    window = Window(np.arange(size), zero, Histories(zero, zero, zero, zero), numbers, zero, zero, 0.0, 30.0)
    return window, Outcome(count=count, money=zero, days=zero, bought=count > 0, kinds=zero[:, None]), mean


@pytest.fixture(scope="module")
def fitted():
    window, outcome, _ = window_of(1)
    return fit_curves([(window, outcome)], seed=7)


def test_a_law_is_found_beside_what_is_expected(fitted):
    window, outcome, mean = window_of(2)
    odds, count = fitted.predict(window.numbers)
    assert np.corrcoef(count, np.log(mean))[0, 1] > 0.95
    assert np.exp(count).mean() == pytest.approx(mean.mean(), rel=0.1)
    assert auroc(odds, outcome.count > 0) > auroc(window.numbers[:, NAMES.index("expected")], outcome.count > 0) + 0.05


def test_curves_are_read_back_as_they_were(fitted, tmp_path):
    window, _, _ = window_of(3)
    fitted.save(tmp_path)
    for before, after in zip(
        fitted.predict(window.numbers), Curves.load(tmp_path).predict(window.numbers), strict=True
    ):
        assert np.array_equal(before, after)


def test_where_nobody_or_everybody_bought_the_odds_say_nothing():
    window, outcome, _ = window_of(4, size=200)
    nobody = Outcome(outcome.count * 0, outcome.money, outcome.days, outcome.bought & False, outcome.kinds)
    odds, count = fit_curves([(window, nobody)], seed=7).predict(window.numbers)
    assert not odds.any()
    assert np.isfinite(count).all()


def test_a_broken_file_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    (tmp_path / CURVES_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(CorruptArtifact, match="holds no curves"):
        Curves.load(tmp_path)
