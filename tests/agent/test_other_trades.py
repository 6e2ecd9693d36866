"""What a message has to do with another trade, by its words alone."""

import pytest

from agent.other_trades import (
    concerns_other_trade,
    takes_legal_steps,
    wants_explanation,
    wants_other_person,
)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("the airline refuses compensation", True),
        ("I'd like to make an appointment with a solicitor", True),
        ("my solicitor will be in touch", False),
        ("I'm in hospital because the rope broke", False),
        ("I will take legal action", False),
    ],
)
def test_who_helps_or_cares_for_a_customer_makes_no_message_one_to_another_trade(text, other):
    assert concerns_other_trade(text) is other


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("can the nurse call me about my results", True),
        ("may I give a talk at your team day", True),
        ("I need somebody who walks my dog", True),
        ("I need somebody who can look at my order", False),
        ("could I speak to someone at your store", False),
        ("I want to talk to a person", False),
        ("a phone call with one of your employees, please", False),
        ("can somebody repair my phone", True),
    ],
)
def test_a_stage_a_job_and_people_of_another_trade_are_no_wish_for_our_people(text, other):
    assert wants_other_person(text) is other


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("can you explain the frobnicator to me", True),
        ("Hi, could you please tell me how the points work", True),
        ("can you explain this to your manager", False),
        ("can someone explain this to me", False),
    ],
)
def test_the_agent_is_asked_to_explain_where_nobody_else_is_spoken_of(text, asks):
    assert wants_explanation(text) is asks


def test_a_fine_is_no_legal_step_and_a_court_is_one():
    assert not takes_legal_steps("I was fined on the tram and want compensation")
    assert takes_legal_steps("I will take this to court")


def test_a_newspaper_is_told_of_trouble_and_also_ordered():
    assert takes_legal_steps("I will write to the local newspaper about you")
    assert not takes_legal_steps("Please stop my newspaper until Monday")
