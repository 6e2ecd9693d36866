"""A question for one field of an order: looked up, kept until the identity is known, never taken for a change."""

from dataclasses import replace

import pytest

from agent.context import Context, Pending
from agent.decide import decide
from agent.facts import Facts, Identified, Limits
from rapport.types import Ask, Entity, Identity, State, Understanding


def ask(intent: str, text: str, topic: str = "", *, number: str = "", sure: float = 0.0) -> Ask:
    named = (Entity(kind="order_number", text=number, value=number, start=0, end=1),) if number else ()
    topics = (topic,) if topic else ()
    return Ask(
        text=text, query=text, intent=intent, confidence=0.95, in_scope=0.95, entities=named, topics=topics,
        topics_sure=sure,
    )  # fmt: skip


def facts(one: Ask, *, answerable: float = 0.0, verified: bool = True) -> Facts:
    said = Understanding(
        asks=(one,), sentiment=0.0, escalate=0.0, escalate_reason="", language="en", entities=one.entities
    )
    return Facts(
        understanding=said, answerable=(answerable,), state=State.BOT, context=Context(), identified=Identified(),
        identity=Identity.VERIFIED if verified else Identity.ANONYMOUS, limits=Limits(),
    )  # fmt: skip


def test_a_field_of_a_named_order_is_looked_up_whatever_the_message_seemed_to_want():
    (one,) = decide(facts(ask("payment_info", "how did I pay for W1", "payment method", number="W1"), answerable=0.9))
    assert (one.rule, one.order, one.topics, one.looks_up) == ("order_status", "W1", ("payment method",), True)
    (one,) = decide(facts(ask("change_order", "what did I put out for W1", "total", number="W1")))
    assert (one.rule, one.topics) == ("invoice", ("total",))


def test_a_change_is_no_question_for_a_field():
    steps = decide(facts(ask("change_order", "please change the size in W1", "items", number="W1")))
    assert not any(one.topics for one in steps)


def test_a_field_that_waited_for_the_identity_is_told_once_it_is_given():
    (asked,) = decide(facts(ask("order_status", "who brings W1", "carrier", number="W1"), verified=False))
    assert asked.rule == "verify"
    assert asked.wanted[0].topics == ("carrier",)
    given = replace(
        facts(ask("verify_me", "anna@example.com 1012")),
        context=Context(pending=Pending(kind="verify", wanted=asked.wanted)),
        identified=Identified(outcome="matched"),
    )
    (told,) = decide(given)
    assert (told.rule, told.order, told.topics) == ("order_status", "W1", ("carrier",))


def test_a_general_question_about_no_order_goes_to_the_articles():
    (one,) = decide(facts(ask("shipping_info", "which carrier do you use", "carrier"), answerable=0.9))
    assert one.rule == "article"


def test_words_of_a_change_are_none_where_a_field_is_clearly_asked_for():
    text = "what day did I put W1 in"
    (one,) = decide(facts(ask("order_status", text, "order date", number="W1", sure=0.95)))
    assert (one.rule, one.topics) == ("order_status", ("order date",))
    change = ask("change_order", "put W1 on my old card", "total", number="W1", sure=0.5)
    assert any(one.rule == "cannot_do" for one in decide(facts(change)))


def test_a_clear_question_inside_a_heated_story_is_answered_and_a_person_offered():
    text = "my accountant is after me, what is the number of the bill of W1"
    asked = facts(ask("invoice", text, "invoice number", number="W1", sure=0.95))
    heated = replace(asked.understanding, escalate=0.6, escalate_level="escalate", escalate_reason="value at risk")
    (one,) = decide(replace(asked, understanding=heated))
    assert (one.rule, one.offers) == ("invoice", True)
    (over,) = decide(replace(asked, understanding=replace(heated, escalate=0.9)))
    assert over.decision.kind == "hand_over"


@pytest.mark.parametrize("topic", ["status", "carrier"])
def test_a_clear_question_is_answered_where_no_word_shows_the_anger_that_is_read(topic):
    def rules(text, reason="anger"):
        asked = facts(ask("order_status", text, topic, number="W1", sure=0.97))
        heated = replace(asked.understanding, escalate=0.95, escalate_level="escalate", escalate_reason=reason)
        return [(one.rule, one.offers) for one in decide(replace(asked, understanding=heated))]

    calm = "No mail, no call, no text. How does W1 stand?"
    assert rules(calm) == [("order_status", True)]
    assert rules(calm, "repeated failure") == [("order_status", True)]
    assert rules("You are liars and thieves. How does W1 stand?") == [("order_status", False), ("escalation", False)]
    assert rules(calm, "danger or injury") == [("escalation", False)]


def test_what_a_court_wants_to_know_of_an_order_is_told_beside_the_handover():
    text = "The tribunal wants the invoice number of W1."
    asked = facts(ask("invoice", text, "invoice number", number="W1", sure=0.97))
    legal = replace(asked.understanding, escalate=0.99, escalate_level="escalate", escalate_reason="legal steps")
    steps = decide(replace(asked, understanding=legal))
    assert [(one.rule, one.offers) for one in steps] == [("invoice", False), ("escalation", False)]
    stranger = decide(replace(asked, understanding=legal, identity=Identity.ANONYMOUS))
    assert [one.rule for one in stranger] == ["escalation"]


def test_a_field_that_is_surely_asked_for_counts_for_more_than_a_less_sure_change():
    text = "tell me how much you return of W1"
    (one,) = decide(facts(ask("return_item", text, "refund amount", number="W1", sure=0.97)))
    assert (one.rule, one.topics) == ("refund", ("refund amount",))
    change = ask("return_item", text, "refund amount", number="W1", sure=0.9)
    assert not any(one.topics for one in decide(facts(change)))
