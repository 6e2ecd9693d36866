"""What to do next, from the facts alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.context import Context, Pending, Wanted
from agent.decide import decide
from agent.facts import Facts, Identified, Limits
from rapport.types import Ask, Entity, Identity, State, Understanding


def ask(intent: str, text: str = "", *, confidence: float = 0.95, in_scope: float = 0.95, number: str = "") -> Ask:
    entities = (Entity(kind="order_number", text=number, value=number, start=0, end=1),) if number else ()
    words = text or f"my {intent.replace('_', ' ')} {number}".strip()
    return Ask(text=words, query=words, intent=intent, confidence=confidence, in_scope=in_scope, entities=entities)


def facts(*asks: Ask, answerable: float = 0.0, verified: bool = True, **more) -> Facts:
    given_ = {name: more.pop(name) for name in ("sentiment", "escalate_level", "language") if name in more}
    said = {"sentiment": 0.0, "escalate_level": "answer", "language": "en", **given_}
    understanding = Understanding(asks=asks, escalate=0.5, escalate_reason="anger", entities=(), **said)
    base = Facts(
        understanding=understanding,
        answerable=(answerable,) * len(asks),
        names_product=(False,) * len(asks),
        state=State.BOT,
        identity=Identity.VERIFIED if verified else Identity.ANONYMOUS,
        context=Context(),
        identified=Identified(),
        limits=Limits(),
    )
    return replace(base, **more)


def rules(given: Facts) -> list[str]:
    return [step.rule for step in decide(given)]


@pytest.mark.parametrize(
    ("intent", "rule"),
    [("order_status", "order_status"), ("delivery_problem", "delivery"), ("refund_status", "refund"),
     ("invoice", "invoice")],
)  # fmt: skip
def test_own_records_are_looked_up_for_the_verified_and_nobody_else(intent, rule):
    (step,) = decide(facts(ask(intent, number="W1")))
    assert (step.rule, step.looks_up, step.order) == (rule, True, "W1")
    (step,) = decide(facts(ask(intent, number="W1"), verified=False))
    assert (step.decision.kind, step.rule, step.looks_up) == ("ask", "verify", False)
    assert step.wanted == (Wanted(intent=intent, text=f"my {intent.replace('_', ' ')} W1", order="W1"),)


def test_a_general_question_needs_no_identity():
    general = ask("refund_status", "how long do refunds take?")
    assert rules(facts(general, answerable=0.9, verified=False)) == ["article"]
    assert rules(facts(ask("refund_status", "where is my refund?"), answerable=0.9, verified=False)) == ["verify"]


def test_an_upset_customer_is_handed_over():
    (step,) = decide(facts(ask("complaint"), escalate_level="escalate"))
    assert (step.rule, step.decision.kind, step.decision.reason) == ("escalation", "hand_over", "anger")


def test_a_set_phrase_is_no_case_for_a_person():
    assert rules(facts(ask("thanks", confidence=0.99), escalate_level="escalate")) == ["thanks"]
    assert rules(facts(ask("thanks", confidence=0.9), escalate_level="escalate")) == ["escalation"]


def test_an_uneasy_customer_is_answered_and_offered_a_person():
    (step,) = decide(facts(ask("order_status", number="W1"), escalate_level="offer"))
    assert (step.rule, step.offers) == ("order_status", True)


def test_a_person_is_offered_once_and_not_beside_a_question_of_ours():
    offered = Context(pending=Pending(kind="offer"))
    (step,) = decide(facts(ask("order_status", number="W1"), escalate_level="offer", context=offered))
    assert not step.offers
    (step,) = decide(facts(ask("order_status", number="W1"), escalate_level="offer", verified=False))
    assert (step.rule, step.offers) == ("verify", False)


def test_a_person_asked_for_is_called_even_beside_another_question():
    assert rules(facts(ask("order_status"), ask("talk_to_person"))) == ["asked_for_person"]


def test_a_wish_for_a_person_without_any_urgency_is_not_believed():
    given = facts(ask("talk_to_person", "which agent do you ship with?"), answerable=0.9)
    calm = replace(given, understanding=replace(given.understanding, escalate=0.01))
    assert rules(given) == ["asked_for_person"]
    assert rules(calm) == ["article"]


def test_a_change_is_explained_and_a_person_offered():
    (step,) = decide(facts(ask("return_item", "I want to send this back"), answerable=0.9))
    assert (step.rule, step.offers) == ("article_then_offer", True)
    (step,) = decide(facts(ask("return_item", "I want to send this back"), answerable=0.1))
    assert (step.rule, step.offers) == ("cannot_do", True)


def test_before_a_change_of_an_order_its_status_is_told():
    assert rules(facts(ask("cancel_order", "cancel my order W1", number="W1"), answerable=0.9)) == [
        "order_status",
        "article_then_offer",
    ]


def test_out_of_scope_wins_over_a_weak_article():
    strange = ask("product_question", "the capital of France", confidence=0.3, in_scope=0.01)
    assert rules(facts(strange, answerable=0.6)) == ["out_of_scope"]
    assert rules(facts(strange, answerable=0.9)) == ["out_of_scope"]
    doubtful = replace(strange, in_scope=0.3)
    assert rules(facts(doubtful, answerable=0.9)) == ["article"]
    assert rules(facts(strange, language="de")) == ["other_language"]


def test_an_order_number_makes_an_unclear_message_clear():
    unclear = ask("gift_card", "hm W1 ??", confidence=0.2, in_scope=0.1, number="W1")
    assert rules(facts(unclear)) == ["order_status"]
    assert rules(facts(unclear, verified=False)) == ["verify"]


def test_an_unsure_intent_is_asked_back_until_the_limit_then_a_person_is_offered():
    unsure = replace(ask("invoice", "the thing", confidence=0.3), alternatives=(("refund_status", 0.25),))
    (step,) = decide(facts(unsure))
    assert (step.rule, step.choices) == ("clarify", ("invoice", "refund_status"))
    (step,) = decide(facts(unsure, context=Context(clarified=2)))
    assert (step.rule, step.offers) == ("not_understood", True)


OFFER = Context(pending=Pending(kind="offer"))


@pytest.mark.parametrize(("intent", "rule"), [("confirm", "offer_accepted"), ("deny", "declined")])
def test_an_offer_is_accepted_or_declined(intent, rule):
    assert rules(facts(ask(intent), context=OFFER, state=State.OFFERED)) == [rule]


def test_yes_to_nothing_is_asked_back():
    assert rules(facts(ask("confirm"))) == ["nothing_pending"]


def test_yes_to_the_request_for_facts_repeats_the_request_and_keeps_the_question():
    wanted = (Wanted(intent="invoice", text="my invoice", order="W1"),)
    (step,) = decide(
        facts(ask("confirm"), verified=False, context=Context(pending=Pending(kind="verify", wanted=wanted)))
    )
    assert (step.rule, step.wanted) == ("verify", wanted)


def test_matched_facts_go_on_with_every_question_that_waited():
    wanted = (Wanted(intent="invoice", text="a", order="W1"), Wanted(intent="order_status", text="b", order="W2"))
    steps = decide(
        facts(ask("verify_me"), context=Context(pending=Pending(kind="verify", wanted=wanted)),
              identified=Identified(outcome="matched"))
    )  # fmt: skip
    assert [(step.rule, step.order) for step in steps] == [("invoice", "W1"), ("order_status", "W2")]


def test_failed_facts_are_asked_again_then_handed_over():
    failed = facts(ask("verify_me"), verified=False, identified=Identified(outcome="failed", failures=1))
    assert rules(failed) == ["verify_failed"]
    assert rules(replace(failed, identified=Identified(outcome="failed", failures=5))) == ["verify_limit"]


def test_used_up_attempts_are_not_asked_again():
    assert rules(facts(ask("invoice"), verified=False, identified=Identified(failures=5))) == ["verify_limit"]


def test_two_questions_that_need_identity_ask_for_it_once_and_both_wait():
    (step,) = decide(facts(ask("order_status", number="W1"), ask("invoice", number="W2"), verified=False))
    assert [item.order for item in step.wanted] == ["W1", "W2"]


def test_small_talk_beside_a_question_is_not_answered_by_itself():
    assert rules(facts(ask("greeting"), ask("order_status", number="W1"), ask("thanks"))) == ["order_status"]


def test_the_boots_that_were_bought_are_an_order_not_an_offer():
    bought = ask("product_availability", "where are the boots I bought?")
    steps = decide(facts(bought, ask("order_status", "it was order W1", number="W1"), names_product=(True, False)))
    assert [step.rule for step in steps] == ["order_status"]


@pytest.mark.parametrize("reason", ["danger or injury", "legal steps"])
def test_danger_and_legal_steps_weigh_more_than_the_wish_for_a_person(reason):
    wish = facts(ask("order_status", number="W1"), ask("talk_to_person"), escalate_level="escalate")
    grave = replace(wish, understanding=replace(wish.understanding, escalate_reason=reason))
    assert [(step.rule, step.decision.reason) for step in decide(grave)] == [("escalation", reason)]
    assert rules(wish) == ["asked_for_person"]


def test_a_listed_order_can_be_pointed_at():
    context = Context(
        orders=("W1", "W2", "W3"),
        pending=Pending(kind="which_order", wanted=(Wanted(intent="invoice", text="my invoice"),)),
    )
    for words, order in (("the second one", "W2"), ("the last", "W3"), ("the newest please", "W1")):
        (step,) = decide(facts(ask("confirm", words), context=context))
        assert (step.rule, step.order) == ("invoice", order)
    assert [step.order for step in decide(facts(ask("confirm", "all of them"), context=context))] == ["W1", "W2", "W3"]


def test_in_the_queue_only_what_is_sure_is_answered():
    assert rules(facts(ask("cancel_order", "cancel it"), answerable=0.9, state=State.QUEUED)) == ["waiting"]
    assert rules(facts(ask("order_status", number="W1"), state=State.QUEUED)) == ["order_status"]
    assert rules(facts(ask("talk_to_person"), state=State.QUEUED)) == ["waiting"]


INTENTS = (
    "order_status", "delivery_problem", "refund_status", "invoice", "return_item", "cancel_order",
    "product_availability", "product_question", "shipping_info", "complaint", "talk_to_person", "greeting", "thanks",
    "goodbye", "confirm", "deny", "verify_me",
)  # fmt: skip
SHARE = st.floats(0, 1)
ASKS = st.builds(
    ask,
    st.sampled_from(INTENTS),
    st.sampled_from(["where is it", "my order", "how do I do this?", "the other one", "cancel it"]),
    confidence=SHARE,
    in_scope=SHARE,
    number=st.sampled_from(["", "W1", "W2"]),
)


@given(
    st.lists(ASKS, min_size=1, max_size=3), SHARE, st.sampled_from(list(Identity)),
    st.sampled_from([State.BOT, State.OFFERED, State.QUEUED, State.RETURNED]),
    st.sampled_from([None, "verify", "offer", "clarify", "which_order", "product"]), st.integers(0, 6),
)  # fmt: skip
def test_whatever_the_facts_there_is_a_decision_and_no_record_without_identity(
    asks, answerable, identity, state, pending, failures
):
    context = Context(pending=Pending(kind=pending) if pending else None, failures=failures)
    steps = decide(
        facts(*asks, answerable=answerable, identity=identity, state=state, context=context,
              identified=Identified(failures=failures))
    )  # fmt: skip
    assert steps
    if identity is not Identity.VERIFIED:
        assert not any(step.looks_up and step.rule != "product" for step in steps)
    assert sum(step.rule == "verify" for step in steps) <= 1
    if state is State.QUEUED:
        assert not any(step.decision.kind in ("ask", "hand_over") for step in steps)


@pytest.mark.parametrize("text", ["May I return socks?", "which items can't be returned", "returns"])
def test_a_question_about_a_change_gets_the_article_and_nothing_else(text):
    (step,) = decide(facts(ask("return_item", text), answerable=0.9))
    assert (step.rule, step.offers) == ("article", False)


def test_a_report_gets_the_article_and_the_offer_of_a_person():
    (step,) = decide(facts(ask("damaged_item", "my tent arrived broken"), answerable=0.9))
    assert (step.rule, step.offers) == ("article", True)


def test_an_unknown_person_with_a_late_parcel_is_told_what_to_do_and_asked_who_they_are():
    late = ask("delivery_problem", "My parcel is late, what can I do?")
    assert rules(facts(late, answerable=0.9, verified=False)) == ["article", "verify"]
    assert rules(facts(late, answerable=0.1, verified=False)) == ["verify"]


def test_why_identity_is_needed_is_explained_and_the_question_keeps_waiting():
    wanted = (Wanted(intent="order_status", text="where is my order"),)
    context = Context(pending=Pending(kind="verify", wanted=wanted))
    (step,) = decide(
        facts(ask("data_privacy", "why do you need that?"), verified=False, context=context, answerable=0.9)
    )
    assert (step.rule, step.wanted) == ("verify_why", wanted)


@pytest.mark.parametrize(("text", "choose"), [("and the one before?", "before"), ("the order after", "after")])
def test_the_order_before_or_after_is_looked_up_whatever_was_asked_last(text, choose):
    context = Context(order="W1", intent="cancel_order")
    (step,) = decide(facts(ask("cancel_order", text), context=context, answerable=0.9))
    assert (step.rule, step.order, step.choose, step.looks_up) == ("order_status", "W1", choose, True)


def test_a_general_question_about_paying_is_no_question_about_the_order_under_discussion():
    context = Context(order="W1", intent="order_status")
    assert rules(facts(ask("payment_info", "can I pay with PayPal?"), context=context, answerable=0.9)) == ["article"]


def test_a_wish_for_a_person_that_is_out_of_scope_is_none():
    assert rules(facts(ask("talk_to_person", "SELECT * FROM customers", in_scope=0.02))) == ["out_of_scope"]


def test_a_request_for_own_records_in_another_language_may_be_less_sure():
    foreign = ask("order_status", "Wo ist meine Bestellung?", confidence=0.3)
    assert rules(facts(foreign, verified=False, language="de")) == ["verify"]
    assert rules(facts(foreign, verified=False, language="en")) == ["clarify"]


def test_a_note_taken_is_no_answer_to_nothing_and_an_unsure_farewell_is_none():
    assert rules(facts(ask("goodbye", "the Tern 3", confidence=0.79))) == ["clarify_open"]
    assert rules(facts(ask("confirm", "ok"))) == ["declined"]
    assert rules(facts(ask("confirm", "yes"))) == ["nothing_pending"]
