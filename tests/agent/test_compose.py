"""Every rule that can be decided has words, and records are worded by their values alone."""

import re
from pathlib import Path

import pytest

import agent
from agent.brief import Brief, Part
from agent.facts import Step
from agent.wording import echoed, lines_for_result
from agent.writer import compose_text
from prompts.render import FOLDER
from rapport.types import Ask, Decision, ToolResult

SAID_BY_RECORDS = {"order_status", "delivery", "refund", "invoice", "product", "article", "article_then_offer"}
SAID_OTHERWISE = {"complaint", "asked_for_person", "escalation", "offer_accepted", "verify_limit"}


def worded(tool: str, values: dict, *, found: bool = True, intent: str = "") -> str:
    ask = Ask(text="", query="", intent=intent, confidence=1, in_scope=1)
    step = Step(decision=Decision(kind="answer", reason="", rule=tool), ask=ask, intent=intent, order="#W1 {x}<b>")
    lines = lines_for_result(step, ToolResult(tool=tool, found=found, values=values))
    return compose_text(Brief(parts=(Part(rule=tool, lines=lines),)))


def test_every_rule_of_the_decisions_has_words():
    source = "".join(
        (Path(agent.__file__).parent / name).read_text(encoding="utf-8") for name in ("decide.py", "decide_ask.py")
    )
    rules = set(re.findall(r'step\(\s*"[a-z_]+",\s*(?:f?"[^"]*"|reason),\s*"([a-z_]+)"', source))
    assert len(rules) > 15
    templates = {path.stem for path in (FOLDER / "replies").glob("*.toml")}
    assert rules - SAID_BY_RECORDS - SAID_OTHERWISE <= templates


@pytest.mark.parametrize(
    ("parcel", "words"),
    [
        ({"state": "delivered", "delivered": "2026-03-01"}, "was delivered on 1 March 2026"),
        ({"state": "delivered"}, "the date is not on record"),
        ({"state": "in_transit", "carrier": "Postline", "expected": "2026-03-05"}, "in transit with Postline"),
        ({"state": "shipped", "tracking": "Z1"}, "A delivery date is not on record yet."),
        ({"state": "lost", "tracking": "Z1"}, "“lost”, tracking number Z1"),
        ({"state": "", "tracking": "Z1"}, "The tracking number is Z1."),
    ],
)
def test_a_parcel_is_told_as_the_record_has_it(parcel, words):
    whole = {"state": None, "carrier": None, "tracking": None, "shipped": None, "expected": None, "delivered": None}
    values = {"number": "#1", "status": "shipped", "items": [{"name": "Mug"}], "parcels": [whole | parcel]}
    assert words in worded("delivery", values)


@pytest.mark.parametrize(
    ("refund", "words"),
    [
        ({"state": "paid", "paid": "2026-01-20", "method": "gift_card"},
         "€5.00 for order #1 was paid on 20 January 2026 to your gift card"),
        ({"state": "requested", "requested": "2026-01-20"}, "“requested”; it was requested on 20 January 2026"),
        ({"state": "declined"}, "was declined"),
    ],
)  # fmt: skip
def test_a_refund_is_told_as_the_record_has_it(refund, words):
    row = {"amount": "5", "state": "", "requested": None, "paid": None, "method": None} | refund
    assert words in worded("refund", {"number": "#1", "status": "returned", "currency": "EUR", "refunds": [row]})


def test_a_status_with_signs_is_quoted_to_the_letter():
    values = {"number": "#1", "status": "pending (items modified)", "items": [{"name": "Mug"}], "parcels": []}
    assert "“pending (items modified)”" in worded("order_status", values)


def test_an_unknown_order_repeats_nothing_but_the_number():
    text = worded("order_status", {}, found=False)
    assert "#W1xb" in text
    assert not set("{}<>") & set(text)


def test_an_echo_is_letters_digits_and_little_else():
    assert echoed("#W-1 <script>{a}\x00" + "9" * 99) == "#W-1scripta" + "9" * 29


def test_one_of_many_orders_is_asked_for():
    orders = [{"number": f"#{n}", "status": "shipped", "placed": None} for n in (1, 2)]
    text = worded("orders", {"orders": orders, "count": 2, "more": False})
    assert "#1 (shipped) and #2 (shipped)" in text
    assert "further" not in text


@pytest.mark.parametrize("status", ["cancelled", "canceled"])
def test_a_cancelled_order_has_no_parcel_to_wait_for(status):
    values = {"number": "#1", "status": status, "items": [{"name": "Mug"}], "parcels": []}
    told = worded("delivery", values)
    assert "no parcel is on its way" in told
    assert "yet" not in told


def test_the_day_of_a_lost_parcel_is_past():
    parcel = {"state": "lost", "carrier": None, "tracking": "Z1", "shipped": None, "expected": "2026-03-05",
              "delivered": None}  # fmt: skip
    values = {"number": "#1", "status": "shipped", "items": [{"name": "Mug"}], "parcels": [parcel]}
    assert "It was expected on 5 March 2026." in worded("order_status", values)


def test_a_second_parcel_that_waits_is_told_from_the_first():
    sent = {"state": "shipped", "carrier": "Postline", "tracking": "ZX1", "expected": "2026-03-05", "delivered": None}
    waits = {"state": "preparing", "carrier": None, "tracking": None, "expected": None, "delivered": None}
    values = {"number": "#W1", "status": "shipped", "items": [{"name": "Mug", "options": {}, "quantity": 1}]}
    text = worded("delivery", {**values, "parcels": [sent, waits]})
    assert text.endswith("It is expected on 5 March 2026. Another parcel of this order is still being prepared.")
    assert "The parcel is still being prepared." in worded("delivery", {**values, "parcels": [waits]})
