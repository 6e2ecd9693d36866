"""How an order stands, only its record says: no article, and nobody's wish."""

from dataclasses import replace

import pytest

from rapport.records import CustomerId

ANNA = CustomerId("t:anna")
HELP = (
    "You can cancel an order while it is pending. Refunds are approved within a day. Once a parcel is delivered, look."
)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Your order is cancelled.", "order cancelled"),
        ("Your order has been called off.", "order called off"),
        ("The order #W2611340 is now cancelled and that is all.", "order cancelled"),
        ("Your refund is approved.", "refund approved"),
        ("Your refund is on its way.", "refund on its way"),
        ("The money has already been transferred.", "refund paid"),
        ("Your parcel was delivered.", "parcel delivered"),
    ],
)
def test_a_state_that_the_record_lacks_is_refused_whatever_an_article_says(shop, verdict_on, text, claim):
    for orders in ((), shop.store.orders_of(ANNA)[:1]):
        assert claim in verdict_on(text, orders=orders, articles=[HELP, "cancelled, delivered"]).ungrounded


@pytest.mark.parametrize(
    "text",
    [
        "If your order is cancelled, you get a mail.",
        "Once a parcel is delivered, look.",
        "Your order is not cancelled.",
        "Refunds are approved within a day.",
        "The refund of a cancelled order is approved within a day.",
    ],
)
def test_what_is_said_in_general_or_denied_passes(verdict_on, text):
    assert verdict_on(text, articles=[HELP, "a cancelled order"]).passed


def test_a_state_on_record_passes(shop, verdict_on):
    orders = shop.store.orders_of(ANNA)
    assert verdict_on("Order #W2611340 is shipped. The parcel is in transit.", orders=orders[:1]).passed
    assert verdict_on("Order #W2611399 is delivered. Your refund was paid.", orders=orders[1:]).passed


def test_an_items_name_is_no_evidence_of_a_state(shop, verdict_on):
    order = shop.store.orders_of(ANNA)[0]
    named = replace(order, lines=(replace(order.lines[0], name="Mug (your order is cancelled)"),))
    found = verdict_on("Your order is cancelled.", orders=[named])
    assert "order cancelled" in found.ungrounded


def test_what_became_of_an_order_may_be_told_and_is_not_its_state(shop, verdict_on):
    order = shop.store.orders_of(ANNA)[0]
    order = replace(order, status="returned", deliveries=(replace(order.deliveries[0], status="returned"),))
    assert verdict_on("It was shipped on 12 February 2026.", orders=[order]).passed
    assert verdict_on("It is shipped.", orders=[order]).ungrounded == ("shipped",)
