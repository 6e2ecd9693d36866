"""Occasions and windows: hand-worked customers, returns, other events, and nothing of the future."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.occasions import PURCHASE, RETURN, occasions_of
from profiles.transactions import transactions_of
from profiles.value import BuyingRate, Spending
from profiles.windows import FEATURES, NAMES, Reference, outcome_of, window_at

REFERENCE = Reference(BuyingRate(0.24, 4.4, 0.8, 2.4), Spending(6.25, 3.74, 15.44))
LINES = [
    ("a", 100.4, 10.0, 1, "x"),
    ("a", 100.6, 20.0, 2, "y"),
    ("a", 107.0, 5.0, 1, "x"),
    ("a", 110.0, -5.0, -1, "x"),
    ("a", 121.0, 5.0, 1, "x"),
    ("b", 105.0, 40.0, 4, None),
    ("c", 150.0, 1.0, 1, "y"),
    ("d", 90.0, -1.0, -1, "y"),
]


def numbers(window, row=0):
    return dict(zip(NAMES, window.numbers[row], strict=True))


def test_a_day_of_several_receipts_is_one_occasion_and_a_day_of_returns_none():
    found = occasions_of(transactions_of(LINES))
    assert found.who.tolist() == [0, 0, 0, 0, 1, 2, 3]
    assert found.day.tolist() == [100, 107, 110, 121, 105, 150, 90]
    assert found.kind.tolist() == [PURCHASE, PURCHASE, RETURN, PURCHASE, PURCHASE, PURCHASE, RETURN]
    assert found.amount.tolist() == [30, 5, 0, 5, 40, 1, 0]
    assert found.returned.tolist() == [0, 0, 5, 0, 0, 0, 1]
    assert found.products.tolist() == [2, 1, 0, 1, 0, 1, 0]


def test_what_is_known_at_a_cutoff_is_as_worked_by_hand():
    window = window_at(occasions_of(transactions_of(LINES)), 114.0, 14.0, REFERENCE)
    assert window.who.tolist() == [0, 1]
    assert window.event.tolist() == [2, 0]
    known = numbers(window)
    assert known["again"] == 1
    assert known["last"] == 1.0
    assert known["watched"] == pytest.approx(13 / 7)
    assert known["since"] == pytest.approx(6 / 7)
    assert known["last_gap"] == known["first_gap"] == known["mean_gap"] == 7
    assert known["in_2_weeks"] == 2
    assert known["total_amount"] == 35
    assert known["largest_quantity"] == 3
    assert known["returned"] == pytest.approx(5 / 40)
    assert known["others"] == 1
    assert known["weekday_first"] == (100 + 3) % 7
    once = numbers(window, 1)
    assert np.isnan(once["last_gap"])
    assert np.isnan(once["overdue"])
    assert once["mean_amount"] == 40


def test_the_outcome_is_what_came_in_the_horizon_and_no_later():
    occasions = occasions_of(transactions_of(LINES))
    window = window_at(occasions, 107.0, 14.0, REFERENCE)
    found = outcome_of(occasions, window, until=200.0)
    assert found.count.tolist() == [1, 0]
    assert found.money.tolist() == [0, 0]  # 5 bought, 5 returned
    assert found.days.tolist() == [0, 93]
    assert found.bought.tolist() == [True, False]
    assert found.kinds.tolist() == [[True, True], [False, False]]
    assert outcome_of(occasions, window, until=107.0).count.tolist() == [0, 0]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(114, 200), st.floats(-50, 50)), max_size=8))
def test_a_future_event_changes_nothing(future):
    past = [line for line in LINES if line[1] < 114]
    later = [(customer, day, amount, 1.0, "z") for customer, day, amount in future]
    events = [("a", 112.0, "contact"), *((customer, day, "contact") for customer, day, _ in future)]
    alone = window_at(occasions_of(transactions_of(past), events=events[:1]), 114.0, 30.0, REFERENCE)
    found = window_at(occasions_of(transactions_of([*past, *later]), events=events), 114.0, 30.0, REFERENCE)
    assert np.array_equal(alone.numbers, found.numbers, equal_nan=True)
    assert np.array_equal(alone.event, found.event)


def test_events_of_other_kinds_stand_between_the_purchases():
    contacts = [("a", 103.5, "contact"), ("a", 103.9, "contact"), ("z", 103.0, "contact"), ("b", 109.0, "visit")]
    found = occasions_of(transactions_of(LINES), events=contacts)
    assert found.kinds == ("purchase", "return", "contact", "visit")
    assert found.day[found.who == 0].tolist() == [100, 103, 107, 110, 121]
    assert numbers(window_at(found, 114.0, 14.0, REFERENCE))["others_lately"] == 2
    known = occasions_of(transactions_of(LINES), events=contacts, kinds=("purchase", "return", "contact"))
    assert len(known) == len(found) - 1


def test_a_customer_of_a_hundred_thousand_lines_and_one_of_a_single_event_have_finite_numbers():
    lines = [("a", 100 + place / 100, 1.0, 1, "x") for place in range(100_000)] + [("b", 900.0, 0.0, 0, None)]
    window = window_at(occasions_of(transactions_of(lines)), 1101.0, 30.0, REFERENCE)
    assert numbers(window)["again"] == 999
    assert np.isfinite(window.numbers[0]).all()
    unknown = {name for name, value in numbers(window, 1).items() if not np.isfinite(value)}
    assert unknown == {"last_gap", "first_gap", "mean_gap", "overdue", "gap_spread"}


def test_every_feature_says_what_it_means():
    assert len(set(NAMES)) == len(FEATURES)
    assert all(len(feature.meaning) > 10 for feature in FEATURES)


def test_nobody_is_known_before_the_first_purchase():
    assert len(window_at(occasions_of(transactions_of(LINES)), 50.0, 14.0, REFERENCE)) == 0
