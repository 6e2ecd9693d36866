"""A wish that no pattern knows is believed where its sense is clear and no field of an order is surely asked for."""

import pytest

from agent.assemble import open_agent
from agent.decide_intent import wishes_change
from rapport.settings import load_settings
from rapport.types import Ask, Identity, Viewer


def ask(text, **read):
    return Ask(text=text, query=text, intent="order_status", confidence=0.9, in_scope=0.9, **read)


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


def test_a_wish_in_plain_words_needs_no_sense():
    assert wishes_change(ask("cancel W1", topics=("status",), topics_sure=0.99))


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
