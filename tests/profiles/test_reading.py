"""Whatever the records hold, each case of bad input has one defined outcome, and what is left out is counted."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from profiles.history import Kind
from rapport.records import Delivery, OrderLine, RecordKind
from rapport.types import Identity, Viewer


def days(shop, history, kind: Kind) -> list[float]:
    """The days of a kind's facts, after the first of May."""
    return [round(float(day) - shop.day(0), 6) for day in history.facts[kind].day]


def test_orders_are_facts_with_their_money_and_lines(shop):
    ann, cup = shop.customer(), shop.product()
    lines = (OrderLine(name="Cup", quantity=2, unit_price=Decimal(10), product_id=cup.id),
             OrderLine(name="Lid", quantity=1, unit_price=Decimal(20)))  # fmt: skip
    shop.order(ann, -10, 50, lines=lines, payment_method="card")
    history = shop.history()
    orders, bought = history.facts[Kind.ORDER], history.facts[Kind.LINE]
    assert days(shop, history, Kind.ORDER) == [-10]
    assert orders.value.tolist() == [50]
    assert history.named(orders.thing).tolist() == ["card"]
    assert bought.value.tolist() == [25, 25]  # shared as the prices are
    assert bought.number.tolist() == [2, 1]
    assert history.named(bought.thing).tolist() == [cup.id, None]


def test_a_missing_total_is_the_sum_of_the_lines(shop):
    shop.order(shop.customer(), -10, None, lines=(OrderLine(name="Cup", quantity=3, unit_price=Decimal(4)),))
    history = shop.history()
    assert history.facts[Kind.ORDER].value.tolist() == [12]
    assert history.cleaned["unpriced"] == 0


def test_an_order_without_total_and_prices_counts_without_money(shop):
    shop.order(shop.customer(), -10, None, lines=(OrderLine(name="Cup"),))
    history = shop.history()
    assert len(history.facts[Kind.ORDER]) == 1
    assert history.facts[Kind.ORDER].value.tolist() == pytest.approx([float("nan")], nan_ok=True)
    assert history.cleaned["unpriced"] == 1


def test_an_order_without_a_date_is_left_out_and_counted(shop):
    ann = shop.customer()
    shop.order(ann, None)
    shop.order(ann, -10)
    history = shop.history()
    assert days(shop, history, Kind.ORDER) == [-10]
    assert history.cleaned["undated"] == 1


def test_the_date_that_exports_write_for_none_is_no_date(shop):
    ann = shop.customer()
    shop.store.upsert([shop.event(ann, -1).__class__(
        source="shop", source_id="old", customer_id=ann.id, kind="search", at=datetime(1970, 1, 1, tzinfo=UTC)
    )])  # fmt: skip
    history = shop.history()
    assert len(history.facts[Kind.SEARCH]) == 0
    assert history.cleaned["undated"] == 1


def test_what_lies_in_the_future_is_left_out_and_counted(shop):
    ann = shop.customer()
    shop.order(ann, 3)
    shop.event(ann, 4)
    shop.ticket(ann, 5)
    shop.event(ann, -1)
    history = shop.history(now=0)
    assert [len(history.facts[kind]) for kind in (Kind.ORDER, Kind.TICKET, Kind.VIEW)] == [0, 0, 1]
    assert history.cleaned["future"] == 3


def test_an_order_below_zero_is_money_going_back(shop):
    ann = shop.customer()
    shop.order(ann, -20, 30)
    shop.order(ann, -10, -30)
    history = shop.history()
    assert history.facts[Kind.ORDER].value.tolist() == [30]
    assert history.facts[Kind.REPAID].value.tolist() == [30]
    assert history.cleaned["negative"] == 1


def test_a_line_that_came_back_is_not_bought(shop):
    lines = (OrderLine(name="Cup", quantity=1, unit_price=Decimal(10)),
             OrderLine(name="Lid", quantity=-1, unit_price=Decimal(5)))  # fmt: skip
    shop.order(shop.customer(), -10, 5, lines=lines)
    history = shop.history()
    assert history.facts[Kind.LINE].value.tolist() == [5]
    assert history.cleaned["negative"] == 1


def test_a_refund_of_a_negative_amount_counts_by_its_size(shop):
    shop.order(shop.customer(), -30, refunds=(shop.refund(-20, amount=-7.5, paid=-15),))
    history = shop.history()
    assert history.facts[Kind.RETURN].value.tolist() == [7.5]
    assert history.facts[Kind.REPAID].value.tolist() == [7.5]


def test_money_in_another_currency_is_converted_where_there_is_a_rate(shop):
    ann = shop.customer()
    shop.order(ann, -30, 10)
    shop.order(ann, -20, 10, currency="USD")
    shop.order(ann, -10, 10, currency="JPY")
    history = shop.history(rates={"USD": 0.9})
    assert history.facts[Kind.ORDER].value.tolist() == pytest.approx([10, 9, float("nan")], nan_ok=True)
    assert history.cleaned["currency"] == 1


def test_the_currency_of_a_home_is_that_of_most_orders_unless_it_is_named(shop):
    from profiles.reading import home_money

    ann = shop.customer()
    for number, currency in enumerate(("EUR", "USD", "USD")):
        shop.order(ann, -10 - number, currency=currency)
    assert home_money(shop.store, currency="", rates={}).currency == "USD"
    assert home_money(shop.store, currency="EUR", rates={}).currency == "EUR"


