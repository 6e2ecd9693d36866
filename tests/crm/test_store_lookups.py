"""Customers are found by what they say of themselves, and see their own orders only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rapport.errors import SettingsError, UserError
from rapport.records import Customer, Order, OrderLine, RecordKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Customer(
    source="shop", source_id="c1", name="Ánn  Lee", email="Ann.Lee@Example.com", phone="+49 (170) 123-45",
    postcode="SW1A 1AA", city="London", country="GB",
)  # fmt: skip
BEN = replace(ANN, source_id="c2", name="Ben Ono", email="ben@example.com")
TWIN = replace(BEN, source="old")


def order(number: str, days: int | None, owner: Customer = ANN) -> Order:
    placed = None if days is None else NOON + timedelta(days=days)
    lines = (OrderLine(name="Mug"), OrderLine(name="Cup"))
    return Order(
        source="shop", source_id=number, number=number, customer_id=owner.id, status="shipped", placed_at=placed,
        lines=lines,
    )  # fmt: skip


@pytest.fixture
def people(any_store):
    any_store.upsert([ANN, BEN])
    return any_store


@pytest.mark.parametrize("ref", ["shop:c1", "c1", "ann.lee@example.com", " ANN.LEE@example.COM "])
def test_a_customer_is_found_by_key_source_id_or_email(people, ref):
    assert people.find_customer(ref) == ANN


def test_an_unknown_customer_is_none(people):
    assert people.find_customer("c3") is people.find_customer("") is None


def test_an_ambiguous_customer_is_an_error_that_names_the_keys(people):
    people.upsert([TWIN])
    with pytest.raises(UserError, match="old:c2, shop:c2"):
        people.find_customer("c2")
    with pytest.raises(UserError, match="old:c2, shop:c2"):
        people.find_customer("ben@example.com")
    assert people.find_customer("shop:c2") == BEN


@pytest.mark.parametrize(
    "facts",
    [
        {"email": " ann.LEE@example.com", "postcode": "sw1a1aa"},
        {"name": "ann lee", "phone": "004917012345"[2:]},
        {"name": "ANN LEE", "city": "london", "country": "gb", "postcode": "SW1A-1AA"},
    ],
)
def test_facts_match_without_case_accents_and_spaces(people, facts):
    assert people.match_customer(facts) == ANN


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"email": ""},
        {"email": "ann.lee@example.com", "postcode": ""},
        {"email": "ann.lee@example.com", "postcode": "SW1A 1AB"},
        {"email": "ben@example.com", "name": "Ann Lee"},
        {"postcode": "SW1A 1AA"},
        {"email": "ann.lee%"},
        {"name": "' OR 1=1 --"},
    ],
)
def test_facts_that_fail_or_fit_several_match_nobody(people, facts):
    assert people.match_customer(facts) is None


def test_an_order_number_is_a_fact(people):
    people.upsert([order("#W-1", 0), order("#W-2", 0, BEN)])
    assert people.match_customer({"order_number": "w1", "postcode": "SW1A 1AA"}) == ANN
    people.remove(RecordKind.ORDERS, ["shop:#W-1"])
    assert people.match_customer({"order_number": "w1", "postcode": "SW1A 1AA"}) is None


def test_a_fact_that_no_record_has_is_a_mistake_in_the_settings(people):
    with pytest.raises(SettingsError, match=r"'shoe_size'.*postcode"):
        people.match_customer({"email": "ann.lee@example.com", "shoe_size": "42"})


def test_a_customer_sees_their_own_orders_newest_first(people):
    mine = [order("A1", 1), order("A2", 3), order("A3", None), order("A4", 2)]
    people.upsert([*mine, order("B1", 9, BEN)])
    assert [found.number for found in people.orders_of(ANN.id)] == ["A2", "A4", "A1", "A3"]
    assert people.orders_of(ANN.id, limit=1) == [mine[1]]


def test_an_order_number_is_compared_by_its_letters_and_digits(people):
    people.upsert([order("#W-261 1340", 1)])
    for written in ("w2611340", "#W2611340", "W 261-1340"):
        assert [found.number for found in people.orders_of(ANN.id, number=written)] == ["#W-261 1340"]


def test_nobody_elses_order_is_found_by_its_number(people):
    people.upsert([order("W1", 1)])
    assert people.orders_of(BEN.id, number="W1") == []
