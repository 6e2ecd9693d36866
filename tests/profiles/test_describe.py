"""A profile in sentences says what the predictors say, with the reasons, and draws what happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crm.timeline import TimelineEntry
from profiles.describe import describe, draw_months
from rapport.customer_profiles import CustomerProfile, ProfileDriver
from rapport.records import CustomerId, ProductId

DAY = datetime(2026, 5, 20, 10, tzinfo=UTC)
DRIVERS = (
    ProfileDriver(score="churn_risk", feature="late_90", push=0.6, words="two parcels came late in the last 90 days"),
    ProfileDriver(score="churn_risk", feature="orders", push=-0.3, words="nine orders so far"),
    ProfileDriver(score="contact_risk", feature="contacts_30", push=0.4, words="one message to us in the last 30 days"),
)
ANN = CustomerProfile(
    customer_id=CustomerId("shop:1"), as_of=DAY, model="profiles", standing="active", segment="loyal", churn_risk=0.62,
    contact_risk=0.05, value=1234.5, next_purchase_days=40.0, next_products=(ProductId("p1"), ProductId("p2")),
    next_reasons=(("order_status", 0.4),), drivers=DRIVERS,
)  # fmt: skip


def test_every_part_of_a_profile_is_told_with_its_reasons():
    assert describe(ANN, products={"p1": "Blue Cup"}) == [
        "An active customer. Segment: loyal.",
        "Risk of leaving: high (62%). Raised by: two parcels came late in the last 90 days. "
        "Lowered by: nine orders so far.",
        "Chance of a message soon: low (5%). Raised by: one message to us in the last 30 days.",
        "The next order is expected in about 6 weeks.",
        "Expected to spend 1,234 within a year.",
        "May want next: Blue Cup, p2.",
        "Would probably write about: order status.",
        "As of 20 May 2026, 10:00 UTC, by 'profiles'.",
    ]


def test_what_cannot_be_told_is_not_spoken_of():
    bare = CustomerProfile(customer_id=ANN.customer_id, as_of=DAY, model="profiles", standing="new")
    assert describe(bare) == ["Has never ordered.", "As of 20 May 2026, 10:00 UTC, by 'profiles'."]


def test_an_order_that_is_years_away_is_not_expected():
    told = describe(replace(ANN, next_purchase_days=3000.0))
    assert "No further order is expected within 2 years." in told


def test_months_are_drawn_up_to_the_profiles_with_their_years():
    def entry(kind: str, days: int) -> TimelineEntry:
        return TimelineEntry(DAY - timedelta(days=days), kind, "r", "t", "")

    entries = [
        entry("orders", 0),
        entry("orders", 1),
        entry("orders", 150),
        entry("tickets", 30),
        entry("orders", 9000),
    ]
    assert draw_months(entries, until=DAY, months=6) == [
        "orders  │▄    █│ 3",
        "tickets │    █ │ 1",
        "          2026 ",
    ]


def test_nothing_that_happened_is_said_so():
    entry = TimelineEntry(None, "orders", "r", "t", "")
    assert draw_months([entry], until=DAY) == ["nothing happened in these months"]
