"""The examination of "where is my order": what it counts with good and bad agents, and the real one on real orders."""

import json
import re
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from eval.order_questions import load_phrasings
from eval.order_truth import read_shop
from eval.orders import BOUNDS, Examiner, Plan, Subject, measure
from eval.report import missed
from rapport.paths import public_data
from rapport.types import (
    Ask,
    ConversationId,
    Decision,
    Draft,
    Entity,
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
from ui.cli import run

ADDRESS = {"address1": "1 Elm Road", "address2": "", "city": "Oslo", "country": "NO", "state": "O", "zip": "01234"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Two orders, one of each of two people."""
    folder = tmp_path_factory.mktemp("shop")
    users = {
        id: {"name": {"first_name": name, "last_name": "Berg"}, "address": ADDRESS, "email": f"{id}@example.com"}
        for id, name in (("ada", "Ada"), ("bo", "Bo"))
    }
    orders = {}
    for number, user, status, item in (
        ("#W1111111", "ada", "processed", "Lamp"),
        ("#W2222222", "bo", "pending", "Desk"),
    ):
        line = {"name": item, "product_id": "9000001", "item_id": "8000001", "price": 10.5, "options": {}}
        paid = {"transaction_type": "payment", "amount": 10.5, "payment_method_id": "card_77"}
        orders[number] = {
            "order_id": number, "user_id": user, "address": ADDRESS, "items": [line], "status": status,
            "fulfillments": [{"tracking_id": ["357962501027"], "item_ids": ["8000001"]}], "payment_history": [paid],
        }  # fmt: skip
    products = {"1": {"name": "Lamp"}, "2": {"name": "Desk"}}
    (folder / "db.json").write_text(json.dumps({"orders": orders, "users": users, "products": products}))
    return read_shop(folder)


class Clerk:
    """An agent by the book, unless told otherwise: answers owners, sends others away, asks strangers to verify."""

    def __init__(self, shop, *, owner="Order {number} is {status}: {items}.", other="I cannot find order {number}.",
                 stranger="Please verify your e-mail address first.", blurts=""):  # fmt: skip
        self._shop, self._owner, self._other, self._stranger, self._blurts = shop, owner, other, stranger, blurts
        self._numbers: dict[str, str] = {}

    def ask(self, text, *, viewer, conversation_id=None, channel="cli"):
        found = re.search(r"\b(?:w[\s-]?)?(\d{3} ?\d{4})\b", text, re.IGNORECASE)
        conversation = ConversationId(conversation_id or str(len(self._numbers)))
        self._numbers[conversation] = number = f"#W{found[1].replace(' ', '')}" if found else "#W?"
        truth = self._shop.orders.get(number)
        if viewer.identity is not Identity.VERIFIED:
            return self._turn(conversation, self._stranger, "ask", "verify", None)
        if truth and viewer.owner == f"shop:{truth.user_id}":
            reply = self._owner.format(number=number, status=truth.status, items=", ".join(truth.items))
            return self._turn(conversation, reply, "answer", "record", f"shop:{number}")
        blurted = self._blurts.format(status=truth.status) if truth else ""
        return self._turn(conversation, self._other.format(number=number) + blurted, "answer", "record", None)

    def _turn(self, conversation, text, kind, rule, record):
        at = datetime(2026, 1, 1, tzinfo=UTC)
        ask = Ask(text="?", query="?", intent="order_status", confidence=1.0, in_scope=1.0)
        number = Entity(kind="order_number", text="", value="", start=0, end=0)
        return Turn(
            id=TurnId("t"), conversation_id=conversation, at=at, messages=(Message(role="customer", text="?", at=at),),
            understanding=Understanding(
                asks=(ask,), sentiment=0.0, escalate=0.0, escalate_reason="", language="en", entities=(number,)
            ),
            hits=(), tools=(ToolResult(tool="order_status", found=record is not None, record=record),),
            decisions=(Decision(kind=kind, reason="", rule=rule),), draft=Draft(text=text), verdict=Verdict(),
            reply=Reply(text=text), handover=None, state=State.BOT, identity=Identity.VERIFIED,
            context=MappingProxyType({}), ms={}, models={}, index_version="1",
        )  # fmt: skip


def examined(shop, **faults):
    subject = Subject(
        agent=Clerk(shop, **faults), source="shop", keys={number: f"shop:{number}" for number in shop.orders}
    )
    examiner = Examiner(subject, shop, seed=1)
    for truth in shop.orders.values():
        examiner.examine(truth, load_phrasings())
    return examiner.tally


def test_an_agent_by_the_book_passes_whole(shop):
    tally = examined(shop)
    assert tally.figures() == {"orders": 2, "right": 1.0, "leaks": 0, "asked_to_verify": 1.0, "invented": 0}
    assert missed(tally.figures(), BOUNDS) == []
    assert tally.failures == []
    assert tally.owner == 2 * len(load_phrasings())


def test_a_wrong_status_costs_every_right_answer(shop):
    tally = examined(shop, owner="Order {number} is on its way: {items}.")
    assert tally.figures()["right"] == 0.0
    assert tally.figures()["leaks"] == tally.figures()["invented"] == 0
    assert {failure.asker for failure in tally.failures} == {"owner"}
    assert len(missed(tally.figures(), BOUNDS)) == 1


def test_telling_that_an_order_exists_is_a_leak_every_time(shop):
    tally = examined(shop, blurts=" It is somebody else's.")
    assert tally.leaks == 2 * len(load_phrasings())
    assert tally.figures()["right"] == 1.0


def test_telling_its_status_is_a_leak_too(shop):
    tally = examined(shop, blurts=" It is {status}.")
    assert any("tells 'processed'" in failure.problems for failure in tally.failures)


def test_a_stranger_who_is_not_asked_to_verify_is_counted(shop):
    tally = examined(shop, stranger="Hello, what can I do for you?")
    assert tally.figures()["asked_to_verify"] == 0.0
    assert {failure.asker for failure in tally.failures} == {"anonymous", "claimed"}


def test_a_made_up_date_is_counted_as_invented_and_not_as_wrong(shop):
    tally = examined(shop, owner="Order {number} is {status}: {items}. It arrives on Monday.")
    assert tally.figures()["right"] == 1.0
    assert tally.invented == 2 * len(load_phrasings())


def test_a_failure_says_what_was_asked_told_and_which_part_it_was(shop):
    failure = examined(shop, owner="Order {number} is {status}.").failures[0]
    assert failure.problems[0].startswith("item missing: ")
    assert (failure.component, failure.intent) == ("composer", "order_status")
    assert len(failure.messages) == len(failure.replies)


def test_without_the_public_set_the_verb_says_where_it_comes_from(monkeypatch, capsys):
    monkeypatch.delenv("RAPPORT_PUBLIC_DATA", raising=False)
    assert run(["eval", "orders", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert "retail_shop" in error["message"]
    assert "github.com" in error["hint"]
    assert "RAPPORT_PUBLIC_DATA" in error["hint"]


def test_a_wrong_number_of_phrasings_is_named(monkeypatch, tmp_path, capsys):
    (tmp_path / "retail_shop").mkdir()
    monkeypatch.setenv("RAPPORT_PUBLIC_DATA", str(tmp_path))
    assert run(["eval", "orders", "--phrasings", "some", "--json"]) == 2
    assert "'some'" in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.slow
@pytest.mark.skipif(public_data("retail_shop") is None, reason="needs RAPPORT_PUBLIC_DATA with retail_shop")
def test_the_real_agent_answers_real_owners_and_nobody_else():
    tally = measure(public_data("retail_shop"), Plan(limit=32, seed=5))
    assert missed(tally.figures(), BOUNDS) == [], [failure.problems for failure in tally.failures]
    assert tally.figures()["orders"] == 32