def test_the_same_order_event_or_ticket_counts_once(shop):
    ann = shop.customer()
    for source in ("shop", "erp"):
        shop.order(ann, -10, number="O-77", source=source, source_id="77")
    for _ in range(2):
        shop.event(ann, -9, "search")
        shop.ticket(ann, -8, channel="email", labels={"intent": "invoice"})
    shop.event(ann, -9, "login")
    history = shop.history()
    assert [len(history.facts[kind]) for kind in (Kind.ORDER, Kind.SEARCH, Kind.LOGIN, Kind.TICKET)] == [1, 1, 1, 1]
    assert history.cleaned["duplicate"] == 3


def test_a_parcel_is_late_from_the_morning_after_it_was_due(shop):
    ann = shop.customer()
    for due, arrived in ((-30.5, -30.1), (-20.5, -18.5), (-10.5, None)):
        status = "delivered" if arrived else "in_transit"
        shop.order(ann, due - 5, deliveries=(shop.parcel(due=due, arrived=arrived, status=status),))
    assert days(shop, shop.history(), Kind.LATE) == [-20, -10]


def test_a_parcel_that_was_delivered_on_an_unknown_day_is_not_late(shop):
    parcel = Delivery(status="delivered", expected_at=shop.at(-10))
    shop.order(shop.customer(), -15, deliveries=(parcel,))
    assert len(shop.history().facts[Kind.LATE]) == 0


def test_a_status_without_a_date_is_known_when_it_usually_is(shop):
    ann = shop.customer()
    shop.order(ann, -40, deliveries=(shop.parcel(due=-35, arrived=None, status="lost"),))
    shop.order(ann, -30, refunds=(shop.refund(-20, "declined"),))
    shop.order(ann, -25, status="cancelled")
    history = shop.history()
    assert days(shop, history, Kind.LOST) == [-28]
    assert days(shop, history, Kind.DECLINED) == [-10]
    assert days(shop, history, Kind.CANCELLED) == [-22]


def test_a_status_that_stands_in_the_records_today_is_known_today(shop):
    shop.order(shop.customer(), -5, refunds=(shop.refund(-2, "declined"),))
    assert len(shop.history(now=0.5).facts[Kind.DECLINED]) == 0
    assert days(shop, shop.history(now=0.5, seen=0), Kind.DECLINED) == [0]


def test_money_back_for_a_cancelled_or_lost_order_is_no_return(shop):
    ann = shop.customer()
    shop.order(ann, -40, status="cancelled", refunds=(shop.refund(-39, paid=-35),))
    shop.order(ann, -30, deliveries=(shop.parcel(due=-25, arrived=None, status="lost"),), refunds=(shop.refund(-20),))
    shop.order(ann, -20, refunds=(shop.refund(-10),))
    assert days(shop, shop.history(), Kind.RETURN) == [-10]


def test_how_a_ticket_ended_is_known_when_it_ended(shop):
    ann = shop.customer()
    labels = {"intent": "complaint", "sentiment": "negative", "escalated": "yes"}
    shop.ticket(ann, -30, resolved=-25, labels=labels, csat=0.25, channel="chat")
    shop.ticket(ann, -20, labels={"sentiment": "positive"}, csat=1.0)
    history = shop.history()
    assert days(shop, history, Kind.TICKET) == [-30, -20]
    assert days(shop, history, Kind.CSAT) == [-25, -6]
    assert days(shop, history, Kind.ESCALATED) == [-25]
    assert history.facts[Kind.MOOD].value.tolist() == [-1, 1]
    assert history.named(history.facts[Kind.REASON].thing).tolist() == ["complaint"]


def test_turns_count_for_verified_customers_alone(shop, make_turn):
    ann = shop.customer()
    for identity in (Identity.VERIFIED, Identity.CLAIMED):
        conversation = shop.store.create_conversation(
            channel="web", viewer=Viewer(customer_id=ann.id, identity=identity), at=shop.at(-3)
        )
        shop.store.save_turn(make_turn(conversation.id, ann.id, identity, shop.at(-3)), expected=conversation.state)
    history = shop.history()
    assert days(shop, history, Kind.TURN) == [-3]
    assert history.facts[Kind.MOOD].value.tolist() == pytest.approx([-0.75])
    assert history.named(history.facts[Kind.REASON].thing).tolist() == ["refund_status"]


def test_a_removed_order_is_no_fact(shop):
    order = shop.order(shop.customer(), -10)
    shop.store.remove(RecordKind.ORDERS, [order.id])
    assert len(shop.history().facts[Kind.ORDER]) == 0


def test_an_order_far_above_the_others_counts_as_the_limit(shop):
    from profiles.reading import outlier_limit

    ann = shop.customer()
    for number in range(30):
        shop.order(ann, -100 + number, 50 + number)
    shop.order(ann, -2, 1_000_000)
    history = shop.history()
    limit = outlier_limit(history)
    assert 100 < limit < 1_000
    assert history.transactions(limit=limit).amount.max() == limit
    assert outlier_limit(shop.history(shop.customer())) == float("inf")


def test_a_block_holds_what_its_customers_did_and_blocks_make_the_whole(shop):
    from profiles.gathering import Moment, Money
    from profiles.history import merged
    from profiles.reading import read_blocks

    for number in range(5):
        one = shop.customer(f"c{number}")
        shop.order(one, -10 - number, 10 + number, payment_method=f"way {number}")
        shop.event(one, -3, "search")
    blocks = list(read_blocks(shop.store, Money(currency="EUR"), Moment(now=shop.day(0)), size=2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    whole, together = shop.history(), merged(blocks)
    assert together.customers.tolist() == whole.customers.tolist()
    for kind in Kind:
        one, other = together.facts[kind], whole.facts[kind]
        assert one.owner.tolist() == other.owner.tolist()
        assert one.day.tolist() == other.day.tolist()
        assert together.named(one.thing).tolist() == whole.named(other.thing).tolist()
