"""Records are kept once, changed by content, removed from every read, on SQLite and PostgreSQL alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import select

from crm.store import Change, Checkpoint, Counts, Store
from crm.tables import article_versions
from rapport.errors import BadRow
from rapport.records import (
    Article,
    Customer,
    CustomerId,
    Delivery,
    Event,
    Order,
    OrderLine,
    Product,
    ProductId,
    RecordKind,
    Refund,
    Ticket,
    TicketMessage,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANN = Customer(
    source="shop", source_id="c1", name="Ann Lee", email="Ann@Example.com", phone="+49 170 1", postcode="10 115",
    city="Berlin", country="DE", locale="de", created_at=NOON,
    attrs={"vip": True, "points": 3, "ratio": 0.1, "x": None},
)  # fmt: skip
SHIRT = Product(
    source="shop", source_id="p1", name="Blue shirt", group="Shirt", category="Clothes", description="Soft.",
    options={"size": "M", "color": "blue"}, price=Decimal("10.10"), stock=4, url="https://shop.example/p1",
)  # fmt: skip
ORDER = Order(
    source="shop", source_id="o1", number="#W-261 1340", customer_id=ANN.id, status="shipped", placed_at=NOON,
    total=Decimal("20.30"), payment_method="card", invoice_number="R-7",
    lines=(
        OrderLine(name="Shirt", quantity=2, unit_price=Decimal("10.10"), product_id=SHIRT.id, options={"size": "M"}),
        OrderLine(name="Gift wrap", unit_price=Decimal("0.10")),
    ),
    deliveries=(Delivery(status="in_transit", tracking="T-1", carrier="DHL", shipped_at=NOON),),
    refunds=(Refund(amount=Decimal("0.10"), status="paid", requested_at=NOON, paid_at=NOON, method="card"),),
    attrs={"note": "ring twice"},
)  # fmt: skip
HELP = Article(
    source="site", source_id="returns", title="Returns", text="Send it back.", tags=("returns", "money"),
    valid_from=NOON, valid_until=NOON + timedelta(days=9), updated_at=NOON,
)  # fmt: skip
TICKET = Ticket(
    source="desk", source_id="7", subject="Where is it?", customer_id=ANN.id, created_at=NOON, tags=("late",),
    messages=(TicketMessage(role="customer", text="?", at=NOON), TicketMessage(role="bot", text="!", private=True)),
    labels={"intent": "order_status"}, csat=1.0,
)  # fmt: skip
VISIT = Event(source="web", source_id="e1", customer_id=ANN.id, kind="page_view", at=NOON, product_id=SHIRT.id,
              value=Decimal("1.5"))  # fmt: skip
ALL = (ANN, SHIRT, ORDER, HELP, TICKET, VISIT)


@pytest.fixture
def full(any_store: Store) -> Store:
    for record in ALL:
        any_store.upsert([record])
    return any_store


def test_every_kind_of_record_comes_back_as_it_was_kept(full):
    for kind, record in zip(RecordKind, (ANN, SHIRT, ORDER, HELP, TICKET, VISIT), strict=True):
        assert full.get(kind, record.key) == record
        assert list(full.iterate(kind)) == [record]
        assert full.count(kind) == full.version(kind, record.key) == 1


def test_money_keeps_its_cents_and_its_zeros(full):
    order = full.get(RecordKind.ORDERS, ORDER.key)
    assert str(order.total) == "20.30"
    assert [str(line.unit_price) for line in order.lines] == ["10.10", "0.10"]


def test_times_come_back_in_utc(any_store):
    far = NOON.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    any_store.upsert([replace(ANN, created_at=far)])
    found = any_store.get(RecordKind.CUSTOMERS, ANN.key).created_at
    assert found == far
    assert found.utcoffset() == timedelta(0)


def test_the_same_records_again_change_nothing(full):
    seq = full.last_change()
    for record in ALL:
        assert full.upsert([record]) == Counts(unchanged=1)
    assert full.last_change() == seq == len(ALL)


def test_an_equal_amount_written_otherwise_is_no_change(full):
    assert full.upsert([replace(SHIRT, price=Decimal("10.100"))]) == Counts(unchanged=1)
    assert full.upsert([replace(TICKET, csat=1)]) == Counts(unchanged=1)


def test_a_changed_record_replaces_the_old_one_with_all_its_parts(full):
    changed = replace(ORDER, status="delivered", lines=ORDER.lines[1:], refunds=())
    assert full.upsert([changed, ORDER, changed]) == Counts(changed=3)
    assert full.get(RecordKind.ORDERS, ORDER.key) == changed
    assert full.version(RecordKind.ORDERS, ORDER.key) == 4


def test_of_a_record_given_twice_in_a_batch_the_later_wins(any_store):
    assert any_store.upsert([ANN, replace(ANN, name="Ann Li"), ANN]) == Counts(added=1, changed=2)
    assert any_store.get(RecordKind.CUSTOMERS, ANN.key) == ANN


def test_a_changed_article_keeps_its_old_versions(full):
    newer = replace(HELP, text="Send it back within 30 days.")
    full.upsert([newer])
    full.upsert([HELP])
    assert full.version(RecordKind.ARTICLES, HELP.key) == 3
    with full._database.read() as connection:
        columns = article_versions.c.version, article_versions.c.text
        kept = connection.execute(select(*columns).order_by(article_versions.c.version)).all()
    assert kept == [(1, HELP.text), (2, newer.text)]


def test_changes_tell_what_happened_in_order(full):
    start = full.last_change()
    full.upsert([replace(ANN, name="A. Lee"), replace(ANN, source_id="c2"), replace(ANN, source_id="c2")])
    full.remove(RecordKind.ARTICLES, [HELP.key, HELP.key, "site:unknown"])
    assert [(change.kind, change.key, change.op) for change in full.changes_since(start)] == [
        (RecordKind.CUSTOMERS, "shop:c2", "upsert"),
        (RecordKind.CUSTOMERS, "shop:c1", "upsert"),
        (RecordKind.ARTICLES, HELP.key, "remove"),
    ]
    assert full.changes_since(start, limit=1) == [Change(start + 1, RecordKind.CUSTOMERS, "shop:c2", "upsert")]
    assert full.changes_since(full.last_change()) == []


def test_a_removed_record_is_gone_from_every_read(full):
    assert full.remove(RecordKind.ORDERS, [ORDER.key]) == 1
    assert full.remove(RecordKind.ORDERS, [ORDER.key]) == 0
    assert full.get(RecordKind.ORDERS, ORDER.key) is None
    assert full.fetch(RecordKind.ORDERS, [ORDER.key]) == {}
    assert list(full.iterate(RecordKind.ORDERS)) == list(full.keys(RecordKind.ORDERS)) == []
    assert full.count(RecordKind.ORDERS) == full.version(RecordKind.ORDERS, ORDER.key) == 0
    assert full.orders_of(ANN.id) == []
    full.remove(RecordKind.CUSTOMERS, [ANN.key])
    assert full.find_customer(ANN.key) is full.match_customer({"email": "ann@example.com"}) is None
    full.remove(RecordKind.PRODUCTS, [SHIRT.key])
    assert full.fetch(RecordKind.PRODUCTS, [SHIRT.key]) == {}


def test_a_record_that_comes_back_is_added_again_with_a_new_version(full):
    full.remove(RecordKind.ORDERS, [ORDER.key])
    assert full.upsert([ORDER]) == Counts(added=1)
    assert full.get(RecordKind.ORDERS, ORDER.key) == ORDER
    assert full.version(RecordKind.ORDERS, ORDER.key) == 2


def test_a_record_that_refers_to_nothing_is_refused_with_its_whole_batch(full):
    lost = replace(ORDER, source_id="o2", customer_id=CustomerId("shop:c9"))
    bought = replace(ORDER, source_id="o3", lines=(OrderLine(name="?", product_id=ProductId("shop:p9")),))
    fine = replace(ORDER, source_id="o4")
    with pytest.raises(BadRow, match=r"'shop:o2' refers to customer 'shop:c9'"):
        full.upsert([fine, lost])
    assert full.count(RecordKind.ORDERS) == 1
    assert full.missing_references([fine, lost, bought]) == {
        "shop:o2": "refers to customer 'shop:c9', which does not exist",
        "shop:o3": "refers to product 'shop:p9', which does not exist",
    }
    assert full.missing_references([]) == full.missing_references([HELP]) == {}


def test_a_reference_to_a_removed_record_is_missing(full):
    full.remove(RecordKind.CUSTOMERS, [ANN.key])
    assert list(full.missing_references([replace(TICKET, source_id="8")])) == ["desk:8"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (replace(ANN, name="nul \x00"), "NUL"),
        (replace(ANN, attrs={"half": "\ud800"}), "not Unicode"),
        (replace(ANN, created_at=datetime(2026, 1, 1)), "time zone"),
        (replace(ANN, source_id="x" * 501), "longer than 500"),
        (replace(ANN, source=""), "needs a source"),
        (replace(ANN, attrs={"ratio": float("nan")}), "cannot be kept"),
        (replace(SHIRT, price=Decimal("NaN")), "finite"),
        (replace(SHIRT, stock=2**70), "too large"),
        (replace(ANN, created_at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))), "cannot be kept"),
    ],
)
def test_a_value_that_could_not_be_given_back_is_refused(any_store, record, reason):
    with pytest.raises(BadRow, match=reason):
        any_store.upsert([record])
    assert any_store.last_change() == 0


def test_text_that_only_looks_like_a_nul_is_kept(any_store):
    odd = replace(ANN, name=r"\u0000 and \\u0000", attrs={"$decimal": "1", "tags": "{}"})
    any_store.upsert([odd])
    assert any_store.get(RecordKind.CUSTOMERS, ANN.key) == odd


def test_one_call_keeps_one_kind(any_store):
    with pytest.raises(ValueError, match="one kind of record, not Customer, Product"):
        any_store.upsert([ANN, SHIRT])


def test_a_checkpoint_is_kept_with_its_batch_or_not_at_all(any_store):
    assert any_store.checkpoint("orders.csv") is None
    any_store.upsert([ANN], checkpoint=Checkpoint("orders.csv", 10))
    with pytest.raises(BadRow):
        any_store.upsert([replace(ORDER, customer_id=CustomerId("?"))], checkpoint=Checkpoint("orders.csv", 20))
    assert any_store.checkpoint("orders.csv") == Checkpoint("orders.csv", 10)
    assert any_store.upsert([], checkpoint=Checkpoint("orders.csv", 20, done=True)) == Counts()
    assert any_store.checkpoint("orders.csv") == Checkpoint("orders.csv", 20, done=True)


def test_long_lists_are_read_in_pages_and_in_order(any_store):
    many = [Customer(source="s", source_id=f"{n}", name=f"n{n}") for n in range(1203)]
    assert any_store.upsert(many) == Counts(added=1203)
    any_store.upsert([replace(many[0], source="t")])
    expected = sorted(record.key for record in many)
    assert list(any_store.keys(RecordKind.CUSTOMERS, source="s")) == expected
    assert [record.key for record in any_store.iterate(RecordKind.CUSTOMERS)] == [*expected, "t:0"]
    assert [record.key for record in any_store.iterate(RecordKind.CUSTOMERS, after=expected[-1])] == ["t:0"]
    assert list(any_store.fetch(RecordKind.CUSTOMERS, ["s:7", "s:?", "s:3"])) == ["s:7", "s:3"]
    assert any_store.remove(RecordKind.CUSTOMERS, expected) == 1203


def test_keys_are_sorted_as_python_sorts_them(any_store):
    names = ["Z", "a", "É", "z", "_", "10", "9", "😀", "ﬁ"]
    any_store.upsert([Customer(source="s", source_id=name, name=name) for name in names])
    assert list(any_store.keys(RecordKind.CUSTOMERS)) == sorted(f"s:{name}" for name in names)
