"""A profile's reasons are in plain words, a thing is told once, and what did not happen is no reason for a risk."""

import pytest

from profiles.reasons import reasons
from profiles.words import counted, span


def words(*pushes) -> list[str]:
    return [driver.words for driver in reasons("churn_risk", pushes)]


def test_features_that_tell_of_one_thing_count_together():
    (driver,) = reasons("churn_risk", [("late_90", 2.0, 0.3), ("late_365", 3.0, 0.4)])
    assert driver.words == "three parcels came late in the last year"
    assert driver.push == pytest.approx(0.7)
    assert driver.feature == "late_365"


def test_what_raises_most_comes_first_and_what_lowers_most_last():
    assert words(("declined_365", 1.0, 0.2), ("late_90", 2.0, 0.5), ("orders", 9.0, -0.4)) == [
        "two parcels came late in the last 90 days",
        "one refund was declined in the last year",
        "nine orders so far",
    ]


def test_three_reasons_raise_a_risk_at_most():
    pushes = [("late_90", 1.0, 0.5), ("lost_365", 1.0, 0.4), ("declined_365", 1.0, 0.3), ("returns_365", 1.0, 0.2)]
    assert len(words(*pushes)) == 3


def test_staying_away_is_one_reason_told_of_orders_and_visits():
    assert words(("days_since_order", 150.0, 0.5), ("visits_90", 0.0, 0.6)) == [
        "the last order was 5 months ago and no visits to pages in the last 90 days"
    ]


def test_trouble_that_did_not_happen_raises_nothing():
    assert words(("late_90", 0.0, 0.5)) == []
    assert words(("late_90", 0.0, -0.5)) == ["no parcels came late in the last 90 days"]


def test_the_season_and_pushes_of_nothing_are_not_told():
    assert words(("season_sine", 0.5, 0.9), ("late_90", 1.0, 0.001)) == []


def test_a_missing_value_is_told_as_missing():
    assert words(("days_since_contact", None, 0.5)) == ["has never written to us"]
    assert words(("channel", None, 0.5)) == ["has never written"]


@pytest.mark.parametrize(
    ("n", "told"),
    [(0, "no parcels"), (1, "one parcel"), (2, "two parcels"), (10, "ten parcels"), (1234, "1,234 parcels")],
)
def test_numbers_are_told_as_a_person_says_them(n, told):
    assert counted(n, "parcel", "parcels") == told


@pytest.mark.parametrize(
    ("days", "told"),
    [(0.4, "less than a day"), (1.2, "1 day"), (9, "9 days"), (35, "5 weeks"), (150, "5 months"), (800, "2 years")],
)
def test_a_length_of_time_has_the_unit_that_fits(days, told):
    assert span(days) == told
