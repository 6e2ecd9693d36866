"""The judge of "where is my order", on hand-made shops and replies: it finds each fault and no other."""

import json
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from eval.order_judge import invented, leaked, not_verified, record_text, seen, wrong_answer
from eval.order_truth import read_shop
from rapport.errors import BadRow
from rapport.types import (
    Ask,
    Citation,
    ConversationId,
    Decision,
    Draft,
    Identity,
    Message,
    Reply,
    State,
    ToolResult,
    Turn,
    TurnId,
    Understanding,
    Verdict,
)

KEY = "shop:#W1111111"
ADDRESS = {"address1": "1 Elm Road", "address2": "", "city": "Oslo", "country": "NO", "state": "O", "zip": "01234"}
USER = {"name": {"first_name": "Ada", "last_name": "Berg"}, "address": ADDRESS, "email": "ada@example.com"}


def order(number: str, status: str, items: list[tuple[str, float]]) -> dict[str, object]:
    lines = [
        {
            "name": name,
            "product_id": "9000000001",
            "item_id": "8000000001",
            "price": price,
            "options": {"size": "40cm", "for": "chair"},
        }
        for name, price in items
    ]
    paid = {"transaction_type": "payment", "amount": sum(price for _, price in items), "payment_method_id": "card_77"}
    parcels = [{"tracking_id": ["357962501027"], "item_ids": ["8000000001"]}]
    return {
        "order_id": number, "user_id": "ada", "address": ADDRESS, "items": lines, "status": status,
        "fulfillments": parcels, "payment_history": [paid],
    }  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    orders = [
        order("#W1111111", "processed", [("Lamp", 10.5), ("Lamp", 10.5), ("Desk", 100.0)]),
        order("#W2222222", "delivered", [("Chair", 20.0)]),
    ]
    users = {"ada": USER, "bo": {**USER, "name": {"first_name": "Bo", "last_name": "Dahl"}, "email": "bo@example.com"}}
    products = {str(n): {"name": name} for n, name in enumerate(("Lamp", "Desk", "Chair", "Sofa"))}
    content = {"orders": {each["order_id"]: each for each in orders}, "users": users, "products": products}
    (folder / "db.json").write_text(json.dumps(content))
    return read_shop(folder)


@pytest.fixture(scope="module")
def truth(shop):
    return shop.orders["#W1111111"]


def turn(text, *, kind="answer", rule="answer_from_record", record=KEY, citations=()) -> Turn:
    ask = Ask(text="?", query="?", intent="order_status", confidence=1.0, in_scope=1.0)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Turn(
        id=TurnId("t"), conversation_id=ConversationId("c"), at=at,
        messages=(Message(role="customer", text="?", at=at),),
        understanding=Understanding(
            asks=(ask,), sentiment=0.0, escalate=0.0, escalate_reason="", language="en", entities=()
        ),
        hits=(), tools=(ToolResult(tool="order_status", found=record is not None, record=record),),
        decisions=(Decision(kind=kind, reason="", rule=rule),), draft=Draft(text=text), verdict=Verdict(),
        reply=Reply(text=text, citations=citations), handover=None, state=State.BOT, identity=Identity.VERIFIED,
        context=MappingProxyType({}), ms={}, models={}, index_version="1",
    )  # fmt: skip


def exchange(reply, *, asked="Where is #W1111111?", **options):
    return seen([asked], [turn(reply, **options)])


GOOD = "Order #W1111111 is processed: 2 × Lamp, 1 × Desk. Tracking 357962501027, 121.00 in all."


def test_the_truth_is_read_from_the_raw_file(truth):
    assert (truth.status, truth.items, truth.counts) == ("processed", ("Lamp", "Lamp", "Desk"), {3, 2, 1})
    assert {str(amount) for amount in truth.amounts} == {"10.5", "100.0", "121.0"}
    assert {"357962501027", "Ada Berg", "01234", "card_77", "ada@example.com"} <= truth.secrets


def test_a_file_that_is_no_shop_is_refused(tmp_path):
    (tmp_path / "db.json").write_text("{}")
    with pytest.raises(BadRow, match=r"db\.json is not a tau2 shop"):
        read_shop(tmp_path)


def test_a_right_reply_has_no_fault(truth, shop):
    assert wrong_answer(turn(GOOD), truth, shop, key=KEY) == []
    assert invented(GOOD, "Where is #W1111111?", truth, shop, quotable=record_text(truth)) == []


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("Order #W1111111 is on its way: Lamp, Desk.", "status missing: processed"),
        ("Order #W1111111 is processed, not delivered: Lamp, Desk.", "other status: delivered"),
        ("Order #W1111111 is processed: Lamp.", "item missing: Desk"),
        ("Order #W1111111 is processed: Lamp, Desk, Sofa.", "item added: Sofa"),
        ("Order #W1111111 is processed: Lamp, Desk. See also #W2222222.", "other order: #W2222222"),
    ],
)
def test_each_fault_of_an_answer_is_named(truth, shop, reply, fault):
    assert wrong_answer(turn(reply), truth, shop, key=KEY) == [fault]


