"""The shop in tau2's form: written by hand here, and the public one where it is present."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importers import json_stream
from crm.importers.json_stream import members
from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from rapport.errors import DataError, UserError
from rapport.paths import public_data
from rapport.records import Order, OrderLine, Product, RecordKind, Refund

SHOP = {
    "products": {
        "p1": {
            "name": "Cup",
            "product_id": "p1",
            "variants": {
                "v1": {"item_id": "v1", "options": {"color": "blue"}, "available": True, "price": 5.5},
                "v2": {"item_id": "v2", "options": {"color": "red"}, "available": False, "price": 6},
            },
        }
    },
    "users": {
        "ann_li_1": {
            "user_id": "ann_li_1",
            "name": {"first_name": "Ann", "last_name": "Li"},
            "address": {"address1": "1 Road", "address2": "", "city": "Bonn", "country": "DE", "zip": "53111"},
            "email": "ann@x.org",
            "payment_methods": {"c": {"source": "credit_card", "id": "c", "brand": "visa", "last_four": "1234"}},
            "orders": ["#W1"],
        }
    },
    "orders": {
        "#W1": {
            "order_id": "#W1",
            "user_id": "ann_li_1",
            "address": {"address1": "1 Road", "city": "Bonn", "zip": "53111"},
            "items": [{"name": "Cup", "product_id": "p1", "item_id": "v1", "price": 5.5, "options": {"color": "blue"}}],
            "status": "cancelled",
            "fulfillments": [{"tracking_id": ["T1"], "item_ids": ["v1"]}],
            "payment_history": [
                {"transaction_type": "payment", "amount": 5.5, "payment_method_id": "credit_card_12"},
                {"transaction_type": "refund", "amount": 5.5, "payment_method_id": "credit_card_12"},
            ],
        }
    },
}
POLICY = "# Policy\nBe kind.\n## Return delivered order\nSend it back.\n### Refund\nTo the card.\n"
POLICY += "## Domain basic\nTimes are EST.\n"


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    write(folder, SHOP)
    (folder / "policy.md").write_text(POLICY)
    return folder


def write(folder, content):
    (folder / "db.json").write_text(json.dumps(content, indent=1))


def load(store, folder, kind, **given):
    return import_file(store, kind, folder, ImportOptions(format="tau2", source="shop", **given))


def load_all(store, folder):
    return [load(store, folder, kind) for kind in (RecordKind.CUSTOMERS, RecordKind.PRODUCTS, RecordKind.ORDERS)]


def test_customers_products_and_orders_become_records(store, shop):
    assert [report.added for report in load_all(store, shop)] == [1, 2, 1]
    customer = store.get(RecordKind.CUSTOMERS, "shop:ann_li_1")
    assert (customer.name, customer.email, customer.postcode, customer.city) == ("Ann Li", "ann@x.org", "53111", "Bonn")
    assert customer.attrs["payment_methods"] == "credit card (visa ending in 1234)"
    assert store.get(RecordKind.PRODUCTS, "shop:v2") == Product(
        source="shop", source_id="v2", name="Cup", group="Cup", options={"color": "red"}, price=Decimal(6),
        currency="USD", available=False, attrs={"product_id": "p1"},
    )  # fmt: skip
    assert store.get(RecordKind.ORDERS, "shop:#W1") == Order(
        source="shop", source_id="#W1", number="#W1", customer_id="shop:ann_li_1", status="cancelled", currency="USD",
        total=Decimal("5.5"), payment_method="credit card",
        lines=(OrderLine(name="Cup", unit_price=Decimal("5.5"), product_id="shop:v1", options={"color": "blue"}),),
        refunds=(Refund(amount=Decimal("5.5"), status="paid", method="credit card"),),
        attrs={"address": "1 Road, Bonn, 53111", "tracking": "T1"},
    )  # fmt: skip


def test_a_parcel_of_a_delivered_order_is_delivered(store, shop):
    changed = json.loads(json.dumps(SHOP))
    changed["orders"]["#W1"]["status"] = "delivered"
    write(shop, changed)
    load_all(store, shop)
    (parcel,) = store.get(RecordKind.ORDERS, "shop:#W1").deliveries
    assert (parcel.status, parcel.tracking) == ("delivered", "T1")


def test_sections_of_the_policy_about_orders_are_public_and_the_others_for_staff(store, shop):
    load(store, shop, RecordKind.ARTICLES)
    found = {one.source_id: (one.title, one.visibility, one.collection) for one in store.iterate(RecordKind.ARTICLES)}
    assert found == {
        "policy/policy": ("Policy", "staff", "policy"),
        "policy/return-delivered-order": ("Return delivered order", "public", "policy"),
        "policy/return-delivered-order/refund": ("Return delivered order: Refund", "public", "policy"),
        "policy/domain-basic": ("Domain basic", "staff", "policy"),
    }


def test_what_vanished_from_the_shop_is_removed_and_what_changed_is_changed(store, shop):
    load_all(store, shop)
    changed = json.loads(json.dumps(SHOP))
    changed["orders"] = {"#W2": {**SHOP["orders"]["#W1"], "order_id": "#W2"}}
    changed["products"]["p1"]["variants"]["v2"]["available"] = True
    write(shop, changed)
    customers, products, orders = load_all(store, shop)
    assert customers.unchanged == 1
    assert (products.changed, products.unchanged) == (1, 1)
    assert (orders.added, orders.removed) == (1, 1)


def test_a_member_of_another_shape_is_rejected_with_its_line_and_the_rest_is_kept(store, shop, home):
    changed = json.loads(json.dumps(SHOP))
    changed["users"]["odd"] = {"user_id": "odd"}
    write(shop, changed)
    report = load(store, shop, RecordKind.CUSTOMERS, rejects_folder=home.rejects)
    assert (report.added, report.rejected, report.removed) == (1, 1, 0)
    entry = json.loads(Path(report.rejects_file).read_text())
    assert "odd" in entry["reason"]
    assert '"odd"' in (shop / "db.json").read_text().splitlines()[entry["line"] - 1]


def test_a_file_that_breaks_off_is_refused_with_its_line_before_anything_is_kept(store, shop):
    text = (shop / "db.json").read_text()
    (shop / "db.json").write_text(text[: len(text) // 2])
    with pytest.raises(DataError, match=r"db\.json, line \d+"):
        load(store, shop, RecordKind.PRODUCTS)
    assert store.count(RecordKind.PRODUCTS) == 0


@pytest.mark.parametrize("content", ["[]", "{}", '{"users": 1}', '{"users": {"a": 1}} x', "nonsense", '{"users": {'])
def test_a_file_of_another_shape_is_refused(store, shop, content):
    (shop / "db.json").write_text(content)
    with pytest.raises((DataError, UserError)) as raised:
        load(store, shop, RecordKind.PRODUCTS)
    assert "db.json" in str(raised.value)


def test_a_kind_that_the_shop_lacks_and_a_mapping_are_refused(store, shop):
    with pytest.raises(UserError, match="has no tickets"):
        load(store, shop, RecordKind.TICKETS)
    with pytest.raises(UserError, match="--map"):
        load(store, shop, RecordKind.ORDERS, mapping={"status": "x"})


@given(
    st.dictionaries(
        st.text(max_size=4),
        st.one_of(
            st.dictionaries(st.text(max_size=4), st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30)),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            ), max_size=4),
            st.integers(), st.text(max_size=10), st.lists(st.integers(), max_size=3),
        ),
        max_size=4,
    ),
    st.sampled_from([None, 2]), st.booleans(), st.integers(1, 7),
)  # fmt: skip
def test_a_json_file_read_member_by_member_is_the_file(tmp_path_factory, content, indent, ascii_only, piece):
    path = tmp_path_factory.mktemp("json") / "db.json"
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "PIECE", piece)
        found = [(member.section, member.name, member.value) for member in members(path)]
    assert found == [(section, name, value) for section, inner in content.items() if isinstance(inner, dict)
                     for name, value in inner.items()]  # fmt: skip


@pytest.fixture(scope="module")
def public():
    folder = public_data("retail_shop")
    if folder is None:
        pytest.skip("RAPPORT_PUBLIC_DATA does not name a folder with retail_shop (sierra-research/tau2-bench)")
    return folder


@pytest.mark.slow
def test_the_public_shop_is_imported_whole(store, public):
    database = json.loads((public / "db.json").read_text())
    variants = sum(len(product["variants"]) for product in database["products"].values())
    reports = load_all(store, public)
    assert [report.added for report in reports] == [len(database["users"]), variants, len(database["orders"])]
    assert not any(report.rejected for report in reports)
    for order in store.iterate(RecordKind.ORDERS):
        given = database["orders"][order.number]
        assert order.status == given["status"]
        assert order.customer_id == f"shop:{given['user_id']}"
        assert [line.name for line in order.lines] == [item["name"] for item in given["items"]]
        assert sum(line.unit_price for line in order.lines) == sum(Decimal(str(i["price"])) for i in given["items"])
    assert all(report.unchanged == report.rows for report in load_all(store, public))
