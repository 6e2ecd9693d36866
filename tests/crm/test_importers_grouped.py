"""Orders and tickets, which are made of several rows or of nested lists, and why some rows make none."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crm.importers.canonical import record_of
from crm.importers.given import Context
from crm.importers.rows import Row
from crm.importers.units import MAX_ROWS, units_of
from rapport.errors import BadRow
from rapport.records import (
    Delivery,
    Order,
    OrderLine,
    RecordKind,
    Refund,
    Ticket,
    TicketMessage,
)

CONTEXT = Context("shop", "shop", UTC)


def record(kind, *rows, context=CONTEXT):
    """The record of rows given as fields; the key "+" holds extras."""
    made = [
        Row(line, line, fields, {k: v for k, v in fields.items() if k != "+"}, fields.get("+", {}))
        for line, fields in enumerate(rows, start=2)
    ]
    (unit,) = units_of(kind, made)
    return record_of(kind, unit, context)


def refusal(kind, *rows):
    with pytest.raises(BadRow) as raised:
        record(kind, *rows)
    return str(raised.value)


def test_an_order_is_made_of_its_line_rows_and_repeats_neither_its_parcel_nor_its_refund():
    head = {
        "order_id": "9", "number": "W-9", "customer_id": "17", "status": "Delivered", "placed_at": "2024-05-06",
        "currency": "USD", "total": "30", "payment_method": "PayPal", "invoice_number": "I9", "tracking": "T1",
        "carrier": "DHL", "delivered_at": "2024-05-08", "refund_amount": "10", "refund_paid_at": "2024-05-09",
    }  # fmt: skip
    made = record(
        RecordKind.ORDERS,
        {**head, "line_name": "Cup", "quantity": "2", "unit_price": "10", "line_product_id": "c1", "+": {"note": "a"}},
        {**head, "line_name": "Cup", "quantity": "2", "unit_price": "10", "line_product_id": "c1", "+": {"note": "b"}},
    )
    line = OrderLine(name="Cup", quantity=2, unit_price=Decimal(10), product_id="shop:c1")
    assert made == Order(
        source="shop", source_id="9", number="W-9", customer_id="shop:17", status="delivered",
        placed_at=datetime(2024, 5, 6, tzinfo=UTC), currency="USD", total=Decimal(30), payment_method="PayPal",
        invoice_number="I9", lines=(line, line),
        deliveries=(Delivery(status="delivered", tracking="T1", carrier="DHL",
                             delivered_at=datetime(2024, 5, 8, tzinfo=UTC)),),
        refunds=(Refund(amount=Decimal(10), status="paid", paid_at=datetime(2024, 5, 9, tzinfo=UTC)),),
        attrs={"note": "a; b"},
    )  # fmt: skip


def test_two_parcels_on_the_rows_of_an_order_are_two_deliveries():
    head = {"order_id": "9", "customer_id": "1", "status": "shipped"}
    made = record(RecordKind.ORDERS, {**head, "tracking": "T1"}, {**head, "tracking": "T2"}, {**head, "tracking": "T1"})
    assert [(parcel.tracking, parcel.status) for parcel in made.deliveries] == [("T1", "shipped"), ("T2", "shipped")]


def test_an_order_is_made_of_one_object_with_nested_lists():
    made = record(
        RecordKind.ORDERS,
        {
            "number": "W1", "customer_id": "1", "status": "processing",
            "lines": [{"name": "Cup", "price": 5}, {"title": "Pot", "qty": 3, "sku": "p", "options": {"size": "L"}}],
            "deliveries": [{"status": "In Transit", "tracking_number": "T"}],
            "refunds": [{"amount": 5, "status": "requested"}, {"amount": 5, "status": "requested"}],
        },
    )  # fmt: skip
    assert made.number == made.source_id == "W1"
    assert made.lines == (
        OrderLine(name="Cup", unit_price=Decimal(5)),
        OrderLine(name="Pot", quantity=3, product_id="shop:p", options={"size": "L"}),
    )
    assert [parcel.status for parcel in made.deliveries] == ["in_transit"]
    assert len(made.refunds) == 2


def test_a_cancelled_order_keeps_its_tracking_number_but_no_parcel_of_unknown_fate():
    made = record(RecordKind.ORDERS, {"order_id": "1", "customer_id": "1", "status": "cancelled", "tracking": "T"})
    assert (made.deliveries, made.attrs) == ((), {"tracking": "T"})


ORDER = {"order_id": "1", "customer_id": "1", "status": "open"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"customer_id": ""}, "customer_id is empty"),
        ({"status": None}, "status is empty"),
        ({"quantity": "2"}, "no product name"),
        ({"line_name": "Cup", "quantity": "1.5"}, "not a whole number"),
        ({"line_name": "Cup", "quantity": "0"}, "quantity is 0"),
        ({"delivery_status": "eaten"}, "delivery_status is 'eaten'.*one of: in_transit"),
        ({"refund_amount": "5"}, "no status"),
        ({"refund_amount": "-5", "refund_status": "paid"}, "below zero"),
        ({"refund_status": "paid"}, "no amount"),
        ({"lines": "[1]"}, "not a list of objects"),
        ({"lines": "{"}, "not a list|not valid JSON"),
        ({"total": "1,234"}, "thousands or decimals"),
        ({"placed_at": "01/02/2024"}, "order of day and month"),
    ],
)
def test_an_order_that_cannot_be_right_is_refused_with_the_reason(change, said):
    assert re.search(said, refusal(RecordKind.ORDERS, {**ORDER, **change}))


def test_a_refund_of_nothing_is_no_refund():
    assert record(RecordKind.ORDERS, {**ORDER, "refund_amount": "0.00"}).refunds == ()


def test_rows_of_one_order_that_disagree_are_refused_with_both_lines():
    said = refusal(RecordKind.ORDERS, ORDER, {**ORDER, "customer_id": "2"})
    assert "customer_id is '1' on line 2 and '2' on line 3" in said


def test_an_order_with_an_unreadable_row_among_its_rows_is_refused_whole():
    good, bad = {"fields": ORDER}, {"error": "not valid CSV."}
    rows = [Row(2, 2, {}, **good), Row(3, 3, "?", **bad), Row(4, 4, {}, **good), Row(5, 5, "?", **bad)]
    units = list(units_of(RecordKind.ORDERS, rows))
    assert [(unit.source_id, unit.line, unit.end) for unit in units] == [("1", 2, 4), (None, 5, 5)]
    with pytest.raises(BadRow, match="line 3 among its rows"):
        record_of(RecordKind.ORDERS, units[0], CONTEXT)


def test_an_order_of_endless_rows_is_refused_and_not_gathered():
    (unit,) = units_of(RecordKind.ORDERS, (Row(line, line, {}, ORDER) for line in range(1, 3 * MAX_ROWS)))
    assert len(unit.rows) <= MAX_ROWS
    with pytest.raises(BadRow, match="right column"):
        record_of(RecordKind.ORDERS, unit, CONTEXT)


def test_a_ticket_is_made_of_its_message_rows():
    head = {"ticket_id": "t", "subject": "Help", "customer_id": "17", "status": "Solved", "channel": "chat",
            "priority": "high", "tags": "a, b", "csat": "80%", "intent": "return_item",
            "created_at": "2024-01-01"}  # fmt: skip
    made = record(
        RecordKind.TICKETS,
        {**head, "text": "Where is it?", "role": "End-User", "at": "2024-01-01T10:00Z"},
        {**head, "text": "ask the warehouse", "role": "agent", "private": "true", "author": "Zoe"},
        {**head, "text": "On its way.", "role": "staff", "public": "yes"},
    )
    assert made == Ticket(
        source="shop", source_id="t", subject="Help", customer_id="shop:17", status="resolved", channel="chat",
        priority="high", tags=("a", "b"), csat=0.8, labels={"intent": "return_item"},
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
        messages=(
            TicketMessage(role="customer", text="Where is it?", at=datetime(2024, 1, 1, 10, tzinfo=UTC)),
            TicketMessage(role="agent", text="ask the warehouse", private=True, author="Zoe"),
            TicketMessage(role="agent", text="On its way."),
        ),
    )  # fmt: skip


def test_a_message_that_is_not_public_is_private():
    made = record(RecordKind.TICKETS, {"ticket_id": "t", "text": "note", "role": "agent", "public": "false"})
    assert made.messages[0].private


def test_a_ticket_of_one_row_has_a_question_and_a_reply():
    made = record(RecordKind.TICKETS, {"ticket_id": "t", "text": "Where?", "reply": "Here."})
    assert [(message.role, message.text) for message in made.messages] == [("customer", "Where?"), ("agent", "Here.")]


def test_a_ticket_is_made_of_nested_messages_and_labels():
    made = record(
        RecordKind.TICKETS,
        {"ticket_id": "t", "labels.": {"sentiment": "negative"},
         "messages": [{"from": "customer", "body": "Hi"}, {"from": "bot", "body": "Hello", "created_at": 1700000000}]},
    )  # fmt: skip
    assert [message.role for message in made.messages] == ["customer", "bot"]
    assert made.labels == {"sentiment": "negative"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "no message"),
        ({"role": "wizard"}, "role is 'wizard'"),
        ({"csat": "4"}, "not in 0-1"),
        ({"status": "lost"}, "status is 'lost'"),
        ({"messages": [{"text": "a", "role": "user"}, {"text": "b"}]}, "does not say who wrote it"),
    ],
)
def test_a_ticket_that_cannot_be_right_is_refused_with_the_reason(change, said):
    assert said in refusal(RecordKind.TICKETS, {"ticket_id": "t", "text": "x", **change})