def test_an_option_that_is_called_like_a_product_is_no_other_item(truth, shop):
    assert wrong_answer(turn("Order #W1111111 is processed: Lamp (chair), Desk."), truth, shop, key=KEY) == []


def test_a_right_text_from_the_wrong_record_or_decision_is_wrong(truth, shop):
    assert wrong_answer(turn(GOOD, record="shop:#W2222222"), truth, shop, key=KEY) != []
    assert wrong_answer(turn(GOOD, record=None), truth, shop, key=KEY) != []
    assert wrong_answer(turn(GOOD, kind="ask"), truth, shop, key=KEY) == ["decided to ask"]


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("It arrives within 3 days or 14.", "number 14"),
        ("It arrives on Monday.", "day monday"),
        ("You paid 121.50.", "number 121.50"),
        ("Your Sofa is on its way.", "item Sofa"),
        ("See #W3333333.", "order #W3333333"),
        ("Tracking 357962501028.", "number 357962501028"),
        ("Ready within five days.", "number 5"),
    ],
)
def test_each_invented_value_is_named(truth, shop, reply, found):
    assert invented(reply, "Where is #W1111111?", truth, shop, quotable=record_text(truth)) == [found]


def test_values_of_the_record_are_inventions_when_the_asker_may_not_see_it(truth, shop):
    assert invented("It is 121.00.", "Where is it?", truth, shop) == ["number 121.00"]
    assert invented("You have 2 orders, one with a Chair.", "?", truth, shop, quotable=shop.own_text["ada"]) == []
    assert invented("You have 2 orders, one with a Chair.", "?", truth, shop, quotable=shop.own_text["bo"]) != []


def test_the_number_that_was_asked_about_may_be_completed(truth, shop):
    assert invented("I cannot find #W1111111.", "Where is order 1111111?", truth, shop) == []


def test_the_same_reply_but_for_the_echoed_number_leaks_nothing(truth, shop):
    reply = "I cannot find order {} in your account."
    control = exchange(reply.format("#W9999999"), asked="Where is #W9999999?")
    assert leaked(exchange(reply.format("w1111111")), [control], truth, unused="#W9999999") == []


@pytest.mark.parametrize(
    ("reply", "options"),
    [
        ("I cannot show you order #W1111111.", {}),
        ("I cannot find order #W1111111 in your account.", {"kind": "ask"}),
        ("I cannot find order #W1111111 in your account.", {"citations": (Citation(id="1", title="Help"),)}),
    ],
)
def test_any_difference_from_an_unknown_order_is_a_leak(truth, reply, options):
    control = exchange("I cannot find order #W9999999 in your account.", asked="Where is #W9999999?")
    assert leaked(exchange(reply, **options), [control], truth, unused="#W9999999") == [
        "differs from an order that does not exist"
    ]


@pytest.mark.parametrize("fact", ["processed", "Desk", "Ada Berg", "357962501027", "01234", "121.0"])
def test_each_fact_of_the_order_or_its_owner_is_a_leak(truth, shop, fact):
    control = exchange("I cannot find it.", asked="Where is #W9999999?")
    found = leaked(exchange(f"I cannot find it: {fact}."), [control], truth, unused="#W9999999")
    assert f"tells '{fact}'" in found


def test_a_wording_that_some_control_has_too_is_no_difference(truth, shop):
    words = ("I cannot find {}.", "There is no order {} in your account.")
    controls = [exchange(word.format("#W9999999"), asked="Where is #W9999999?") for word in words]
    for word in words:
        assert leaked(exchange(word.format("#W1111111")), controls, truth, unused="#W9999999") == []


def test_what_the_person_wrote_may_be_repeated(truth, shop):
    control = exchange("I cannot find your Desk.", asked="Where is my Desk, #W9999999?")
    told = exchange("I cannot find your Desk.", asked="Where is my Desk, #W1111111?")
    assert leaked(told, [control], truth, unused="#W9999999") == []


def test_asking_to_verify_is_a_decision_and_a_text(truth, shop):
    def judge(text, **options):
        made = turn(text, record=None, **options)
        return not_verified(made, seen(["Where is #W1111111?"], [made]), truth, shop)

    asking = "Please confirm your e-mail address and postcode first."
    assert judge(asking, kind="ask", rule="verify_first") == []
    assert judge(asking, kind="answer") == ["the decision is not to verify"]
    assert judge("What can I do for you?", kind="ask", rule="verify_first") == ["the reply does not ask who it is"]
    assert judge(f"{asking} It is processed.", kind="ask", rule="verify_first") == ["tells 'processed'"]


def test_only_texts_citations_decisions_and_states_reach_the_person():
    first = exchange("Hello.")
    assert first.replies == ("Hello.",)
    assert first.shape == ("answer bot []",)
