"""Rows become records: every kind, every field, and why a row becomes none."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.importers.canonical import record_of
from crm.importers.columns import FIELDS
from crm.importers.given import Context
from crm.importers.rows import Row, Unit
from crm.importers.units import units_of
from rapport.errors import BadRow
from rapport.records import (
    KIND_OF,
    Article,
    Customer,
    Event,
    Product,
    RecordKind,
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


def test_a_customer_keeps_every_field_and_the_other_columns_as_attributes():
    made = record(
        RecordKind.CUSTOMERS,
        {
            "customer_id": " 17 ", "first_name": "Ann", "last_name": "Li", "email": "ann@x.org", "phone": "+49 1",
            "postcode": "01067", "city": "Dresden", "country": "DE", "locale": "de", "created_at": "2024-05-06",
            "+": {"vip": "yes", "score": Decimal("1.5"), "list": [1, {"a": 2}]},
        },
    )  # fmt: skip
    assert made == Customer(
        source="shop", source_id="17", name="Ann Li", email="ann@x.org", phone="+49 1", postcode="01067",
        city="Dresden", country="DE", locale="de", created_at=datetime(2024, 5, 6, tzinfo=UTC),
        attrs={"vip": "yes", "score": 1.5, "list": '[1, {"a": 2}]'},
    )  # fmt: skip


def test_a_customer_without_any_name_or_with_a_wrong_address_is_refused():
    assert "neither a name" in refusal(RecordKind.CUSTOMERS, {"customer_id": "1"})
    assert "not an e-mail" in refusal(RecordKind.CUSTOMERS, {"customer_id": "1", "email": "n/a"})
    assert "no id" in refusal(RecordKind.CUSTOMERS, {"name": "Ann"})
    assert "an id may have 200" in refusal(RecordKind.CUSTOMERS, {"customer_id": "x" * 201, "name": "Ann"})


def test_a_product_keeps_every_field():
    made = record(
        RecordKind.PRODUCTS,
        {
            "product_id": 5, "name": "Shirt", "group": "Shirts", "category": "Tops", "description": "Soft",
            "options": "color=blue", "options.": {"size": "M"}, "price": "19,90 €", "currency": "eur", "stock": "0",
            "url": "https://x.org/5",
        },
    )  # fmt: skip
    assert made == Product(
        source="shop", source_id="5", name="Shirt", group="Shirts", category="Tops", description="Soft",
        options={"color": "blue", "size": "M"}, price=Decimal("19.90"), currency="EUR", available=False, stock=0,
        url="https://x.org/5",
    )  # fmt: skip


def test_an_article_keeps_every_field():
    made = record(
        RecordKind.ARTICLES,
        {
            "article_id": "returns", "title": "Returns", "text": "# How\r\nSend it.", "visibility": "Internal",
            "collection": "faq", "url": "https://x.org", "locale": "de", "valid_from": "2024-01-01",
            "valid_until": "2025-01-01", "updated_at": "2024-02-01", "tags": ["a"],
        },
    )  # fmt: skip
    assert made == Article(
        source="shop", source_id="returns", title="Returns", text="# How\nSend it.", visibility="staff",
        collection="faq", url="https://x.org", locale="de", valid_from=datetime(2024, 1, 1, tzinfo=UTC),
        valid_until=datetime(2025, 1, 1, tzinfo=UTC), updated_at=datetime(2024, 2, 1, tzinfo=UTC), tags=("a",),
    )  # fmt: skip


def test_an_article_of_unknown_visibility_or_impossible_validity_is_refused():
    article = {"article_id": "a", "title": "A", "text": "x"}
    assert "visibility" in refusal(RecordKind.ARTICLES, {**article, "visibility": "secret"})
    wrong = {"valid_from": "2025-01-01", "valid_until": "2024-01-01"}
    assert "not after" in refusal(RecordKind.ARTICLES, {**article, **wrong})


def test_an_event_keeps_every_field():
    made = record(
        RecordKind.EVENTS,
        {"event_id": "e", "customer_id": "17", "kind": "Add to cart", "at": "2024-01-01T00:00Z", "product_id": "c1",
         "value": "5", "+": {"page": "/x"}},
    )  # fmt: skip
    assert made == Event(
        source="shop", source_id="e", customer_id="shop:17", kind="add_to_cart", at=datetime(2024, 1, 1, tzinfo=UTC),
        product_id="shop:c1", value=Decimal(5), attrs={"page": "/x"},
    )  # fmt: skip


def test_references_may_name_another_source():
    context = Context("web", "crm", UTC)
    made = record(RecordKind.EVENTS, {"event_id": "e", "customer_id": "1", "kind": "login", "at": "2024-01-01"},
                  context=context)  # fmt: skip
    assert (made.key, made.customer_id) == ("web:e", "crm:1")


NESTED = st.dictionaries(st.sampled_from(["name", "text", "amount", "status", "role"]), st.text(max_size=5))
VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.decimals(),
    st.sampled_from(["12", "2024-01-01"]), st.lists(NESTED, max_size=2),
)  # fmt: skip


@pytest.mark.parametrize("kind", RecordKind)
@settings(max_examples=50)
@given(data=st.data())
def test_any_row_becomes_a_whole_record_or_a_reason(kind, data):
    names = st.sampled_from(sorted(FIELDS[kind]))
    fields = data.draw(st.dictionaries(names, VALUE, max_size=8))
    extras = data.draw(st.dictionaries(st.text(max_size=5), VALUE, max_size=3))
    row = Row(1, 1, fields, fields, extras)
    unit = next(units_of(kind, [row]))
    try:
        made = record_of(kind, Unit(unit.source_id or "given", unit.rows, unit.error), CONTEXT)
    except BadRow:
        return
    assert KIND_OF[type(made)] is kind
    assert made.key.startswith("shop:")
