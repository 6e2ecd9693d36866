"""Contacts foreseen: planted hours and seasons are found, intervals hold, nothing of the future is read."""

from datetime import date

import numpy as np
import pytest

from profiles.contacts import Contacts, count_contacts
from profiles.forecast import ForecastPlan, forecast, holidays, pinball
from rapport.errors import UserError

FIRST = 20_454  # 2026-01-01


def planted(weeks: int = 14, *, seed: int = 3) -> tuple[Contacts, np.ndarray]:
    """Busy days, quiet nights and weekends; two of three contacts are about deliveries. Counts, and their rates."""
    random = np.random.default_rng(seed)
    hours = np.arange(weeks * 7 * 24)
    busy = np.where((hours % 24 >= 8) & (hours % 24 < 18), 6.0, 0.5)
    weekday = (hours // 24 + 3) % 7  # the first day is a Thursday
    rate = busy * np.where(weekday >= 5, 0.4, 1.0) * np.array([[2 / 3], [1 / 3]])
    return Contacts(first=FIRST, queues=("delivery", "orders"), counts=random.poisson(rate).astype(float)), rate


def test_a_planted_week_is_foreseen_better_than_by_the_hour_a_week_before():
    contacts, rate = planted()
    found = forecast(contacts.until(13 * 7), 7, ForecastPlan())
    week = slice(13 * 7 * 24, None)
    seen, before = contacts.counts[:, week], contacts.counts[:, 12 * 7 * 24 : 13 * 7 * 24]
    bounds = found.bounds(found.expected)
    assert np.abs(found.expected - rate[:, week]).mean() < 0.15 * rate[:, week].mean()
    assert pinball(seen, bounds, found.quantiles) < 0.8 * pinball(seen, np.stack([before] * 3), found.quantiles)
    assert np.abs(seen - bounds[1]).mean() < 0.9 * np.abs(seen - before).mean()
    assert 0.75 <= ((seen >= bounds[0]) & (seen <= bounds[2])).mean() <= 0.98
    assert found.first == FIRST + 13 * 7


def test_what_comes_later_changes_nothing():
    contacts, _ = planted()
    later = contacts.counts.copy()
    later[:, 13 * 7 * 24 :] *= 50
    changed = Contacts(first=FIRST, queues=contacts.queues, counts=later)
    one, other = (forecast(some.until(13 * 7), 3, ForecastPlan()) for some in (contacts, changed))
    assert np.array_equal(one.expected, other.expected)


def test_days_that_scatter_widely_have_wide_intervals():
    contacts, _ = planted()
    days = np.random.default_rng(1).choice([0.3, 1.7], 14 * 7).repeat(24)
    wild = Contacts(first=FIRST, queues=contacts.queues, counts=np.round(contacts.counts * days))
    calm, loose = (forecast(some, 7, ForecastPlan()) for some in (contacts, wild))
    assert loose.scatter > calm.scatter + 0.1
    day = np.array([100.0])
    assert np.ptp(loose.bounds(day)) > 2 * np.ptp(calm.bounds(day))


def test_quantiles_are_those_of_the_law_of_poisson_where_days_scatter_no_more():
    found = forecast(planted()[0], 1, ForecastPlan())
    assert found.scatter < 0.01
    assert np.abs(found.bounds(np.array([4.0]))[:, 0] - [2, 4, 7]).max() <= 1  # ppf of Poisson(4) at .1, .5, .9


def test_contacts_are_counted_by_queue_and_hour_over_whole_days():
    rows = [(10.0, "late"), (10.999, "late"), (11.5, "invoice"), (11.5 + 1 / 48, "invoice"), (12.3, "late")]
    found = count_contacts(rows, lambda intent: "delivery" if intent == "late" else "billing", end=12.6)
    assert (found.first, found.queues, found.days) == (10, ("billing", "delivery"), 2)
    assert found.counts[0].nonzero()[0].tolist() == [36]
    assert found.counts[0, 36] == 2
    assert found.counts[1].nonzero()[0].tolist() == [0, 23]


def test_one_ancient_contact_makes_no_long_emptiness():
    found = count_contacts([(100.0, "late"), (9_000.0, "late"), (9_001.5, "late")], str, end=9_002.0)
    assert found.days == 1_100
    assert found.counts.sum() == 2


def test_too_few_days_are_refused():
    with pytest.raises(UserError, match="of 21 days"):
        forecast(planted(3)[0], 7, ForecastPlan())
    with pytest.raises(UserError, match="of 0 days"):
        forecast(count_contacts([], str, end=100.0), 7, ForecastPlan())


def test_holidays_move_with_easter():
    assert {date(2026, 4, 3), date(2026, 4, 6), date(2026, 12, 25), date(2026, 1, 1)} <= holidays(2026)
    assert date(2025, 4, 21) in holidays(2025)  # Easter of 2025 fell on 20 April


def test_the_pinball_loss_is_that_of_a_hand():
    assert pinball(np.array([10.0]), np.array([[8.0], [13.0]]), (0.1, 0.9)) == pytest.approx((0.2 + 0.3) / 2)
