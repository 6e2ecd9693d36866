"""A value that is on record may be said of its own field alone."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from prompts.slots import date_words
from rapport.records import CustomerId, Delivery, Order, OrderLine, Refund


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


ORDER = Order(
    source="t", source_id="9", number="LF-204410", customer_id=CustomerId("t:anna"), status="delivered",
    placed_at=at(3, 1), total=Decimal("118.80"), invoice_number="INV-77012", payment_method="PayPal",
    lines=(OrderLine(name="Enamel Mug", quantity=2), OrderLine(name="Desk Lamp")),
    deliveries=(Delivery(status="delivered", tracking="ZX8810", carrier="Postline", shipped_at=at(3, 3),
                         expected_at=at(3, 6), delivered_at=at(3, 9)),),
    refunds=(Refund(amount=Decimal("14.90"), status="paid", requested_at=at(3, 12), paid_at=at(3, 20)),),
)  # fmt: skip
OTHER = replace(ORDER, source_id="8", number="LF-204999", placed_at=at(2, 2), deliveries=(), refunds=(), lines=())
WAYS = {
    "placed": ("You ordered it on {}.", "The order was placed on {}.", "It is your order of {}."),
    "shipped": ("It was shipped on {}.", "The parcel was handed to Postline on {}.", "It was dispatched on {}."),
    "expected": ("It is expected on {}.", "It should have been delivered by {}.",
                 "Postline expects to deliver it by {}.",
                 "It arrives on {}.", "{} is the expected day."),
    "delivered": ("It was delivered on {}.", "It arrived on {}, as far as we can see.", "You received it on {}."),
    "requested": ("The refund was requested on {}.",),
    "paid": ("Your refund was paid on {}.", "We paid €14.90 for LF-204410 on {}.", "The refund left us on {}."),
}  # fmt: skip
DAYS = {"placed": at(3, 1), "shipped": at(3, 3), "expected": at(3, 6), "delivered": at(3, 9), "requested": at(3, 12),
        "paid": at(3, 20)}  # fmt: skip
SHARED = {("placed", "paid"), ("placed", "requested")}  # "paid on" may be of the order, or of the refund
SAYINGS = [(field, way) for field, ways in WAYS.items() for way in ways]


@pytest.mark.parametrize(("field", "way"), SAYINGS)
def test_a_day_is_said_of_its_own_field_alone(verdict_on, field, way):
    for owner, day in DAYS.items():
        found = verdict_on(way.format(date_words(day.isoformat())), orders=[ORDER]).ungrounded
        if owner == field:
            assert found == (), (owner, way)
        elif "LF-204410" not in way and (owner, field) not in SHARED:
            assert f"wrong field: {day.date().isoformat()}" in found, (owner, way)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Your refund of €118.80 was paid.", "118.8"),
        ("The total is €14.90.", "14.9"),
        ("The invoice number is ZX8810.", "ZX8810"),
        ("The tracking number is INV-77012.", "INV77012"),
        ("Your order INV-77012 is delivered.", "INV77012"),
        ("It takes 2 days.", "2"),
        ("You get 2% back.", "2"),
        ("It has 2 × Desk Lamp.", "2"),
    ],
)
def test_an_amount_or_number_of_another_field_is_refused(verdict_on, text, wrong):
    assert f"wrong field: {wrong}" in verdict_on(text, orders=[ORDER]).ungrounded


@pytest.mark.parametrize(
    "text",
    [
        "Your refund of €14.90 for order LF-204410 was paid on 20 March 2026.",
        "You ordered on 1 March 2026, we shipped it on 3 March and it was delivered on 9 March 2026.",
        "The invoice for order LF-204410 is INV-77012. The total is €118.80.",
        "The parcel (Postline, tracking number ZX8810) was delivered on 9 March 2026.",
        "The order with 2 × Enamel Mug came to €118.80.",
        "It was delivered on Monday 9 March.",
    ],
)
def test_what_is_said_of_its_own_field_passes(verdict_on, text):
    assert verdict_on(text, orders=[ORDER]).passed


def test_a_day_of_another_order_is_refused(verdict_on):
    right = "I see LF-204410 of 1 March 2026 and LF-204999 of 2 February 2026."
    assert verdict_on(right, orders=[ORDER, OTHER]).passed
    swapped = "I see LF-204410 of 2 February 2026 and LF-204999 of 1 March 2026."
    found = verdict_on(swapped, orders=[ORDER, OTHER]).ungrounded
    assert found == ("wrong field: 2026-02-02", "wrong field: 2026-03-01")


def test_the_unit_of_an_articles_number_counts(verdict_on):
    article = "Return it within 45 days. Orders above €75 are sent without costs."
    assert verdict_on("You have 45 days.", articles=[article]).passed
    assert verdict_on("You have 75 days.", articles=[article]).ungrounded == ("wrong field: 75",)
    assert verdict_on("It costs €45.", articles=[article]).ungrounded == ("wrong field: 45",)


def test_the_name_of_a_day_goes_with_its_date(verdict_on):
    assert verdict_on("It was delivered on Monday.", orders=[ORDER]).passed
    assert verdict_on("It was delivered on Tuesday.", orders=[ORDER]).ungrounded != ()


def test_a_day_of_the_week_of_an_article_is_no_day_of_arrival(verdict_on):
    article = "We deliver from Tuesday to Saturday."
    assert "wrong field: tuesday" in verdict_on("It arrives on Tuesday.", orders=[ORDER], articles=[article]).ungrounded
    assert "wrong field: saturday" in verdict_on("Expect it on Saturday.", articles=[article]).ungrounded
    assert verdict_on("We deliver Tuesday to Saturday.", orders=[ORDER], articles=[article]).passed
    assert verdict_on("It was delivered on Monday.", orders=[ORDER], articles=[article]).passed
