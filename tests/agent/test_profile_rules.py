"""Rules on profiles: each condition, each action, and what is said of a rule that is wrong."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.profile_rules import NOTHING, Actions, Occasion, actions_for, read_rules, shipped_rules
from rapport.customer_profiles import CustomerProfile
from rapport.errors import DataError
from rapport.records import CustomerId
from rapport.types import Identity

PROFILE = CustomerProfile(
    customer_id=CustomerId("t:anna"), as_of=datetime(2026, 3, 1, tzinfo=UTC), model="profiles", standing="active",
    segment="keen walkers", churn_risk=0.6, value=400.0, next_purchase_days=20.0, contact_risk=0.3,
    next_reasons=(("refund_status", 0.5), ("order_status", 0.3), ("invoice", 0.1), ("gift_card", 0.05)),
)  # fmt: skip
OCCASION = Occasion(
    profile=PROFILE, identity=Identity.VERIFIED, sentiment=-0.4, intents=("order_status",), decisions=("answer",),
    age_days=2.0, value_rank=0.9,
)  # fmt: skip


def rule(when: dict, then: dict | None = None, *, id: str = "r") -> dict:
    return {"id": id, "when": when, "then": then or {"priority": "up"}}


def applies(when: dict, occasion: Occasion = OCCASION) -> bool:
    return bool(actions_for(read_rules([rule(when)]), occasion).applied)


@pytest.mark.parametrize(
    ("name", "value"),
    [("churn_risk", 0.6), ("contact_risk", 0.3), ("value", 400.0), ("value_rank", 0.9), ("next_purchase_days", 20.0),
     ("age_days", 2.0), ("sentiment", -0.4)],
)  # fmt: skip
def test_a_number_is_bounded_from_both_sides_and_the_bounds_belong_to_it(name, value):
    assert applies({name: {"least": value}})
    assert applies({name: {"most": value}})
    assert applies({name: {"least": value, "most": value}})
    assert not applies({name: {"least": value + 0.05}})
    assert not applies({name: {"most": value - 0.05}})


@pytest.mark.parametrize(
    ("name", "fits", "other"),
    [("segment", "keen walkers", "campers"), ("standing", "active", "new"), ("next_reason", "invoice", "gift_card"),
     ("intent", "order_status", "refund_status"), ("identity", "verified", "claimed"),
     ("decision", "answer", "hand_over")],
)  # fmt: skip
def test_a_list_holds_where_one_of_its_words_does(name, fits, other):
    assert applies({name: [other, fits]})
    assert not applies({name: [other]})


@pytest.mark.parametrize("name", ["churn_risk", "contact_risk", "value", "next_purchase_days", "value_rank"])
def test_what_a_profile_does_not_tell_fulfils_no_bound(name):
    unknown = (
        replace(OCCASION, value_rank=None)
        if name == "value_rank"
        else replace(OCCASION, profile=replace(PROFILE, **{name: None}))
    )
    assert not applies({name: {"least": 0.0}}, unknown)


def test_a_profile_without_a_segment_is_in_none():
    assert not applies({"segment": ["keen walkers"]}, replace(OCCASION, profile=replace(PROFILE, segment=None)))


def test_all_conditions_of_a_rule_must_hold():
    assert applies({"churn_risk": {"least": 0.5}, "standing": ["active"]})
    assert not applies({"churn_risk": {"least": 0.5}, "standing": ["new"]})


def test_no_rule_that_applies_asks_for_nothing():
    assert actions_for(read_rules([rule({"standing": ["new"]})]), OCCASION) == NOTHING
    assert actions_for((), OCCASION) == NOTHING


@pytest.mark.parametrize(
    ("actions", "before", "after"),
    [(Actions(up=True), "normal", "high"), (Actions(up=True), "urgent", "urgent"),
     (Actions(priority="high"), "normal", "high"), (Actions(priority="high"), "urgent", "urgent"),
     (Actions(priority="high", up=True), "low", "high"), (Actions(), "normal", "normal")],
)  # fmt: skip
def test_a_priority_only_ever_rises(actions, before, after):
    assert actions.raised(before) == after


def test_two_rules_that_raise_raise_by_one_step_and_the_first_queue_and_tone_win():
    found = actions_for(
        read_rules(
            [
                rule({"standing": ["active"]}, {"priority": "up", "queue": "care", "tone": "tone_regret"}, id="one"),
                rule({"standing": ["active"]}, {"priority": "up", "queue": "sales", "tone": "tone_thanks"}, id="two"),
                rule({"standing": ["active"]}, {"offer_person": True, "suggest_products": True}, id="three"),
            ]
        ),
        OCCASION,
    )
    assert found.raised("normal") == "high"
    assert (found.queue, found.tone, found.offer_person, found.suggest_products) == ("care", "tone_regret", True, True)
    assert found.applied == ("one", "two", "three")


@pytest.mark.parametrize("identity", [Identity.ANONYMOUS, Identity.CLAIMED])
def test_who_is_not_verified_gets_nothing_that_could_be_noticed(identity):
    then = {"priority": "up", "queue": "care", "tone": "tone_regret", "offer_person": True, "suggest_products": True}
    found = actions_for(read_rules([rule({"standing": ["active"]}, then)]), replace(OCCASION, identity=identity))
    assert (found.tone, found.offer_person, found.suggest_products) == (None, False, False)
    assert (found.up, found.queue) == (True, "care")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"when": {"standing": ["new"]}, "then": {"priority": "up"}}, "no id"),
        (rule({}), "no condition"),
        ({"id": "r", "when": {"standing": ["new"]}}, "no action"),
        ({**rule({"standing": ["new"]}), "unless": {}}, "unknown key 'unless'"),
        (rule({"mood": ["bad"]}), "unknown condition 'mood'"),
        (rule({"standing": ["gone"]}), "unknown standing 'gone'"),
        (rule({"identity": []}), "no list of words"),
        (rule({"intent": "order_status"}), "no list of words"),
        (rule({"churn_risk": 0.5}), "no pair of bounds"),
        (rule({"churn_risk": {"above": 0.5}}), "no pair of bounds"),
        (rule({"churn_risk": {"least": 50}}), "bounds churn_risk by 50"),
        (rule({"value": {"least": True}}), "bounds value by True"),
        (rule({"sentiment": {"least": 0.5, "most": -0.5}}), "least sentiment above its most"),
        (rule({"standing": ["new"]}, {"discount": 5}), "unknown action 'discount'"),
        (rule({"standing": ["new"]}, {"priority": "low"}), "priority 'low'"),
        (rule({"standing": ["new"]}, {"queue": "Big Spenders"}), "queue 'Big Spenders'"),
        (rule({"standing": ["new"]}, {"tone": "sorry"}), "tone 'sorry'"),
        (rule({"standing": ["new"]}, {"tone": "tone_of_voice"}), "no reply template 'tone_of_voice'"),
        (rule({"standing": ["new"]}, {"offer_person": False}), "offer_person False"),
    ],
)
def test_a_wrong_rule_is_refused_and_says_what_is_wrong(row, said):
    with pytest.raises(DataError) as caught:
        read_rules([row])
    assert said in caught.value.message
    assert caught.value.hint


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(DataError, match="two profile rules are called 'r'"):
        read_rules([rule({"standing": ["new"]})] * 2)


def test_the_shipped_rules_are_read_and_each_can_apply():
    assert {found.id for found in shipped_rules()} >= {"valued_customer_may_leave", "something_that_fits"}
    upset = replace(OCCASION, sentiment=-0.9, decisions=("answer", "hand_over"))
    content = replace(OCCASION, sentiment=0.2, intents=("product_question",))
    told = {name for occasion in (upset, content) for name in actions_for(shipped_rules(), occasion).applied}
    assert told == {found.id for found in shipped_rules()}
