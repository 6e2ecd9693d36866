"""Promises that the policy forbids are refused in any wording; what an article says may be quoted."""

import pytest

PROMISES = (
    "Consider it cancelled.", "Your refund is on its way.", "I'll make sure it arrives tomorrow.",
    "You will get 20% off.", "We'll send a new one.", "We are going to refund you.", "You'll be reimbursed in full.",
    "You'll get your money back.", "The amount will be credited.", "A replacement is being sent.",
    "I am cancelling the order for you.", "We will waive the costs.", "I've reserved one for you.",
    "Your cancellation has been confirmed.", "It will definitely arrive.", "You have my word.",
    "It is on the house.", "Use code SAVE at the end.", "I'm a real person.", "I am not a robot.",
    "[here](http://x.example)", "We can give you a discount.", "I will pay it all back.",
)  # fmt: skip


@pytest.mark.parametrize("text", PROMISES)
def test_a_promise_is_refused(verdict_on, text):
    assert not verdict_on(text).passed


@pytest.mark.parametrize(
    "text",
    ["You get your money back within 14 days.", "Students have a discount.", "The first exchange is on the house."],
)
def test_what_an_article_says_may_be_quoted(verdict_on, text):
    assert verdict_on(text, articles=[text]).passed


@pytest.mark.parametrize(
    "text",
    [
        "I can't refund or cancel anything myself.", "We will answer you here.", "You will get a mail.",
        "I'll look into it.", "I have checked it.", "I can help with orders, refunds and invoices.",
        "Would you like me to bring in a colleague?", "I need to make sure it's you.",
    ],
)  # fmt: skip
def test_what_promises_nothing_passes(verdict_on, text):
    assert verdict_on(text).passed
