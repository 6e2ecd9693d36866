"""Trouble that is hardly about the company, and numbers and changes that are easily misread, from the facts alone."""

import pytest

from agent.context import Context, Pending
from agent.decide import decide
from agent.facts import Facts, Identified, Limits
from rapport.escalation import REASONS
from rapport.types import Ask, Entity, Identity, State, Understanding


def rules(text: str, intent: str, *, scope: float, reason: str = "", sure: float = 0.8, number: str = "",
          others: float = 0.0, waits: str = "") -> list[str]:  # fmt: skip
    """What is decided on a message of an unhappy, verified customer.

    reason: for which a person seems to be needed. others: chance that it concerns another person. waits: what the last
    reply asked for.
    """
    named = (Entity(kind="order_number", text=number, value=number, start=0, end=1),) if number else ()
    asked = Ask(text=text, query=text, intent=intent, confidence=sure, in_scope=scope, entities=named)
    said = Understanding(
        asks=(asked,), sentiment=-0.8, escalate=0.9 if reason else 0.0, escalate_reason=REASONS.get(reason, ""),
        escalate_level="escalate" if reason else "answer", language="en", entities=named,
    )  # fmt: skip
    facts = Facts(
        understanding=said, answerable=(0.0,), state=State.BOT, identified=Identified(), identity=Identity.VERIFIED,
        context=Context(pending=Pending(kind=waits) if waits else None), limits=Limits(), others=(others,),
    )  # fmt: skip
    return [step.rule for step in decide(facts)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("My water bill is three times what I normally pay", "repeated"), ("This film makes me furious", "anger")],
)
def test_trouble_that_is_surely_elsewhere_is_not_for_our_people(text, reason):
    assert rules(text, "payment_info", scope=0.01, reason=reason) == ["out_of_scope"]
    assert rules(text, "payment_info", scope=0.9, reason=reason) == ["escalation"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("I am furious with you", "anger"), ("expect a letter from my legal team", "legal"),
     ("my toddler is choking on a bead", "safety")],
)  # fmt: skip
def test_anger_at_us_and_grave_words_are_heard_however_strange_the_message(text, reason):
    assert rules(text, "complaint", scope=0.01, reason=reason) == ["escalation"]


def test_a_wish_for_a_person_in_plain_words_is_heard_though_it_is_read_as_something_else():
    assert rules("could one of you ring me about it", "order_status", scope=0.1, reason="person") == [
        "asked_for_person"
    ]
    assert rules("can the nurse ring me about it", "order_status", scope=0.1, reason="person") == ["out_of_scope"]


def test_a_number_of_another_company_is_no_order_to_look_up():
    assert rules("my meter reading is 48213", "change_order", scope=0.04, number="48213") == ["out_of_scope"]
    assert rules("my order is 48213", "order_status", scope=0.9, number="48213") == ["order_status"]


def test_words_that_ask_for_a_change_outweigh_an_unsure_reading_of_a_delivery():
    text = "order W1 must not be sent"
    assert rules(text, "delivery_problem", scope=0.9, sure=0.7, number="W1") == ["order_status", "cannot_do"]
    assert rules(text, "delivery_problem", scope=0.9, sure=0.95, number="W1") == ["delivery"]


@pytest.mark.parametrize(
    ("text", "reason", "scope"),
    [
        ("The airline refuses compensation for my delay", "legal", 0.1),
        ("I was fined on the tram though I had a ticket", "legal", 0.1),
        ("Call a plumber for me, the pipe is leaking", "safety", 0.01),
        ("can the nurse call me about my results", "person", 0.3),
    ],
)
def test_trouble_with_another_trade_is_not_for_our_people_whatever_its_words_show(text, reason, scope):
    assert rules(text, "complaint", scope=scope, reason=reason)[0] not in ("escalation", "asked_for_person")


