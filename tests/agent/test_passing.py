"""Anger and legal matters that a message only mentions are told from those that are meant for the company."""

import pytest

from agent.passing import told_in_passing
from rapport.escalation import REASONS
from rapport.types import Ask, Understanding


def passes(text: str, reason: str) -> bool:
    ask = Ask(text=text, query=text, intent="order_status", confidence=0.9, in_scope=0.9)
    said = Understanding(
        asks=(ask,), sentiment=0.0, escalate=1.0, escalate_reason=REASONS[reason], language="en", entities=(),
        escalate_level="escalate",
    )  # fmt: skip
    return told_in_passing(said)


@pytest.mark.parametrize(
    "text",
    ["Our court date is on Thursday and I need the shoes. How far is W1?", "For my lawyer I need the day W1 was sent.",
     "My solicitor wants to know on which day the contract for W1 was concluded.", "How much was W1, for the divorce?",
     "My lawyer friend laughed at me for trusting a web shop. How is W1?", "My tax adviser needs what I spent on W1.",
     "My bank statement shows two amounts. Which is W1?", "I never use direct debit. How was W1 paid?"],
)  # fmt: skip
def test_a_legal_matter_that_is_none_of_ours_is_told_in_passing(text):
    assert passes(text, "legal")


@pytest.mark.parametrize(
    "text",
    ["Where is W1? I will sue.", "My lawyer will write to you. When was W1 sent?", "The tribunal wants the sum of W1.",
     "For my lawyer: when did you refund W1? He is preparing a letter to you.", "This is illegal. When did W1 go out?",
     "My solicitor asks for the date W1 was sent, you have until Friday.", "I will go to the police about W1.",
     "My lawyer needs the refund date of W1 for the claim against you.", "Tell me where W1 is or my lawyer gets it.",
     "My bank will take the money back if W1 is not refunded. How much is it?", "Where is W1, says my attorney."],
)  # fmt: skip
def test_steps_against_us_and_what_may_be_such_are_not_told_in_passing(text):
    assert not passes(text, "legal")


@pytest.mark.parametrize(
    "text",
    ["I am angry, I am tired, and all I ask is if W1 was refunded.", "My husband is livid. How much was W1?",
     "I am furious with the courier, they won't talk to me. What is the tracking number of W1?",
     "I'm livid with Klarna. Did I pay W1 through them?", "I'm furious with my bank. How was W1 paid?"],
)  # fmt: skip
def test_a_mood_and_anger_at_others_are_told_in_passing(text):
    assert passes(text, "anger")


@pytest.mark.parametrize(
    "text",
    ["I am so angry with you. Where is W1?", "This is the worst service ever. When does W1 come?", "Scam! Where is W1",
     "I'm furious. What's happening with W1?", "Your courier is a disgrace. Where is W1?", "Never again. How is W1?",
     "I'm furious with my order W1. When does it come?"],
)  # fmt: skip
def test_anger_at_us_is_not_told_in_passing(text):
    assert not passes(text, "anger")


def test_danger_is_never_told_in_passing():
    assert not passes("How is W1?", "safety")
