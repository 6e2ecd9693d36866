"""Past predictions are held against what happened, once their days are over and where there are enough of them."""

from datetime import timedelta

import numpy as np
import pytest

from crm.profiles import Prediction
from profiles.targets import Horizons

HORIZONS = Horizons(churn=90, active=180, contact=30)


def said(shop, customer, days: float, *, churn: float | None = 0.5, contact: float | None = 0.1) -> Prediction:
    return Prediction(
        customer_id=customer.id, as_of=shop.at(days), model="m", churn_risk=churn, contact_risk=contact, value=None
    )


def outcomes(shop, predictions, *, now: float = 0.0):
    from profiles.outcomes import measure_outcomes

    told = measure_outcomes(predictions, shop.history(now=now), end=shop.day(now), horizons=HORIZONS)
    return {one.score: one for one in told}


def test_what_happened_is_counted_once_the_days_are_over(shop):
    stays, leaves = shop.customer("stays"), shop.customer("leaves")
    for who in (stays, leaves):
        shop.order(who, -150)
    shop.order(stays, -60)
    shop.ticket(leaves, -100)
    found = outcomes(shop, [
        said(shop, stays, -120, churn=0.2, contact=None), said(shop, leaves, -120, churn=0.75),
        said(shop, stays, -20, churn=0.1), said(shop, leaves, -20, churn=None),
    ])  # fmt: skip
    churn, contact = found["churn_risk"], found["contact_risk"]
    assert (churn.rows, churn.customers, churn.moments, churn.happened, churn.open) == (2, 2, 1, 1, 1)
    assert churn.foreseen == pytest.approx(0.95)
    assert churn.next_at == shop.at(70)
    assert (contact.rows, contact.happened, contact.open) == (1, 1, 2)
    assert contact.next_at == shop.at(10)


def test_few_predictions_are_counted_and_not_judged(shop):
    who = shop.customer()
    shop.order(who, -150)
    assert outcomes(shop, [said(shop, who, -120)])["churn_risk"].figures is None


def test_without_predictions_there_is_nothing_and_nothing_is_awaited(shop):
    shop.order(shop.customer(), -150)
    for told in outcomes(shop, []).values():
        assert (told.rows, told.open, told.next_at, told.figures) == (0, 0, None, None)


def test_predictions_of_who_is_not_there_any_more_are_passed_over(shop):
    shop.order(shop.customer(), -150)
    gone = Prediction(
        customer_id="shop:gone", as_of=shop.at(-120), model="m", churn_risk=0.5, contact_risk=0.5, value=None
    )
    assert outcomes(shop, [gone])["churn_risk"].rows == 0


def test_figures_by_hand():
    from profiles.outcomes import figures_of

    chances = np.array([0.8] * 50 + [0.2] * 50)
    happened = np.array(([True] * 4 + [False]) * 10 + ([False] * 4 + [True]) * 10)
    found = figures_of(chances, happened)
    assert found.brier == pytest.approx(0.16)
    assert found.base_brier == pytest.approx(0.25)
    assert found.ece == pytest.approx(0.0)
    assert found.lift == pytest.approx(1.6)  # eight of the first ten against half of all
    assert [(one.rows, one.accuracy) for one in found.bins] == [(50, pytest.approx(0.2)), (50, pytest.approx(0.8))]


@pytest.mark.parametrize("happened", [9, 91])
def test_figures_need_ten_of_each_outcome(happened):
    from profiles.outcomes import figures_of

    came = np.arange(100) < happened
    assert figures_of(np.full(100, 0.5), came) is None
    assert figures_of(np.full(100, 0.5), np.arange(100) < 10) is not None


def test_predictions_reach_back_a_year_and_the_days_before_it():
    from crm.histories import moment_of
    from profiles.outcomes import since

    assert since(HORIZONS, 20_000.0) == moment_of(20_000.0) - timedelta(days=365.25 + 90)
