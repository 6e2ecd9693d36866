"""What makes a person necessary in whole conversations, and what the agent does then."""

import pytest

from agent.assemble import open_agent
from agent.context import Context, read_context
from agent.worth import StoreWorth
from rapport.settings import load_settings
from rapport.types import Conversation, ConversationId, Identity, State, Viewer

ANNA, BEN = "t:anna", "t:ben"
OWNER = Viewer(ANNA, Identity.VERIFIED)


@pytest.mark.parametrize(
    "text",
    [
        "the charger caught fire and burned my hand",
        "my son is bleeding, we are at the hospital because of your lamp",
        "I will kill you",
        "I don't want to live any more",
        "ich habe mich an der Lampe verletzt",
    ],
)
def test_danger_goes_to_a_person_at_once_and_urgently(shop, text):
    (turn,) = shop.talk(text)
    assert (turn.state, turn.decisions[0].rule) == (State.QUEUED, "escalation")
    assert turn.understanding.escalate >= 0.99
    assert (turn.handover.reason, turn.handover.priority) == ("danger or injury", "urgent")


def test_a_person_asked_for_indirectly_is_called(shop):
    (turn,) = shop.talk("is there a real person I can talk to? I want a human")
    assert (turn.state, turn.decisions[0].rule) == (State.QUEUED, "asked_for_person")


def test_a_lawyer_is_a_case_for_a_person(shop):
    (turn,) = shop.talk("my lawyer will sue you, I am taking legal action and going to court")
    assert turn.state is State.QUEUED
    assert turn.understanding.escalate_reason == "legal steps"


@pytest.mark.parametrize(
    ("text", "reason", "priority"),
    [
        ("I want to talk to a human. The charger caught fire and burned my hand", "danger or injury", "urgent"),
        ("Ich will mit einem Menschen sprechen, ich habe mich an der Lampe verletzt", "danger or injury", "urgent"),
        ("give me a real person, my lawyer will sue you and take you to court", "legal steps", "high"),
        ("Ich möchte einen Mitarbeiter sprechen, sonst gehe ich zum Anwalt und verklage Sie", "legal steps", "high"),
    ],
)
def test_who_asks_for_a_person_out_of_danger_or_with_a_lawyer_is_passed_on_for_that(shop, text, reason, priority):
    (turn,) = shop.talk(text)
    assert (turn.state, turn.decisions[0].rule) == (State.QUEUED, "escalation")
    assert (turn.handover.reason, turn.handover.priority) == (reason, priority)
    assert shop.store.conversation(turn.conversation_id).state is State.QUEUED


@pytest.mark.parametrize("text", ["I want to talk to a human", "Ich will mit einem Menschen sprechen"])
def test_who_asks_for_a_person_and_nothing_else_is_passed_on_for_that(shop, text):
    (turn,) = shop.talk(text)
    assert (turn.decisions[0].rule, turn.handover.priority) == ("asked_for_person", "normal")
    assert turn.handover.reason == "the customer asked for a person"


@pytest.mark.parametrize("text", ["how do I return an item?", "what are your opening hours?", "thanks a lot"])
def test_an_ordinary_message_is_answered(shop, text):
    (turn,) = shop.talk(text)
    assert (turn.understanding.escalate_level, turn.understanding.escalate_reason) == ("answer", "")
    assert turn.state is State.BOT


@pytest.mark.slow
def test_the_same_question_again_weighs_more_each_time(own_sample_home):
    agent = open_agent(own_sample_home, load_settings(own_sample_home))
    turns, id = [], None
    for _ in range(3):
        turns.append(agent.ask("what is the meaning of blorp", viewer=Viewer(), conversation_id=id))
        id = turns[-1].conversation_id
    assert [turn.understanding.escalate_level for turn in turns] == ["answer", "offer", "escalate"]
    shares = [turn.understanding.escalate for turn in turns]
    assert max(shares[:2]) < 0.05 < 0.9 < shares[2]
    assert [read_context(turn.context).unhelped for turn in turns[:2]] == [1, 2]


def test_the_context_keeps_the_last_messages_vectors_and_no_more(shop):
    turns = shop.talk(*["where is my order?"] * 6)
    assert len(read_context(turns[-1].context).said) == 4


def test_one_encoding_a_turn_is_enough(shop, monkeypatch):
    encoder, calls = shop.agent.parts.understander.suite.encoder, []
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts: calls.append(len(texts)) or encode(texts))
    id = shop.talk("hello")[0].conversation_id
    conversation = shop.store.conversation(id)
    calls.clear()
    message = shop.store.receive(id, "I am furious, give me a human", at=shop.clock())
    shop.agent.parts.understander.understand([message], conversation, today=shop.clock().date())
    assert len(calls) == 1


def conversation(customer, identity) -> Conversation:
    return Conversation(
        id=ConversationId("c"), customer_id=customer, identity=identity, channel="test", state=State.BOT
    )


def test_what_is_at_stake_is_the_customers_own_order_against_the_median(shop):
    worth = StoreWorth(shop.store)
    about = Context(order="#W2611399")
    # totals of the shop: 89, 118.80 and 240
    own = worth(conversation(ANNA, Identity.VERIFIED), about)
    assert (own.order, own.usual) == (240.0, 118.8)


@pytest.mark.parametrize(
    ("customer", "identity"), [(BEN, Identity.VERIFIED), (ANNA, Identity.CLAIMED), (None, Identity.ANONYMOUS)]
)
def test_nobody_elses_order_counts(shop, customer, identity):
    worth = StoreWorth(shop.store)(conversation(customer, identity), Context(order="#W2611399"))
    assert (worth.order, worth.usual) == (0.0, 118.8)