@pytest.mark.parametrize(
    ("text", "reason", "scope"),
    [
        ("my solicitor is preparing a claim", "legal", 0.05),
        ("the carabiner broke and I'm bleeding, the ambulance is here", "safety", 0.01),
        ("the doctor says that your gloves gave me a rash", "safety", 0.01),
        ("give me a human", "person", 0.1),
    ],
)
def test_a_threat_to_us_an_injury_and_a_wish_for_a_person_are_heard_beside_such_names(text, reason, scope):
    assert rules(text, "talk_to_person", scope=scope, reason=reason)[0] in ("escalation", "asked_for_person")


def test_who_asks_for_an_explanation_does_not_ask_for_a_person():
    asked = rules("can you explain the frobnicator to me", "talk_to_person", scope=0.8, reason="person", sure=0.99)
    assert asked[0] not in ("escalation", "asked_for_person")


def test_who_somebody_is_is_not_told():
    assert rules("how old is Aoife Byrne?", "product_question", scope=0.6) == ["out_of_scope"]
    assert rules("when did Marie Curie die", "product_question", scope=0.01) == ["out_of_scope"]
    assert rules("what did Aoife Byrne buy", "product_question", scope=0.01) == ["others"]


def test_what_concerns_another_person_by_its_sense_is_not_answered():
    text = "what size does Greta take, it is a surprise"
    assert rules(text, "order_status", scope=0.9, others=0.9) == ["others"]
    assert rules(text, "order_status", scope=0.9, others=0.5) == ["order_status"]


def test_a_named_order_is_looked_up_and_facts_that_were_asked_for_are_compared_whoever_is_spoken_of():
    assert rules("my brother's W1", "order_status", scope=0.9, others=0.9, number="W1") == ["order_status"]
    assert "others" not in rules("it was Greta Lee's card", "order_status", scope=0.9, others=0.9, waits="verify")


def test_what_is_outside_the_company_is_said_to_be_so_whoever_is_spoken_of():
    assert rules("when is Greta's train", "order_status", scope=0.1, others=0.9) == ["out_of_scope"]


def steps_of(*asks: Ask) -> list[str]:
    """What is decided on a calm message of a verified customer with these requests."""
    said = Understanding(
        asks=asks, sentiment=0.0, escalate=0.0, escalate_reason="", escalate_level="answer", language="en",
        entities=tuple(entity for one in asks for entity in one.entities),
    )  # fmt: skip
    facts = Facts(
        understanding=said, answerable=tuple(0.0 for _ in asks), state=State.BOT, context=Context(),
        identified=Identified(), identity=Identity.VERIFIED, limits=Limits(),
    )  # fmt: skip
    return [step.rule for step in decide(facts)]


def ask(text: str, intent: str, *, number: str = "") -> Ask:
    named = (Entity(kind="order_number", text=number, value=number, start=0, end=1),) if number else ()
    return Ask(text=text, query=text, intent=intent, confidence=0.9, in_scope=0.9, entities=named)


def test_a_part_that_only_tells_a_story_gets_no_answer_beside_a_request():
    cancels = ask("cancel my order W1", "cancel_order", number="W1")
    assert "no_answer" not in steps_of(cancels, ask("I have no account with you", "data_privacy"))
    assert "no_answer" in steps_of(cancels, ask("who may see my data", "data_privacy"))


def test_an_order_that_is_told_of_is_not_told_of_again_before_a_change():
    status, cancels = ask("W1 was just sent", "order_status", number="W1"), ask("stop it", "cancel_order", number="W1")
    assert steps_of(status, cancels) == ["order_status", "cannot_do"]
    assert steps_of(cancels) == ["order_status", "cannot_do"]


def test_a_death_is_reported_to_us_although_it_hardly_sounds_like_a_shop():
    assert rules("My uncle died, what of the tent he bought", "wrong_item", scope=0.04) == ["bereavement"]
    assert rules("My uncle died, what of his allotment", "wrong_item", scope=0.01) == ["out_of_scope"]
