"""The judge of replies about one field, against hand-worked orders."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from eval.reply_truth import amounts_in, dates_in, judge, values_of
from rapport.records import CustomerId, Delivery, Order, OrderLine, Refund


def day(number: int, month: int = 2) -> datetime:
    return datetime(2026, month, number, 10, tzinfo=UTC)


ORDER = Order(
    source="t", source_id="1", number="#W2611340", customer_id=CustomerId("t:a"), status="shipped", placed_at=day(10),
    total=Decimal("118.80"), invoice_number="INV-77", payment_method="credit_card", lines=(OrderLine(name="Mug"),),
    deliveries=(Delivery(status="in_transit", tracking="ZX881", carrier="Postline", shipped_at=day(12),
                         expected_at=day(5, 3)),),
    refunds=(Refund(amount=Decimal("18.80"), status="approved"),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "text", "right", "wrong"),
    [
        ("arrival", "It should arrive on 5 March 2026.", True, ()),
        ("arrival", "It should arrive on 12 February 2026.", False, ("shipping date",)),
        ("arrival", "It was sent on 12 February 2026 and comes on 5 March 2026.", True, ("shipping date",)),
        ("carrier", "Postline has it, tracking number ZX881.", True, ()),
        ("total", "The total is €118.80.", True, ()),
        ("total", "The total is €18.80.", False, ("refund amount",)),
        ("invoice number", "Invoice INV-77 over €118.80.", True, ()),
        ("status", "Order #W2611340 is shipped. In it: Mug.", True, ()),
        ("status", "Order #W2611340 is shipped.", False, ()),
        ("payment method", "It was paid by credit card.", True, ()),
        ("refund", "The refund of €18.80 is approved.", True, ()),
        ("refund date", "No day of payment is on record yet.", True, ()),
        ("refund date", "It was paid on 10 February 2026.", False, ("order date",)),
        ("refund method", "The refund is on its way.", False, ()),
    ],
)
def test_a_reply_is_judged_by_the_record(topic, text, right, wrong):
    assert judge(text, ORDER, topic) == (right, wrong)


def test_dates_and_amounts_are_read_in_the_forms_in_which_replies_write_them():
    assert dates_in("on 5 March 2026, 05 Mar 2026 and 2026-02-12") == {"2026-03-05", "2026-02-12"}
    assert amounts_in("$1,380.50 or 12.00, 3 items") == {Decimal("1380.50"), Decimal("12.00")}


def test_a_delivered_parcel_has_the_day_of_its_delivery_and_no_other():
    arrived = Delivery(status="delivered", expected_at=day(5, 3), delivered_at=day(4, 3))
    values = values_of(Order(source="t", source_id="2", number="2", customer_id=CustomerId("t:a"), status="delivered",
                             deliveries=(arrived,)))  # fmt: skip
    assert values["arrival"].dates == {"2026-03-04"}
    assert not values["total"]
