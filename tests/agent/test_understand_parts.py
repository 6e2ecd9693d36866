"""Clauses, language, set phrases, and follow-ups: the parts that need no model."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clauses import MOST_CLAUSES, split_clauses
from agent.context import Context, Pending, Wanted
from agent.follow_up import follow_up
from agent.language import detect_language
from agent.set_phrases import set_phrase
from rapport.types import Entity

TALK = Context(order="W1", orders=("W1", "W2"), intent="order_status", query="where is my order W1")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("where's my order W1 and how do I return shoes?", ["where's my order W1", "how do I return shoes?"]),
        ("Track W1, also what is your return policy?", ["Track W1", "what is your return policy?"]),
        ("I want to return the shoes and get a refund", ["I want to return the shoes and get a refund"]),
        ("do you have it in blue and in size M?", ["do you have it in blue and in size M?"]),
        ("tell me where W1 is and what it contains", ["tell me where W1 is and what it contains"]),
        (
            "can you check order no. 123 please?and do you ship?",
            ["can you check order no. 123 please?", "do you ship?"],
        ),
        ("Where is it?\nthanks", ["Where is it?", "thanks"]),
        ("???", ["???"]),
    ],
)
def test_a_message_is_cut_where_another_request_begins(text, parts):
    assert [clause.text for clause in split_clauses(text)] == parts


@given(st.text(max_size=300))
def test_clauses_lie_in_the_message_in_order(text):
    clauses = split_clauses(text)
    assert 1 <= len(clauses) <= MOST_CLAUSES
    assert all(text[clause.start : clause.end] == clause.text for clause in clauses)
    assert all(one.end <= other.start for one, other in itertools.pairwise(clauses))


@pytest.mark.parametrize(
    ("text", "default", "language"),
    [
        ("where is my order", "de", "en"),
        ("Wo ist meine Bestellung?", "en", "de"),
        ("je veux retourner mes chaussures", "en", "fr"),
        ("dónde está mi pedido", "en", "es"),
        ("waar is mijn pakket", "en", "nl"),
        ("ok", "de", "de"),
        ("W2611340", "fr-FR", "fr"),
        ("a@b.com 19122", "en-GB", "en"),
        ("", "nl", "nl"),
        ("no", "es", "es"),
    ],
)
def test_the_language_is_the_conversation_s_where_the_text_does_not_say(text, default, language):
    assert detect_language(text, default=default) == language


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Yes!", "confirm"),
        ("yes, please", "confirm"),
        ("No thanks.", "deny"),
        ("Hello there", "greeting"),
        ("thank you so much!!", "thanks"),
        ("Bye 👋", "goodbye"),
        ("no, I meant W2", None),
        ("hello, where is my order", None),
    ],
)
def test_set_phrases_are_whole_messages(text, intent):
    assert set_phrase(text) == intent


def number(text: str, value: str) -> Entity:
    start = text.index(value)
    return Entity(kind="order_number", text=value, value=value, start=start, end=start + len(value))


@pytest.mark.parametrize("text", ["it's W2", "no, I meant W2", "what about W2?", "W2", "sorry, wrong order: W2"])
def test_a_bare_order_number_continues_the_thread(text):
    continued = follow_up(text, [number(text, "W2")], TALK)
    assert continued is not None
    assert (continued.kind, continued.intent) == ("number", "order_status")


def test_a_bare_order_number_answers_what_was_asked_for():
    asked = Context(
        intent="greeting",
        pending=Pending(kind="order_number", wanted=(Wanted(intent="refund_status", text="where is my refund"),)),
    )
    continued = follow_up("W2", [number("W2", "W2")], asked)
    assert continued is not None
    assert (continued.intent, continued.query) == ("refund_status", "where is my refund W2")


def test_a_bare_order_number_at_the_start_asks_for_its_status():
    continued = follow_up("W2", [number("W2", "W2")], Context())
    assert continued is not None
    assert continued.intent == "order_status"


def test_a_number_in_a_request_of_its_own_is_no_follow_up():
    text = "please cancel W2"
    assert follow_up(text, [number(text, "W2")], TALK) is None


def test_an_e_mail_alone_is_given_to_be_identified():
    mail = Entity(kind="email", text="a@b.eu", value="a@b.eu", start=9, end=15)
    continued = follow_up("it's me: a@b.eu", [mail], TALK)
    assert continued is not None
    assert continued.intent == "verify_me"


@pytest.mark.parametrize(
    ("text", "value"),
    [("and the other one?", "W2"), ("the second one", "W2"), ("the first", "W1"), ("the last order", "W2")],
)
def test_pointing_words_stand_for_a_listed_order(text, value):
    continued = follow_up(text, [], TALK)
    assert continued is not None
    assert [entity.value for entity in continued.entities] == [value]
    entity = continued.entities[0]
    assert text[entity.start : entity.end] == entity.text


def test_the_other_one_of_three_is_left_open():
    continued = follow_up("the other one", [], Context(orders=("W1", "W2", "W3"), order="W1", intent="order_status"))
    assert continued is not None
    assert continued.entities == ()


def test_a_question_with_it_is_completed_for_the_search_only():
    continued = follow_up("when will it arrive?", [], TALK)
    assert continued is not None
    assert (continued.kind, continued.intent) == ("pointing", None)
    assert continued.query == "where is my order W1 when will it arrive?"


def test_without_a_thread_nothing_is_completed():
    assert follow_up("when will it arrive?", [], Context()) is None
    assert follow_up("the blue one", [], Context()) is None


@pytest.mark.parametrize("text", ["what about black?", "and blue?", "How about Spain", "ok, and gift cards?"])
def test_a_few_bare_words_are_read_with_the_question_before_them(text):
    continued = follow_up(text, [], TALK)
    assert continued is not None
    assert (continued.kind, continued.intent) == ("bare", None)
    assert continued.query.endswith(text)


def test_bare_words_with_nothing_before_them_are_searched_without_what_about():
    alone = follow_up("and what about returns?", [], Context())
    assert alone is not None
    assert (alone.query, alone.own) == ("returns?", "returns?")


@pytest.mark.parametrize("text", ["how long do I have?", "and is it free?", "how much?", "why?", "when then?"])
def test_a_question_that_names_nothing_is_read_with_the_question_before_it(text):
    continued = follow_up(text, [], TALK)
    if len(text.split()) > 1:
        assert continued is not None
        assert continued.query.endswith(text)
    assert follow_up(text, [], Context()) is None


@pytest.mark.parametrize(
    "text", ["And the one before?", "and before that?", "the previous one", "what about the order after?"]
)
def test_the_order_before_or_after_continues_the_thread(text):
    continued = follow_up(text, [], TALK)
    assert continued is not None
    assert (continued.kind, continued.intent) == ("ellipsis", TALK.intent)


def test_what_now_is_about_what_was_said_before():
    continued = follow_up("so what now?", [], TALK)
    assert continued is not None
    assert (continued.intent, continued.query) == (TALK.intent, TALK.query)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("no I mean if they are faulty", "if they are faulty"), ("Sorry, I meant Switzerland", "Switzerland"),
     ("no no, what i meant was the blue one", "the blue one"), ("I was asking about returns", "returns")],
)  # fmt: skip
def test_a_correction_is_read_with_the_question_that_it_corrects(text, meant):
    continued = follow_up(text, [], TALK)
    assert (continued.kind, continued.own) == ("bare", meant)
    assert continued.query == f"{TALK.query} {meant}"


def test_what_somebody_means_to_do_is_no_correction():
    assert follow_up("I mean business customers pay later, do they?", [], Context()).own
    assert follow_up("he meant to order two pairs of the warm socks for our long trip", [], TALK) is None


@pytest.mark.parametrize("text", ["and is it waterproof?", "what about them in red"])
def test_what_is_asked_of_it_is_no_question_of_its_own(text):
    continued = follow_up(text, [], TALK)
    assert (continued.kind, continued.own) == ("pointing", "")
    assert continued.query == f"{TALK.query} {text}"
