"""Who is writing, by facts that must all match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.context import Context, Pending, Wanted, read_context, write_context
from agent.identify import fact_names, facts_in, identify
from agent.thread import begin
from rapport.doubles import FixedClock
from rapport.settings import VerifySettings
from rapport.types import Ask, Entity, Identity, Message, Understanding, Viewer


def said(text: str) -> list[Message]:
    return [Message(role="customer", text=text, at=FixedClock()())]


def test_the_setting_names_the_facts_in_its_order():
    assert fact_names(VerifySettings(facts="name, postcode,")) == ("name", "postcode")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("80279", {"postcode": "80279"}),
        ("my zip is 80279", {"postcode": "80279"}),
        ("it's 1012 AB", {"postcode": "1012 AB"}),
        ("SW1A 1AA", {"postcode": "SW1A 1AA"}),
        ("my name is Noah Brown and my zip is 80279", {"name": "Noah Brown", "postcode": "80279"}),
        ("Noah Brown, 80279", {"name": "Noah Brown", "postcode": "80279"}),
        ("I will look it up", {}),
    ],
)
def test_facts_that_we_asked_for_are_read(text, found):
    assert facts_in(said(text), (), ("name", "postcode"), asked=True) == found


def test_a_number_is_no_postcode_where_none_was_asked_for():
    assert facts_in(said("I ordered 80279 screws"), (), ("postcode",), asked=False) == {}


@pytest.mark.parametrize(
    ("scope", "language", "outcome", "facts"),
    [
        (0.9, "en", "partial", {"postcode": "2016"}),
        (0.1, "en", "none", {}),
        (0.1, "de", "partial", {"postcode": "2016"}),
    ],
)
def test_what_is_read_as_proof_in_a_message_to_another_company_is_none(shop, scope, language, outcome, facts):
    message = Message(role="customer", text="an oil change for my civic, it is a 2016", at=shop.clock())
    conversation = shop.store.create_conversation(channel="web", viewer=Viewer(), at=shop.clock())
    ask = Ask(text=message.text, query=message.text, intent="verify_me", confidence=0.7, in_scope=scope)
    read = Understanding(
        asks=(ask,), sentiment=0.0, escalate=0.0, escalate_reason="", escalate_level="answer", language=language,
        entities=(),
    )  # fmt: skip
    thread = begin(conversation, [message])
    found = identify(shop.store, thread, read, settings=VerifySettings(), at=shop.clock())
    assert (found.outcome, dict(found.facts)) == (outcome, facts)


def test_an_order_number_is_no_postcode():
    number = Entity(kind="order_number", text="#W80279", value="W80279", start=0, end=7)
    assert facts_in(said("#W80279"), (number,), ("postcode",), asked=True) == {}


def test_facts_may_come_in_any_order_over_several_messages(shop):
    turns = shop.talk("where is my order?", "1012 AB", "anna.berg@example.com")
    assert turns[-1].identity is Identity.VERIFIED


def test_one_corrected_fact_is_enough(shop):
    turns = shop.talk("where is my order?", "anna.berg@example.com 99999", "sorry, 1012 AB")
    assert [turn.identity for turn in turns] == [Identity.ANONYMOUS, Identity.ANONYMOUS, Identity.VERIFIED]


def test_a_verified_customer_is_not_compared_again(shop):
    turns = shop.talk("my email is ben@example.org and my postcode 80331", viewer=Viewer("t:anna", Identity.VERIFIED))
    assert turns[-1].customer_id == "t:anna"


WORDS = st.text(max_size=20)
CONTEXTS = st.builds(
    Context,
    order=st.none() | WORDS,
    orders=st.lists(WORDS, max_size=3).map(tuple),
    intent=st.none() | WORDS,
    query=st.none() | WORDS,
    pending=st.none()
    | st.builds(
        Pending,
        kind=st.sampled_from(["verify", "offer", "which_order"]),
        wanted=st.lists(st.builds(Wanted, intent=WORDS, text=WORDS, order=st.none() | WORDS), max_size=2).map(tuple),
    ),
    facts=st.dictionaries(WORDS, WORDS, max_size=2),
    failures=st.integers(0, 9),
    clarified=st.integers(0, 9),
    trail=st.lists(st.floats(-1, 1), max_size=4).map(tuple),
    since=st.integers(0, 99),
)


@given(CONTEXTS)
def test_a_context_survives_its_storing(context):
    import json

    kept = json.loads(json.dumps(write_context(context)))
    again = read_context(kept)
    assert write_context(again) == write_context(context)
    assert again.pending == context.pending
    assert (again.order or None, again.facts) == (context.order or None, dict(context.facts))
