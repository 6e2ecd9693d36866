"""The rows that predictors read say the same on every database, and hold only what is theirs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crm.histories import KeyRange, day_of, moment_of, one_customer
from rapport.records import Customer, Delivery, Event, Order, OrderLine, Product, RecordKind, Refund, Ticket

DAY = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)


def later(days: float) -> datetime:
    return DAY + timedelta(days=days)


PEOPLE = [Customer(source="shop", source_id=f"c{n}", name=f"Customer {n}", created_at=DAY, country="NL")
          for n in range(1, 4)]  # fmt: skip
ORDER = Order(
    source="shop", source_id="o1", number="O-1", customer_id=PEOPLE[0].id, status="delivered", placed_at=later(1),
    total=Decimal("19.90"), payment_method="card", attrs={"discount_code": "SALE"},
    lines=(OrderLine(name="Cup", quantity=2, unit_price=Decimal("9.95"), product_id="shop:p1"),),
    deliveries=(Delivery(status="delivered", shipped_at=later(2), expected_at=later(3), delivered_at=later(4)),),
    refunds=(Refund(amount=Decimal("9.95"), status="declined", requested_at=later(6)),),
)  # fmt: skip


@pytest.fixture
def filled(any_store):
    any_store.upsert(PEOPLE)
    any_store.upsert([Product(source="shop", source_id="p1", name="Cup", price=Decimal("9.95"))])
    any_store.upsert([ORDER])
    any_store.upsert([
        Event(source="shop", source_id="e1", customer_id=PEOPLE[1].id, kind="page_view", at=later(1.5),
              attrs={"page": "tracking"}),
        Event(source="shop", source_id="e2", customer_id=PEOPLE[2].id, kind="search", at=later(2.5)),
    ])  # fmt: skip
    any_store.upsert([
        Ticket(source="shop", source_id="t1", customer_id=PEOPLE[0].id, created_at=later(7), channel="chat",
               labels={"intent": "refund_status"}, csat=0.5),
    ])  # fmt: skip
    return any_store


def rows_of(store, keys: KeyRange) -> dict[str, list[list]]:
    return {kind: [list(row) for part in rows for row in part] for kind, rows in store.history_rows(keys)}


def test_times_are_days_and_money_is_a_number(filled):
    found = rows_of(filled, one_customer(PEOPLE[0].id))
    assert found["customers"] == [[PEOPLE[0].id, pytest.approx(day_of(DAY)), "NL"]]
    (order,) = found["orders"]
    assert order[:2] == [ORDER.id, PEOPLE[0].id]
    assert moment_of(order[2]) - later(1) < timedelta(milliseconds=1)
    assert order[3:] == ["EUR", pytest.approx(19.9), "delivered", "card", True, "O1"]
    assert found["lines"] == [[ORDER.id, "shop:p1", 2, pytest.approx(9.95)]]
    (parcel,) = found["deliveries"]
    assert [round(value - day_of(DAY), 3) for value in parcel[2:]] == [2, 3, 4]
    assert found["refunds"][0][1:3] == [pytest.approx(9.95), "declined"]
    assert found["tickets"][0][3:] == ["chat", {"intent": "refund_status"}, 0.5]


def test_rows_belong_to_the_range_alone(filled):
    found = rows_of(filled, KeyRange(PEOPLE[1].id, PEOPLE[2].id))
    assert [row[0] for row in found["customers"]] == [PEOPLE[1].id, PEOPLE[2].id]
    assert found["orders"] == found["lines"] == found["tickets"] == []
    assert {row[0]: bool(row[4]) for row in found["events"]} == {PEOPLE[1].id: True, PEOPLE[2].id: False}


def test_removed_records_are_gone(filled):
    filled.remove(RecordKind.ORDERS, [ORDER.id])
    filled.remove(RecordKind.CUSTOMERS, [PEOPLE[1].id])
    found = rows_of(filled, KeyRange(PEOPLE[0].id, PEOPLE[2].id))
    assert found["orders"] == found["lines"] == found["deliveries"] == found["refunds"] == []
    assert [row[0] for row in found["customers"]] == [PEOPLE[0].id, PEOPLE[2].id]


def test_ranges_cover_every_customer_once(filled):
    assert list(filled.customer_ranges(2)) == [
        KeyRange(PEOPLE[0].id, PEOPLE[1].id),
        KeyRange(PEOPLE[2].id, PEOPLE[2].id),
    ]


def test_the_newest_moment_passes_over_the_future(filled):
    assert filled.newest_moment(before=later(3)) == later(2.5)
    assert filled.newest_moment(before=later(30)) == later(7)
    assert filled.newest_moment(before=DAY) is None


def test_currencies_are_counted(filled):
    assert filled.order_currencies() == {"EUR": 1}
