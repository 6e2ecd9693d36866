"""Which column of a file means which field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importers.columns import FIELDS, ID_FIELDS, REQUIRED, flat_fields, plain
from crm.importers.layout import checked_layout, field_mapping, match_columns
from rapport.errors import UserError
from rapport.records import RecordKind

CUSTOMERS, ORDERS = RecordKind.CUSTOMERS, RecordKind.ORDERS


def checked(kind, columns, mapping=None):
    return checked_layout(kind, columns, mapping or {}, names=flat_fields(kind), where="file.csv")


def fields(kind, columns, mapping=None):
    layout = checked(kind, columns, mapping)
    return {field: columns[index] for field, index in layout.fields.items()}


@pytest.mark.parametrize("name", ["Customer ID", "customerId", "customer-id", " CUSTOMER_ID ", "customer.id"])
def test_case_spaces_and_punctuation_of_a_column_do_not_matter(name):
    assert plain(name) == "customer_id"


@pytest.mark.parametrize("name", ["customer", "user_id", "Client ID", "id"])
def test_a_customer_is_known_by_many_names(name):
    assert fields(CUSTOMERS, [name, "name"])["customer_id"] == name


def test_a_field_takes_its_own_name_before_any_other():
    found = fields(CUSTOMERS, ["id", "user_id", "customer_id", "name"])
    assert found["customer_id"] == "customer_id"


def test_an_order_line_keeps_its_product_apart_from_the_order():
    found = fields(ORDERS, ["Order Number", "Customer", "Status", "Product", "SKU", "Qty", "Price"])
    assert found == {
        "number": "Order Number", "customer_id": "Customer", "status": "Status", "line_name": "Product",
        "line_product_id": "SKU", "quantity": "Qty", "unit_price": "Price",
    }  # fmt: skip


def test_a_table_with_a_count_of_items_or_a_persons_name_has_no_lines():
    columns = ["order", "customer", "status", "items", "name", "delivered"]
    assert set(fields(ORDERS, columns)) == {"number", "customer_id", "status"}


def test_a_mapping_wins_over_the_known_names():
    mapping = field_mapping(CUSTOMERS, ["user_id=Kunde", "name=Firma"])
    found = fields(CUSTOMERS, ["customer_id", "Kunde", "name", "Firma"], mapping)
    assert (found["customer_id"], found["name"]) == ("Kunde", "Firma")


def test_an_empty_mapping_leaves_a_field_out():
    assert "email" not in fields(CUSTOMERS, ["customer_id", "email", "name"], field_mapping(CUSTOMERS, ["email="]))


def test_a_column_without_a_meaning_is_an_extra_and_empty_cells_are_nothing():
    layout = checked(CUSTOMERS, ["id", "name", "VIP", "shoe size", ""])
    assert layout.pick(["1", "Ann", "yes", "", "x"]) == ({"customer_id": "1", "name": "Ann"}, {"VIP": "yes"})


def test_option_columns_are_gathered():
    layout = checked(RecordKind.PRODUCTS, ["sku", "name", "option: color", "Options.size"])
    assert layout.pick(["1", "Shirt", "blue", "M"])[0]["options."] == {"color": "blue", "size": "M"}


def test_a_missing_required_column_is_told_with_the_nearest_one():
    with pytest.raises(UserError) as raised:
        fields(CUSTOMERS, ["custmer_id", "name"])
    wanted = "has no column 'customer_id'; the file has 'custmer_id': use --map customer_id=custmer_id"
    assert wanted in raised.value.message


def test_nothing_is_suggested_where_nothing_is_near():
    with pytest.raises(UserError, match="no column 'customer_id'") as raised:
        fields(CUSTOMERS, ["xyzzy", "name"])
    assert "--map" not in raised.value.message


def test_a_mapped_column_that_is_not_there_is_told_with_the_nearest_one():
    with pytest.raises(UserError, match=r"no column 'Kude'.*Did you mean 'Kunde'"):
        fields(CUSTOMERS, ["Kunde", "name"], {"customer_id": "Kude"})


@pytest.mark.parametrize(
    ("pair", "said"),
    [("name", "not FIELD=COLUMN"), ("emial=x", "Did you mean 'email'"), ("color=x", "no field 'color'")],
)
def test_a_wrong_mapping_is_told(pair, said):
    with pytest.raises(UserError, match=said):
        field_mapping(CUSTOMERS, [pair])


def test_columns_in_any_script_are_mapped_and_never_taken_for_each_other():
    found = fields(CUSTOMERS, ["Номер", "Größe", "name"], {"customer_id": "номер", "city": "grösse"})
    assert (found["customer_id"], found["city"]) == ("Номер", "Größe")
    with pytest.raises(UserError, match="no column '名前'"):
        fields(CUSTOMERS, ["customer_id", "住所"], {"name": "名前"})


def test_a_field_mapped_twice_is_told():
    with pytest.raises(UserError, match="twice"):
        field_mapping(CUSTOMERS, ["email=a", "e-mail=b"])


def test_every_required_and_every_id_field_is_a_field():
    for kind in RecordKind:
        assert {field for group in REQUIRED[kind] for field in group} <= set(FIELDS[kind])
        assert set(ID_FIELDS[kind]) <= set(FIELDS[kind])


@given(st.sampled_from(list(RecordKind)), st.lists(st.text(max_size=12), max_size=12))
def test_no_column_is_two_things_at_once(kind, columns):
    layout = match_columns(FIELDS[kind], columns, {})
    used = [*layout.fields.values(), *(index for *_, index in layout.grouped), *(index for _, index in layout.extras)]
    assert len(used) == len(set(used))
    assert set(used) >= {index for index, name in enumerate(columns) if plain(name) and plain(name) in FIELDS[kind]}
