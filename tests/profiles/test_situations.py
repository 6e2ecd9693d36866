"""What goes on with a customer's orders at a moment, and what is learnt of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from profiles.situations import LEAST_TICKETS, SITUATIONS, Situations, learn, learn_from, situation_of
from rapport.errors import CorruptArtifact
from rapport.records import Delivery, Order, Refund

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(days: float) -> datetime:
    return NOON + timedelta(days=days)


def order(placed: float, **more) -> Order:
    return Order(source="t", source_id="1", number="1", customer_id="t:ann", status="x", placed_at=at(placed), **more)


def parcel(*, due: float, arrived: float | None = None) -> tuple[Delivery, ...]:
    there = None if arrived is None else at(arrived)
    return (Delivery(status="x", shipped_at=at(due - 3), expected_at=at(due), delivered_at=there),)


def refund(asked: float) -> tuple[Refund, ...]:
    return (Refund(amount=Decimal(5), status="requested", requested_at=at(asked)),)


@pytest.mark.parametrize(
    ("orders", "named"),
    [
        ([], "nothing"),
        ([order(-0.2)], "fresh"),
        ([order(-6, deliveries=parcel(due=2))], "under_way"),
        ([order(-9, deliveries=parcel(due=-2))], "late"),
        ([order(-90, deliveries=parcel(due=-60))], "nothing"),
        ([order(-9, deliveries=parcel(due=-4, arrived=-4))], "arrived"),
        ([order(-60, deliveries=parcel(due=-50, arrived=-50))], "nothing"),
        ([order(-30, refunds=refund(-5))], "refund"),
        ([order(-90, refunds=refund(-60))], "nothing"),
        ([order(-0.2), order(-9, deliveries=parcel(due=-2))], "late"),
    ],
)
def test_the_situation_is_what_matters_most_now(orders, named):
    assert situation_of(orders, NOON) == named


def test_what_happens_later_is_not_looked_at():
    known = order(-6, deliveries=parcel(due=2))
    later = order(-6, deliveries=parcel(due=2, arrived=1), refunds=refund(3))
    assert situation_of([known], NOON) == situation_of([later, order(0.5)], NOON) == "under_way"


def test_the_shares_of_a_situation_are_its_counts_beside_those_of_all():
    table = learn([("late", "delivery_problem")] * 8 + [("late", "invoice")] * 2 + [("nothing", "invoice")] * 10)
    # 10 cases of the situation beside 10 of everybody, of which 4 are about a delivery
    assert table.reasons["late"]["delivery_problem"] == pytest.approx((8 + 4) / 20)
    assert table.reasons["fresh"] == pytest.approx({"delivery_problem": 0.4, "invoice": 0.6})
    assert all(sum(table.reasons[name].values()) == pytest.approx(1, abs=1e-4) for name in SITUATIONS)


def test_a_table_is_read_as_it_was_written_and_a_damaged_one_is_refused(tmp_path):
    table = learn([("late", "delivery_problem"), ("nothing", "invoice")])
    table.save(tmp_path)
    assert Situations.load(tmp_path) == table
    (tmp_path / "situations.json").write_text('{"late": 3}')
    with pytest.raises(CorruptArtifact, match="cannot be read"):
        Situations.load(tmp_path)


def test_tickets_after_the_day_and_tickets_about_nothing_teach_nothing(shop):
    ann = shop.customer("ann")
    shop.order(ann, -6.0, deliveries=(shop.parcel(due=2, arrived=None),))
    for _ in range(LEAST_TICKETS):
        shop.ticket(ann, -1.0, labels={"intent": "order_status"})
    shop.ticket(ann, -1.0, labels={"intent": "oos"})
    before = learn_from(shop.store, shop.at(0))
    shop.ticket(ann, 1.0, labels={"intent": "invoice"})
    assert before is not None
    assert learn_from(shop.store, shop.at(0)) == before
    assert before.reasons["under_way"] == {"order_status": 1.0}


def test_too_few_tickets_teach_nothing(shop):
    shop.ticket(shop.customer("ann"), -1.0, labels={"intent": "order_status"})
    assert learn_from(shop.store, shop.at(0)) is None
