"""What is told beside something else: facts that prove who writes, an "ok", a corrected invoice."""

from dataclasses import replace

import pytest

from agent.context import Context, Pending, Wanted
from agent.decide import decide
from agent.facts import Facts, Identified, Limits
from rapport.types import Ask, Entity, Identity, State, Understanding


def ask(intent: str, text: str, *, number: str = "") -> Ask:
    entities = (Entity(kind="order_number", text=number, value=number, start=0, end=1),) if number else ()
    return Ask(text=text, query=text, intent=intent, confidence=0.95, in_scope=0.95, entities=entities)


def facts(*asks: Ask, answerable: float = 0.0, outcome: str = "none") -> Facts:
    said = Understanding(
        asks=asks, sentiment=0.0, escalate=0.0, escalate_reason="", escalate_level="answer", language="en", entities=()
    )
    return Facts(
        understanding=said, answerable=(answerable,) * len(asks), names_product=(False,) * len(asks), state=State.BOT,
        identity=Identity.VERIFIED, context=Context(), identified=Identified(outcome=outcome), limits=Limits(),
    )  # fmt: skip


def rules(given: Facts) -> list[str]:
    return [step.rule for step in decide(given)]


def test_damage_told_with_the_facts_that_prove_who_writes_is_not_overlooked():
    torn = ask("damaged_item", "My jacket arrived torn. jo@example.com 39169, W1", number="W1")
    assert rules(facts(torn, outcome="matched")) == ["order_status", "cannot_do"]
    assert rules(facts(torn, outcome="matched", answerable=0.9)) == ["order_status", "article"]


def test_taking_note_of_a_reply_needs_no_answer_beside_a_question():
    noted, asked = ask("deny", "no"), ask("order_status", "where is W1?", number="W1")
    assert rules(facts(noted, asked)) == ["order_status"]
    assert rules(facts(noted)) == ["declined"]


def test_other_words_on_an_invoice_are_a_change_and_no_question_for_the_invoice():
    wrong = ask("invoice", "please put my company name on the invoice for W1", number="W1")
    assert rules(facts(wrong, answerable=0.9)) == ["order_status", "article_then_offer"]
    assert rules(facts(wrong)) == ["order_status", "cannot_do"]
    assert rules(facts(replace(wrong, text="which name is on the invoice for W1?"))) == ["invoice"]


def test_what_waits_for_identity_facts_still_waits_after_words_that_give_none():
    waiting = (Wanted(intent="order_status", text="where is my order?"),)
    none_given = facts(ask("verify_me", "I don't have the number at hand"))
    context = Context(pending=Pending(kind="verify", wanted=waiting))
    (again,) = decide(replace(none_given, identity=Identity.ANONYMOUS, context=context))
    assert (again.rule, again.wanted) == ("verify", waiting)


def test_an_article_says_how_a_change_is_made_only_where_the_kind_of_change_is_clear():
    sure = ask("cancel_order", "cancel my order W1", number="W1")
    assert rules(facts(sure, answerable=0.9)) == ["order_status", "article_then_offer"]
    assert rules(facts(replace(sure, confidence=0.6), answerable=0.9)) == ["order_status", "cannot_do"]


@pytest.mark.parametrize(
    ("text", "intent", "told"),
    [
        ("She is 17", "product_availability", []),
        ("tell me the new one", "account_change", []),
        ("and tell me if they've got anything coming", "order_status", []),
        ("take me off the list", "account_change", ["cannot_do"]),
        ("where is the parcel I ordered?", "order_status", ["order_status"]),
        ("do you have the boots in 42?", "product_availability", ["product"]),
    ],
)
def test_a_part_beside_a_question_about_another_person_is_answered_where_it_is_about_their_own(text, intent, told):
    about_another = ask("order_status", "what did jo@example.com buy?")
    assert rules(facts(about_another, ask(intent, text))) == sorted(
        ["others", *told], key=lambda rule: rule != "others"
    )
