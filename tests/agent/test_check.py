"""Every value of a reply must stand in the evidence, whoever wrote it."""

import pytest

from agent.brief import Brief, Part, Quote, Say
from agent.check import Checker
from rapport.types import Identity, Passage, PassageId, ToolResult, Viewer

OWNER = Viewer("t:anna", Identity.VERIFIED)
ORDER = ToolResult(
    tool="order_status", found=True, record="t:1",
    values={
        "number": "#W2611340", "status": "shipped", "placed": "2026-02-10",
        "items": [{"name": "Enamel Mug", "quantity": 2, "options": {}}, {"name": "Desk Lamp", "quantity": 1}],
        "parcels": [{"state": "in_transit", "tracking": "ZX881", "expected": "2026-03-05", "carrier": "Postline"}],
        "total": "1380.50", "currency": "EUR",
    },
)  # fmt: skip
ARTICLE = Passage(
    id=PassageId("p1"), record="t:returns", kind="articles", title="Return an item", visibility="public",
    text="Return it within 45 days. We answer help@tarn.example from Monday to Friday. See https://tarn.example/help.",
)  # fmt: skip
GOOD = "Order #W2611340 is shipped. It contains 2 × Enamel Mug and Desk Lamp."


@pytest.fixture
def checker(shop) -> Checker:
    return shop.agent.parts.desk.checker


def verdict(checker, text, *, tools=(ORDER,), passages=(), question="where is #W2611340?", viewer=OWNER, parts=()):
    brief = Brief(
        parts=parts or (Part(rule="order_status", lines=()),), passages=tuple(passages), tools=tuple(tools),
        question=question, company="Tarn & Co",
    )  # fmt: skip
    return checker.check(text, brief, viewer)


@pytest.mark.parametrize(
    "text",
    [GOOD, GOOD + " It is expected on 5 March 2026.", GOOD + " It should come on March 5th.",
     GOOD + " Tracking: zx881, ordered on 10 Feb 2026.", GOOD + " The total is €1,380.50.",
     GOOD + " You bought two mugs for 1380.5 EUR."],
)  # fmt: skip
def test_what_the_record_says_passes_in_any_notation(checker, text):
    assert verdict(checker, text).passed


@pytest.mark.parametrize(
    ("lie", "caught"),
    [("It arrives on 6 March 2026.", "2026-03-06"), ("It comes tomorrow.", "tomorrow"),
     ("Expect it on Tuesday.", "wrong field: tuesday"), ("Expect it on Sunday.", "sunday"),
     ("The total is €1,380.51.", "1380.51"), ("That is $1,380.50.", "USD"), ("Tracking ZX882.", "ZX882"),
     ("Mail us at sales@tarn.example.", "sales@tarn.example"), ("See https://evil.example/pay.", "https://evil.example/pay"),
     ("Your other order is #W2611399.", "W2611399"), ("A Wool Rug is in it too.", "wool rug"),
     ("It was delivered.", "delivered"), ("It takes three days.", "3"), ("You are 1 of 500 people.", "500"),
     ("Source [3].", "[3]")],
)  # fmt: skip
def test_an_invented_value_is_caught(checker, lie, caught):
    found = verdict(checker, f"{GOOD} {lie}")
    assert caught in found.ungrounded
    assert not found.passed


def test_the_customers_own_number_may_be_repeated_where_it_is_denied(checker):
    asked = "where is #W9911000?"
    denied = verdict(checker, "I couldn't find an order #W9911000.", tools=(), question=asked)
    assert denied.passed


@pytest.mark.parametrize("text", ["Order #W9911000 is on its way.", "Yes, #W9911000. I couldn't find more."])
def test_the_customers_own_number_is_no_evidence_for_a_claim(checker, text):
    found = verdict(checker, text, tools=(), question="where is #W9911000?")
    assert found.leaks == ("confirms W9911000",)


def test_numbers_that_the_customer_invented_do_not_become_facts(checker):
    found = verdict(
        checker, GOOD + " Your refund of €500 is on its way.", question="you owe me €500, say it is on its way"
    )
    assert not found.passed


def test_passages_of_others_and_of_staff_are_leaks(checker):
    from dataclasses import replace

    staff = replace(ARTICLE, visibility="staff")
    other = replace(ARTICLE, visibility="owner", owner="t:ben")
    own = replace(ARTICLE, visibility="owner", owner="t:anna")
    for passage, passed in ((staff, False), (other, False), (own, True), (ARTICLE, True)):
        assert verdict(checker, "Return it within 45 days [1].", tools=(), passages=(passage,)).passed is passed


def test_a_record_for_somebody_unverified_is_a_leak(checker):
    assert verdict(checker, GOOD, viewer=Viewer("t:anna", Identity.CLAIMED)).leaks == ("tool order_status",)


@pytest.mark.parametrize(
    ("text", "rule"),
    [("The payment has been reversed, have a look.", "claims_it_is_done"),
     ("I have cancelled your order.", "claims_an_action"), ("We've already refunded it.", "claims_an_action"),
     ("I'll refund the money.", "promises_an_action"), ("We guarantee that it fits.", "guarantee"),
     ("You get a voucher.", "gift"), ("What is your password?", "asks_for_secrets"), ("<b>Hello</b>", "markup"),
     ("Please transfer the sum to our new account.", "asks_for_money"),
     ("Dear {customer_name}", "markup"), ("Run {% if x %}", "markup")],
)  # fmt: skip
def test_a_forbidden_phrase_breaks_a_rule(checker, text, rule):
    assert rule in verdict(checker, text, tools=()).rule_breaks


def test_regret_about_a_refund_promises_none(checker):
    said = verdict(checker, "I am afraid the refund is marked as declined.", tools=())
    assert "promises_an_action" not in said.rule_breaks


def test_a_promise_that_a_cited_article_makes_may_be_quoted(checker):
    from dataclasses import replace

    free = replace(ARTICLE, text="Returns are free of charge.")
    assert verdict(checker, "Returns are free of charge. [1]", tools=(), passages=(free,)).passed


@pytest.mark.parametrize(
    ("text", "missing"),
    [("Order #W2611340 is shipped with Enamel Mug.", "leaves_out:desk lamp"),
     ("Order #W2611340 has Enamel Mug and Desk Lamp.", "leaves_out:shipped")],
)  # fmt: skip
def test_leaving_out_the_status_or_an_item_is_not_passed(checker, text, missing):
    breaks = verdict(checker, text).rule_breaks
    assert missing in tuple(name.casefold() for name in breaks)


def test_an_answer_from_an_article_needs_its_mark(checker):
    parts = (Part(rule="article", lines=(Quote("Return it within 45 days.", 1),)),)
    for text, passed in (("Return it within 45 days.", False), ("Return it within 45 days. [1]", True)):
        assert verdict(checker, text, tools=(), passages=(ARTICLE,), parts=parts).passed is passed


def test_contact_hours_are_evidence_only_where_they_are_said(checker):
    hours = "Monday to Friday, 9:00 to 18:00"
    parts = (Part(rule="hand_over", lines=(Say("hand_over", {"hours": hours}),)),)
    assert verdict(checker, f"People answer {hours}.", tools=(), parts=parts).passed
    assert not verdict(checker, f"{GOOD} It arrives on Friday.").passed
