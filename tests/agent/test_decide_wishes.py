"""A wish that no pattern knows is believed where its sense is clear and no field of an order is surely asked for."""

from dataclasses import replace

import pytest

from agent.assemble import open_agent
from agent.context import Context
from agent.decide import decide
from agent.decide_intent import wishes_change
from agent.facts import Facts, Identified, Limits
from rapport.settings import load_settings
from rapport.types import Ask, Identity, State, Understanding, Viewer
from rapport.wishes import CANCEL, RECORD


def ask(text, **read):
    return Ask(text=text, query=text, intent="order_status", confidence=0.9, in_scope=0.9, **read)


def decided(asked, *, answerable=0.7):
    """The steps for a message. answerable: probability that the articles answer it."""
    said = Understanding(
        asks=(asked,), sentiment=0.0, escalate=0.0, escalate_reason="", escalate_level="answer", language="en",
        entities=(),
    )  # fmt: skip
    facts = Facts(
        understanding=said, answerable=(answerable,), state=State.BOT, identified=Identified(),
        identity=Identity.VERIFIED, context=Context(), limits=Limits(), others=(0.0,),
    )  # fmt: skip
    return decide(facts)


@pytest.mark.parametrize(
    ("read", "believed"),
    [
        ({"wish_sure": 0.9}, True),
        ({"wish_sure": 0.65}, True),
        ({"wish_sure": 0.55}, False),
        ({"wish_sure": 0.9, "topics": ("parcel",), "topics_sure": 0.8}, True),
        ({"wish_sure": 0.7, "topics": ("parcel",), "topics_sure": 0.8}, False),
        ({"wish_sure": 0.99, "topics": ("parcel",), "topics_sure": 0.97}, False),
    ],
)
def test_a_wish_by_its_sense_gives_way_to_a_field_that_is_surely_asked_for(read, believed):
    assert wishes_change(ask("W1 may stay where it is", **read)) is believed


@pytest.mark.parametrize(
    ("text", "wish", "sure", "believed"),
    [
        ("W1 may stay where it is", CANCEL, 0.92, True),
        ("W1 may stay where it is", CANCEL, 0.88, False),
        ("which tracking link does W1 have?", CANCEL, 0.92, False),
        ("could you see to it that W1 stays where it is?", CANCEL, 0.98, True),
        ("W1 brought me points. Put them right.", RECORD, 0.98, False),
    ],
)
def test_a_plain_wish_for_an_order_outweighs_a_field_and_a_question_needs_a_surer_one(text, wish, sure, believed):
    read = {"topics": ("tracking number",), "topics_sure": 0.99, "wish": wish, "wish_sure": sure, "wish_share": sure}
    assert wishes_change(ask(text, **read)) is believed


def test_points_to_be_put_right_are_not_answered_with_how_points_work():
    wished = {"wish": RECORD, "wish_share": 0.98, "wish_sure": 0.99}
    asked = replace(ask("can you put 100 points back on?", **wished), intent="loyalty_program")
    assert [step.rule for step in decided(asked, answerable=0.9)] == ["cannot_do"]
    less = replace(asked, wish_share=0.9)
    assert [step.rule for step in decided(less, answerable=0.9)] == ["article"]


def test_a_wish_in_plain_words_needs_no_sense():
    assert wishes_change(ask("cancel W1", topics=("status",), topics_sure=0.99))


@pytest.mark.parametrize(
    ("read", "intent", "rule"),
    [
        ({"wish": RECORD, "wish_share": 0.9}, "loyalty_program", "cannot_do"),
        ({"wish": RECORD, "wish_share": 0.7, "wish_sure": 0.95}, "loyalty_program", "article"),
        ({"wish": CANCEL, "wish_share": 0.9}, "loyalty_program", "article"),
        ({"wish": RECORD, "wish_share": 0.9}, "account_change", "article_then_offer"),
    ],
)
def test_records_that_the_chat_cannot_change_are_not_answered_with_what_is_known_of_them(read, intent, rule):
    asked = replace(ask("please put the 40 points on my card", **read), intent=intent)
    (step,) = decided(asked)
    assert (step.rule, step.offers) == (rule, rule != "article")


@pytest.mark.parametrize(
    ("text", "confidence", "rule"),
    [
        ("how many days until a parcel is in Lyon?", 0.95, "article"),
        ("how many days until a parcel is in Lyon?", 0.8, "out_of_scope"),
        ("how many days until my passport is in Lyon?", 0.95, "out_of_scope"),
    ],
)
def test_an_article_answers_a_plain_question_though_it_sounds_foreign(text, confidence, rule):
    asked = Ask(text=text, query=text, intent="shipping_info", confidence=confidence, in_scope=0.4)
    assert [step.rule for step in decided(asked)] == [rule]


@pytest.mark.slow
def test_an_order_that_is_on_its_way_is_not_only_told_where_it_is(own_sample_home, sample):
    agent = open_agent(own_sample_home, load_settings(own_sample_home))
    order = next(order for order in sample.orders if order.status == "shipped" and order.customer_id)
    for text in (
        f"Be so kind and let {order.number} never reach my door, my wife has the same one",
        f"I shall not be in need of {order.number} any longer",
    ):
        turn = agent.ask(text, viewer=Viewer(order.customer_id, Identity.VERIFIED))
        assert {one.rule for one in turn.decisions} & {"too_late", "article_then_offer", "cannot_do"}, text
