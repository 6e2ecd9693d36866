"""`rapport profiles recommend`: from a file of purchases, and from the records of a home."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from crm.store import Store
from rapport.records import Customer, Order, OrderLine, Product
from ui.cli import run

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def purchases(tmp_path):
    """A file in which every camera comes with a card, and customers of even number buy tea."""
    path = tmp_path / "bought.csv"
    rows = ["customer,at,amount,product"]
    for number in range(40):
        for week in range(0, 20, 2):
            day = (START + timedelta(days=7 * week + number % 5)).date().isoformat()
            things = ("tea", "cup") if number % 2 == 0 else ("camera", "card")
            rows += [f"c{number},{day},10,{thing}" for thing in things]
    path.write_text("\n".join(rows))
    return path


def told(capsys, *arguments: object) -> dict:
    assert run(["profiles", "recommend", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_file_of_purchases_is_enough(purchases, capsys):
    found = told(capsys, "c1", "--transactions", purchases, "--k", 2)
    assert {row["product"] for row in found["products"]} == {"camera", "card"}
    assert all(row["words"] for row in found["products"])
    assert found["tried"]["hit_at_10"] == 1.0
    assert found["weights"]


def test_what_goes_with_a_product_is_told(purchases, capsys):
    found = told(capsys, "--with", "camera", "--transactions", purchases)
    assert [row["product"] for row in found["products"]] == ["card"]
    assert found["products"][0]["words"] == "often in one basket with camera"


def test_without_a_customer_a_new_one_is_meant(purchases, capsys):
    found = told(capsys, "--transactions", purchases, "--k", 3)
    assert found["customer"] is None
    assert len(found["products"]) == 3


@pytest.mark.parametrize("asked", [["nobody"], ["--with", "nothing"]])
def test_who_or_what_the_file_does_not_hold_is_an_error(purchases, capsys, asked):
    assert run(["profiles", "recommend", *asked, "--transactions", str(purchases)]) == 2
    assert "bought.csv holds no" in capsys.readouterr().err


@pytest.mark.slow
def test_a_home_suggests_only_what_can_be_bought(home, store: Store, capsys):
    products = [
        Product(source="s", source_id=name, name=name.title(), available=name != "sold-out")
        for name in ("tea", "cup", "sold-out")
    ]
    people = [(f"c{number}", f"Customer {number}") for number in range(6)]
    customers = [Customer(source="s", source_id=id, name=name, email=f"{id}@x.example") for id, name in people]
    orders = [
        Order(
            source="s", source_id=f"o{n}-{week}", number=f"O-{n}-{week}", customer_id=customers[n].id,
            status="delivered", placed_at=START + timedelta(days=7 * week), total=Decimal(10),
            lines=tuple(OrderLine(name=one.name, product_id=one.id) for one in products),
        )
        for n in range(6) for week in range(3)
    ]  # fmt: skip
    for records in (products, customers, orders):
        store.upsert(records)
    found = told(capsys, "c1@x.example", "--home", home.root)
    assert found["customer"] == "s:c1"
    assert {row["product"] for row in found["products"]} == {"s:tea", "s:cup"}
    assert {row["offer"] for row in found["products"]} == {"s:tea", "s:cup"}
    assert [row["product"] for row in told(capsys, "--with", "tea", "--home", home.root)["products"]] == ["s:cup"]
    assert run(["profiles", "recommend", "nobody", "--home", str(home.root)]) == 2
