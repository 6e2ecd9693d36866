"""Expected purchases, money and days are held against what came; who has not bought yet has waited at least so long."""

import numpy as np
import pytest

from crm.profiles import Prediction


def said(shop, customer, days: float, *, purchases=1.0, spending=20.0, wait=30.0) -> Prediction:
    return Prediction(
        customer_id=customer.id, as_of=shop.at(days), model="m", purchases=purchases, spending=spending,
        next_purchase_days=wait,
    )  # fmt: skip


def measured(shop, predictions, *, now: float = 0.0, limit: float = 1000.0):
    from profiles.expectations import measure_expectations

    return measure_expectations(predictions, shop.history(now=now), end=shop.day(now), days=90, limit=limit)


def test_what_came_is_counted_once_the_days_are_over(shop):
    stays, leaves = shop.customer("stays"), shop.customer("leaves")
    for who in (stays, leaves):
        shop.order(who, -150)
    shop.order(stays, -100.1, 30.0)
    shop.order(stays, -100.2, 10.0)  # of the same day: one purchase
    shop.order(stays, -60, 2000.0)
    shop.order(stays, -29.9)  # a day too late
    found = measured(shop, [
        said(shop, stays, -120, purchases=1.5, spending=50.0), said(shop, leaves, -120, purchases=0.5, spending=25.0),
        said(shop, stays, -20),
    ], limit=100.0)  # fmt: skip
    purchases, spending = found.amounts
    assert (purchases.name, purchases.days, purchases.rows, purchases.customers, purchases.moments) == (
        "purchases", 90, 2, 2, 1
    )  # fmt: skip
    assert (purchases.told, purchases.came, purchases.open) == (1.0, 1.0, 1)
    assert purchases.next_at == shop.at(70)
    assert (spending.told, spending.came) == (37.5, 70.0)  # an order of 2,000 counts as the limit
    assert purchases.groups == ()  # too few
    assert purchases.rank is None


def test_who_has_not_bought_yet_has_waited_at_least_so_long(shop):
    bought, waits, fresh = (shop.customer(name) for name in ("bought", "waits", "fresh"))
    for who in (bought, waits, fresh):
        shop.order(who, -150)
    shop.order(bought, -75.5)
    found = measured(shop, [
        said(shop, bought, -100, wait=30.0), said(shop, waits, -100, wait=60.0), said(shop, fresh, -10, wait=60.0),
    ]).waits  # fmt: skip
    assert (found.rows, found.customers, found.moments, found.bought) == (3, 3, 2, 1)
    assert (found.over, found.by_then) == (2, 0.5)  # the 60 days of the third are not over


def test_of_who_has_never_bought_nothing_is_expected(shop):
    who = shop.customer()
    shop.order(who, -50)
    found = measured(shop, [said(shop, who, -120, purchases=None, spending=None, wait=None)])
    assert {(one.rows, one.open) for one in found.amounts} == {(0, 0)}
    assert (found.waits.rows, found.waits.by_then) == (0, None)


def test_nothing_remembered_is_nothing_told(shop):
    found = measured(shop, [])
    assert [(one.rows, one.told, one.came, one.next_at, one.groups) for one in found.amounts] == [
        (0, None, None, None, ())
    ] * 2
    assert found.waits.groups == ()


def test_groups_by_hand():
    from profiles.expectations import groups_of

    told = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], 12)
    came = np.concatenate([np.zeros(12), np.tile([0.0, 2.0], 6), *np.full((3, 12), 3.0)])
    first, second, *others = groups_of(told, came, np.arange(60))
    assert (first.rows, first.told, first.came, first.low, first.high) == (12, 0.0, 0.0, 0.0, 0.0)
    assert (second.rows, second.least, second.most, second.told, second.came) == (12, 1.0, 1.0, 1.0, 1.0)
    # the standard error of the mean of six 0 and six 2: sqrt(12 / 11) / sqrt(12)
    assert second.high - second.came == pytest.approx(1.959964 * np.sqrt(1 / 11))
    assert [one.came for one in others] == [3.0, 3.0, 3.0]


def test_many_predictions_of_one_customer_make_no_interval_narrower():
    from profiles.expectations import groups_of

    came = np.tile([0.0, 2.0], 30)
    apart = groups_of(np.ones(60), came, np.arange(60))[0]
    together = groups_of(np.ones(600), np.repeat(came, 10), np.repeat(np.arange(60), 10))[0]
    assert (together.low, together.high) == pytest.approx((apart.low, apart.high))


def test_equal_predictions_stand_in_one_group():
    from profiles.expectations import groups_of

    told = np.array([0.0] * 70 + [1.0] * 30)
    assert [one.rows for one in groups_of(told, told, np.arange(100))] == [70, 30]


def test_the_median_wait_by_hand():
    """Of ten, two bought on day 1 and one on day 4; five were looked at for 2 days only. .8 of 10, then .8 x 1/2."""
    from profiles.expectations import median_wait

    waited = np.array([1, 1, 4, np.inf, *[np.inf] * 6])
    watched = np.array([9, 9, 9, 9, *[2.0] * 6])
    assert median_wait(waited, watched) == 4.0
    assert median_wait(waited[[0, 3, 4, 5]], watched[[0, 3, 4, 5]]) is None  # half never bought while it was watched
    naive = np.where(np.isfinite(waited), waited, watched)
    assert np.median(naive) == 2.0  # what taking the last look for a purchase would tell


def test_true_medians_are_found_true_though_most_are_looked_at_for_a_short_time():
    """Waits are drawn from the law that was told; a third of the predictions are too young to tell."""
    from profiles.expectations import wait_groups_of

    random = np.random.default_rng(3)
    told = random.choice([20.0, 60.0, 180.0], 6000)
    waited = np.ceil(random.exponential(told / np.log(2)))
    watched = np.floor(random.uniform(5, 400, 6000))
    for group in wait_groups_of(told, np.where(waited <= watched, waited, np.inf), watched):
        assert group.seen == pytest.approx(group.told, rel=0.1)
        assert group.by_then == pytest.approx(0.5, abs=0.03)
