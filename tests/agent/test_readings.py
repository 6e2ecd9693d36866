"""How surely a message and its parts are for the company, beside each other."""

import pytest

from agent.readings import SET_PHRASE_CONFIDENCE, Reading, beside_others, of_whole


def reading(scope: float, *, intent: str = "delivery_problem") -> Reading:
    return Reading(0, intent, 0.9, scope, ())


def test_the_only_request_of_a_message_is_as_surely_for_the_company_as_the_message():
    # "my games console is faulty. Where do I send it?": the second part alone may be asked of any company
    part = of_whole(reading(0.1), reading(0.9, intent="return_item"))
    assert (part.intent, part.in_scope) == ("return_item", 0.1)


@pytest.mark.parametrize(
    ("whole", "part", "scope"),
    [(0.5, 0.5, 0.5), (0.8, 0.2, 0.5), (0.9, 0.5, 0.75), (1.0, 0.0, 0.5), (0.0, 0.9, 0.003)],
)
def test_one_of_several_requests_lies_half_way_between_its_own_odds_and_the_messages(whole, part, scope):
    assert beside_others(reading(whole), reading(part)).in_scope == pytest.approx(scope, abs=1e-4)


def test_a_set_phrase_means_the_same_in_any_message():
    thanks = Reading(0, "deny", SET_PHRASE_CONFIDENCE, 1.0, ())
    assert of_whole(reading(0.1), thanks) == thanks
    assert beside_others(reading(0.1), thanks) == thanks
