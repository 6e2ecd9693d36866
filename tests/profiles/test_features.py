"""Features say what was known when a day began: nothing that comes to the records later changes them."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from profiles.features import CATEGORICAL, FEATURES, NUMERIC, feature_table
from profiles.history import Kind
from rapport.records import OrderLine

NO_LIMIT = float("inf")


def features(shop, customer, *, day: float = 0.0, now: float = 1_000.0) -> dict[str, object]:
    """The features of one customer as of a day, from records that may go on long after it."""
    table = feature_table(
        shop.history(customer, now=now), shop.day(day), limit=NO_LIMIT, categories={"shop:cup": "mugs"}
    )
    columns = {**table.numeric, **table.categorical}
    return {name: values[0] for name, values in columns.items()}


def same(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """The features that differ."""

    def differ(a: object, b: object) -> bool:
        nans = isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b)
        return a != b and not nans

    return [name for name in one if differ(one[name], other[name])]


days_before = some.floats(-700, -0.01, allow_nan=False)
days_after = some.floats(0.0, 700, allow_nan=False)
acts = some.lists(
    some.tuples(some.sampled_from(("order", "event", "ticket", "turn")), days_before, some.integers(0, 5)), max_size=5
)
futures = some.lists(
    some.tuples(some.sampled_from(("order", "event", "ticket", "turn")), days_after, some.integers(0, 5)),
    min_size=1, max_size=5,
)  # fmt: skip


def write(shop, make_turn, customer, act: tuple[str, float, int]) -> None:
    """Do something at a day; what follows from it may come much later."""
    from rapport.types import Identity, Viewer

    what, day, n = act
    if what == "order":
        status = ("delivered", "cancelled", "delivered", "shipped", "refunded", "delivered")[n]
        parcel = shop.parcel(
            due=day + 3 * n, arrived=day + 40 if n % 2 else None, status="lost" if n == 4 else "shipped"
        )
        refund = shop.refund(day + 12 * n, ("declined", "paid")[n % 2], paid=day + 20 * n if n % 2 else None)
        shop.order(customer, day, 10 + n, status=status, deliveries=(parcel,), refunds=(refund,))
    elif what == "event":
        kind = ("page_view", "add_to_cart", "search", "login", "email_open", "gift_wrapped")[n]
        shop.event(customer, day, kind, attrs={"page": "tracking"} if n == 0 else {})
    elif what == "ticket":
        labels = {"intent": f"reason_{n}", "sentiment": "negative", "escalated": "yes" if n % 2 else "no"}
        shop.ticket(customer, day, resolved=day + 9 * n if n else None, labels=labels, csat=n / 5)
    else:
        viewer = Viewer(customer_id=customer.id, identity=Identity.VERIFIED)
        id = shop.store.create_conversation(channel="web", viewer=viewer, at=shop.at(day)).id
        turn = make_turn(id, customer.id, Identity.VERIFIED, shop.at(day))
        shop.store.save_turn(turn, expected=shop.store.conversation(id).state)


@given(past=acts, future=futures)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_nothing_that_happens_later_changes_a_feature(shop, make_turn, past, future):
    customer = shop.customer()
    for act in past:
        write(shop, make_turn, customer, act)
    before = features(shop, customer)
    for act in future:
        write(shop, make_turn, customer, act)
    assert same(before, features(shop, customer)) == []


def test_what_becomes_known_of_an_old_order_later_changes_nothing(shop):
    ann = shop.customer()
    order = shop.order(ann, -10, deliveries=(shop.parcel(due=2, arrived=None, status="in_transit"),))
    before = features(shop, ann)
    parcel = shop.parcel(due=2, arrived=9)
    refund = shop.refund(20, "declined")
    shop.order(ann, -10, number=order.number, source_id=order.source_id, deliveries=(parcel,), refunds=(refund,))
    assert same(before, features(shop, ann)) == []
    assert same(before, features(shop, ann, day=40)) != []


def test_every_feature_has_a_meaning_and_tells_any_value(shop):
    ann = shop.customer()
    told = features(shop, ann)
    assert set(told) == set(FEATURES) == {feature.name for feature in (*NUMERIC, *CATEGORICAL)}
    for feature in FEATURES.values():
        assert feature.meaning
        assert feature.says(told[feature.name])
    for feature in NUMERIC:
        for value in (0.0, 1.0, 2.5, -3.0, 400.0):
            assert feature.says(value)


def test_a_customer_without_orders_has_features(shop):
    told = features(shop, shop.customer())
    assert told["orders"] == told["visits_90"] == told["contacts_365"] == 0
    assert math.isnan(told["days_since_order"])
    assert math.isnan(told["order_gap"])
    assert told["channel"] is None


def test_a_customer_with_one_event_has_features(shop):
    ann = shop.customer(created=None)
    shop.event(ann, -3, "search")
    told = features(shop, ann)
    assert (told["visits_30"], told["searches_90"], round(told["days_since_visit"], 3)) == (1, 1, 3)


def test_windows_count_from_the_day_backwards(shop):
    ann, cup = shop.customer(), shop.product()
    for days in (-1, -29, -31, -89, -91, -364, -366):
        shop.order(ann, days, 10, lines=(OrderLine(name="Cup", unit_price=Decimal(10), product_id=cup.id),))
    told = features(shop, ann)
    assert (told["orders_90"], told["orders_365"], told["orders"]) == (4, 6, 7)
    assert told["order_trend"] == 3
    assert told["value_365"] == 60
    assert told["order_gap"] == pytest.approx(365 / 6)
    assert told["overdue"] == pytest.approx(1 / (365 / 6))
    assert told["favourite"] == "mugs"


def test_trouble_counts_in_windows_and_since_the_last_order(shop):
    ann = shop.customer()
    shop.order(ann, -80, deliveries=(shop.parcel(due=-75, arrived=-70),))
    shop.order(ann, -40, deliveries=(shop.parcel(due=-35, arrived=-30),), refunds=(shop.refund(-25, "declined"),))
    shop.ticket(ann, -20, labels={"sentiment": "negative"}, channel="chat")
    told = features(shop, ann)
    assert (told["late_90"], told["late_365"], told["late_since_order"]) == (2, 2, 1)
    assert (told["declined_365"], told["declined_since_order"], told["lost_365"]) == (1, 1, 0)
    assert (told["upset_365"], told["upset_since_order"], told["channel"]) == (1, 1, "chat")
    assert FEATURES["late_90"].says(told["late_90"]) == "two parcels came late in the last 90 days"


def test_visits_that_fade_are_told(shop):
    ann = shop.customer()
    for number in range(12):
        shop.event(ann, -80 + 4 * number, "page_view")
    assert features(shop, ann)["visits_fading"] < -1
    assert FEATURES["visits_fading"].says(-2.0) == "visits have faded in the last 30 days"


def test_the_country_of_a_customer_is_not_read(shop):
    assert "country" not in FEATURES


def test_a_customer_with_100_000_events_is_told_like_any_other(shop):
    from profiles.gathering import Gathering, Moment
    from profiles.history import History, facts_of

    n = 100_000
    gathering = Gathering(Moment(now=shop.day(0)), ["shop:bot"])
    day = shop.day(-1) - np.arange(n) / 1_000
    gathering.add(Kind.VIEW, np.zeros(n, np.int32), day)
    facts = gathering.facts()
    history = History(customers=gathering.ids, created=np.array([np.nan]), country=np.array([""], object),
                      things=gathering.things(), facts=facts)  # fmt: skip
    told = feature_table(history, shop.day(0), limit=NO_LIMIT)
    assert told.numeric["visits_30"][0] == 29_001
    assert len(facts_of(np.zeros(1, np.int32), np.array([np.nan]))) == 0
