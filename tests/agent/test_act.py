"""The tools read what belongs to the viewer, and find products by what customers call them."""

from dataclasses import replace

import pytest

from agent.catalogue import wished
from agent.facts import Step
from rapport.errors import Refused
from rapport.types import Ask, Decision, Identity, Viewer

ANNA = Viewer("t:anna", Identity.VERIFIED)


def step(rule: str, text: str = "", *, order: str | None = None, choose: str = "") -> Step:
    asked = Ask(text=text, query=text, intent=rule, confidence=1, in_scope=1)
    return Step(decision=Decision(kind="answer", reason="", rule=rule), ask=asked, order=order, choose=choose)


@pytest.fixture
def tools(shop):
    return shop.agent.parts.tools


@pytest.mark.parametrize("viewer", [Viewer(), Viewer("t:anna", Identity.CLAIMED), Viewer(staff=True)])
@pytest.mark.parametrize("rule", ["order_status", "delivery", "refund", "invoice"])
def test_nobody_unverified_gets_a_record(tools, viewer, rule):
    with pytest.raises(Refused):
        tools.run(step(rule, order="#W2611340"), viewer)


@pytest.mark.parametrize("rule", ["order_status", "delivery", "refund", "invoice"])
def test_another_customers_order_and_none_give_the_same_nothing(tools, rule):
    theirs, nobodys = (tools.run(step(rule, order=number), ANNA) for number in ("#W9911000", "#W0000000"))
    assert theirs == nobodys
    assert not theirs.values
    assert theirs.record is None


def test_values_are_json_and_of_this_order_alone(tools):
    import json

    found = tools.run(step("delivery", order="w2611340"), ANNA)
    assert json.loads(json.dumps(dict(found.values))) == found.values
    assert found.record == "t:1"
    assert "W2611399" not in json.dumps(dict(found.values))


def test_without_a_number_open_orders_come_before_done_ones(tools):
    listed = tools.run(step("order_status", "where is my order"), ANNA)
    assert [order["number"] for order in listed.values["orders"]] == ["#W2611340", "#W2611399"]


def test_an_item_that_is_named_points_at_its_order(tools):
    assert tools.run(step("order_status", "where is my wool rug"), ANNA).record == "t:2"


def test_the_other_one_and_the_newest_are_found(tools):
    assert tools.run(step("order_status", order="#W2611340", choose="other"), ANNA).record == "t:2"
    assert tools.run(step("order_status", choose="newest"), ANNA).record == "t:1"


def test_where_there_is_no_other_order_only_ones_own_may_be_named(tools):
    ben = Viewer("t:ben", Identity.VERIFIED)
    found = tools.run(step("order_status", order="w9911000", choose="other"), ben)
    assert (found.found, dict(found.values)) == (False, {"beside": "#W9911000"})
    foreign = tools.run(step("order_status", order="#W2611399", choose="after"), ben)
    assert (foreign.found, dict(foreign.values)) == (False, {})


def test_a_customer_without_orders_has_none(tools):
    found = tools.run(step("order_status"), Viewer("t:cleo", Identity.VERIFIED))
    assert (found.tool, found.found) == ("orders", False)


@pytest.mark.parametrize(
    ("text", "name"),
    [("do you have the enamel mug", "Enamel Mug"), ("enamel mugs in stock?", "Enamel Mug"), ("any desk lamps left?",
     "Desk Lamp"), ("have you got a wol rug", "Wool Rug"), ("an emamel mug", "Enamel Mug")],
)  # fmt: skip
def test_a_product_is_found_by_name_with_plural_and_typos(tools, text, name):
    assert tools.catalogue.find(text).names == (name,)


def test_a_word_that_describes_finds_what_fits(tools):
    found = tools.catalogue.find("something for the kitchen")
    assert (found.names, found.by) == (("Enamel Mug",), "words")
    assert tools.catalogue.find("a submarine").names == ()


def test_a_new_product_is_found_once_the_records_have_it(shop, monkeypatch):
    from agent import catalogue
    from rapport.records import Product

    monkeypatch.setattr(catalogue, "RECHECK_SECONDS", 0.0)
    found = shop.agent.parts.tools.catalogue
    assert found.find("velvet curtain").names == ()
    shop.store.upsert([Product(source="t", source_id="v", name="Velvet Curtain")])
    assert found.find("velvet curtain").names == ("Velvet Curtain",)


def test_the_options_asked_for_are_those_that_exist(tools):
    mugs = tools.catalogue.variants("Enamel Mug")
    assert wished("the blue one in L please", mugs) == {"color": "blue", "size": "L"}
    assert wished("a small green one, as lovely", mugs) == {}


def test_words_that_only_describe_are_about_the_product_named_before_them(tools):
    before = "do you have the enamel mug in blue S?"
    asked = Ask(text="what about red?", query=f"{before} what about red?", intent="x", confidence=1, in_scope=1)
    found = tools.run(replace(step("product"), ask=asked), Viewer())
    assert found.values["wish"] == {"color": "red", "size": "S"}
    assert [variant["options"] for variant in found.values["variants"]] == [{"color": "red", "size": "S"}]


def test_a_colour_that_only_other_products_have_is_not_there(shop, monkeypatch):
    from agent import catalogue
    from rapport.records import Product

    monkeypatch.setattr(catalogue, "RECHECK_SECONDS", 0.0)
    shop.store.upsert([Product(source="t", source_id="v", name="Velvet Curtain", options={"color": "green"})])
    found = shop.agent.parts.tools.run(step("product", "an enamel mug in green?"), Viewer())
    assert found.values["wish"] == {"color": "green"}
    assert found.values["variants"] == []
    assert found.values["others"]
