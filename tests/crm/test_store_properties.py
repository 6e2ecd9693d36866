"""Whatever records come in whatever order, the store holds the last of each, once, exactly."""

import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.store import Counts, Store
from rapport.records import Article, Customer, Delivery, Order, OrderLine, Product, RecordKind, Refund

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
KEYS = st.sampled_from(["1", "2", "é", "a b", "%", "'"])
TIMES = st.none() | st.datetimes(
    datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.timezones() | st.just(UTC)
).filter(  # PEP 495: a time that its zone has twice or not at all equals none of another zone
    lambda at: at.utcoffset() is not None and at.utcoffset() == at.replace(fold=1 - at.fold).utcoffset()
)  # fmt: skip
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20) | st.just(
    Decimal("0.10")
)
ATTRS = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
OPTIONS = st.dictionaries(TEXT, TEXT, max_size=3)
CUSTOMERS = st.builds(
    Customer, source=st.just("s"), source_id=KEYS, name=TEXT, email=st.none() | TEXT, postcode=st.none() | TEXT,
    created_at=TIMES, attrs=ATTRS,
)  # fmt: skip
PRODUCTS = st.builds(
    Product, source=st.just("s"), source_id=KEYS, name=TEXT, options=OPTIONS, price=st.none() | MONEY,
    stock=st.none() | st.integers(-(2**40), 2**40), available=st.booleans(),
)  # fmt: skip
LINES = st.lists(st.builds(OrderLine, name=TEXT, unit_price=st.none() | MONEY, options=OPTIONS), max_size=4)
ORDERS = st.builds(
    Order, source=st.just("s"), source_id=KEYS, number=TEXT, customer_id=st.just("home:1"), status=TEXT,
    placed_at=TIMES, total=st.none() | MONEY, lines=LINES.map(tuple),
    deliveries=st.lists(st.builds(Delivery, status=TEXT, shipped_at=TIMES), max_size=2).map(tuple),
    refunds=st.lists(st.builds(Refund, amount=MONEY, status=TEXT, paid_at=TIMES), max_size=2).map(tuple), attrs=ATTRS,
)  # fmt: skip
ARTICLES = st.builds(
    Article, source=st.just("s"), source_id=KEYS, title=TEXT, text=TEXT, tags=st.lists(TEXT, max_size=3).map(tuple),
    valid_until=TIMES,
)  # fmt: skip
BATCHES = st.one_of(
    *(st.lists(st.lists(kind, max_size=6), max_size=4) for kind in (CUSTOMERS, PRODUCTS, ORDERS, ARTICLES))
)
KIND = {
    Customer: RecordKind.CUSTOMERS,
    Product: RecordKind.PRODUCTS,
    Order: RecordKind.ORDERS,
    Article: RecordKind.ARTICLES,
}


def check(store: Store, batches) -> None:
    store.upsert([Customer(source="home", source_id="1", name="Owner")])
    start = store.last_change()
    total = Counts()
    expected = {}
    for batch in batches:
        total += store.upsert(batch)
        expected.update({record.key: record for record in batch})
    for key, record in expected.items():
        kind = KIND[type(record)]
        assert store.get(kind, key) == record
        assert store.upsert([store.get(kind, key)]) == Counts(unchanged=1)
    assert total.added == len(expected)
    assert total.added + total.changed == store.last_change() - start
    assert sum((total.added, total.changed, total.unchanged)) == sum(map(len, batches))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(BATCHES)
def test_the_last_of_each_record_is_kept_on_sqlite(batches):
    with tempfile.TemporaryDirectory() as folder, Store.open(f"sqlite:///{Path(folder) / 'crm'}") as store:
        check(store, batches)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_the_last_of_each_record_is_kept_on_postgresql(postgres, batches):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    with Store.open(postgres) as store:
        check(store, batches)
