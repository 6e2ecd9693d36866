"""BG/NBD and Gamma-Gamma: published parameters, hand-worked customers, extremes."""

import numpy as np
import pytest

from profiles.occasions import occasions_of
from profiles.transaction_files import read_transactions
from profiles.value import BuyingRate, Histories, Spending, fit_rate, fit_spending
from profiles.windows import histories_at
from rapport.errors import DataError
from rapport.paths import public_data

PUBLISHED = BuyingRate(0.243, 4.414, 0.793, 2.426)


def seen(again, last, watched, mean=1.0) -> Histories:
    return Histories(*(np.atleast_1d(np.asarray(value, float)) for value in (again, last, watched, mean)))


@pytest.mark.skipif(public_data("cdnow") is None, reason="CDNOW is not present")
def test_the_published_parameters_of_the_cdnow_sample_are_found():
    read = read_transactions(
        public_data("cdnow") / "CDNOW_sample.txt", mapping={"customer": "2", "at": "3", "amount": "5"}
    )
    _, histories = histories_at(occasions_of(read.transactions), 10135)  # 39 weeks from 1 January 1997
    rate = fit_rate(histories)
    assert [rate.r, rate.alpha, rate.a, rate.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=0.002)


@pytest.mark.parametrize(
    ("again", "last", "watched", "weeks", "published"),
    [(2, 30.43, 38.86, 39, 1.226)],  # the example of the authors' note on BG/NBD in a spreadsheet
)
def test_the_expected_purchases_of_the_published_example_are_found(again, last, watched, weeks, published):
    assert PUBLISHED.count(seen(again, last, watched), weeks)[0] == pytest.approx(published, abs=0.002)


def test_a_chance_is_what_drawn_customers_do():
    rng = np.random.default_rng(3)
    n, watched, weeks = 60_000, 20.0, 10.0
    rate, leave = rng.gamma(0.8, 1 / 5, n), rng.beta(0.8, 2.5, n)
    counts, alive, time = np.zeros((2, n)), np.ones(n, bool), np.zeros(n)
    for _ in range(60):
        time += rng.exponential(1 / rate)
        counts[0] += alive & (time <= watched)
        counts[1] += alive & (time > watched) & (time <= watched + weeks)
        alive &= rng.random(n) > leave
    once = counts[0] == 0
    model = BuyingRate(0.8, 5.0, 0.8, 2.5)
    assert model.chance(seen(0, 0, watched), weeks)[0] == pytest.approx((counts[1][once] > 0).mean(), abs=0.01)
    assert model.count(seen(0, 0, watched), weeks)[0] == pytest.approx(counts[1][once].mean(), abs=0.02)


def test_a_customer_of_a_hundred_thousand_purchases_has_finite_numbers():
    found = seen([100_000, 0, 1], [500.0, 0.0, 0.1], [500.0, 600.0, 600.0])
    for values in (PUBLISHED.alive(found), PUBLISHED.chance(found, 10), PUBLISHED.count(found, 10)):
        assert np.isfinite(values).all()
    assert PUBLISHED.count(found, 10)[0] == pytest.approx(100_000 / 504.4 * 10, rel=0.01)
    assert PUBLISHED.alive(found)[1] == 1.0


def test_the_own_mean_counts_more_the_more_often_a_customer_bought():
    spending = Spending(6.25, 3.74, 15.44)
    everybody = 6.25 * 15.44 / 2.74
    once, often = spending.mean(seen([0, 50], [0, 9], [10, 10], [100.0, 100.0]))
    assert everybody < once < often < 100
    assert spending.mean(seen(0, 0, 10, np.nan))[0] == pytest.approx(everybody)
    assert spending.mean(seen(3, 5, 10, -20.0))[0] == pytest.approx(everybody)


def test_planted_spending_is_found_again():
    rng = np.random.default_rng(5)
    number = rng.integers(1, 12, 4000)
    own = rng.gamma(4.0, 1 / 20.0, 4000)
    mean = np.array([rng.gamma(6.0, 1 / rate, size).mean() for rate, size in zip(own, number, strict=True)])
    found = fit_spending(number, mean)
    assert found.p == pytest.approx(6.0, rel=0.1)
    assert found.q == pytest.approx(4.0, rel=0.1)
    assert found.v == pytest.approx(20.0, rel=0.15)


def test_too_few_customers_who_came_back_are_refused():
    with pytest.raises(DataError, match="3 customers bought more than once; a purchase rate needs 10"):
        fit_rate(seen([0, 1, 1, 1], [0, 1, 2, 3], [9, 9, 9, 9]))
    with pytest.raises(DataError, match="0 customers spent something"):
        fit_spending(np.array([1.0, 2.0]), np.array([0.0, -4.0]))
