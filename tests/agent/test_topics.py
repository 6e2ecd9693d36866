"""What a message asks of an order: found by clause and by whole, and taken at its word."""

import numpy as np
import pytest

from agent.clauses import split_clauses
from agent.context import Context, Pending, Wanted, read_context, write_context
from agent.topics import single, topic_intent, with_topics
from prompts.fields import TOPICS
from rapport.lexical import PLACES, places
from rapport.topics import Topics
from rapport.types import Ask, Entity

WORDS = {"total": "cost", "carrier": "courier", "refund": "refund", "status": "where"}
NUMBER = Entity(kind="order_number", text="W1", value="W1", start=0, end=2)


@pytest.fixture(scope="module")
def topics() -> Topics:
    """A map by one word a topic; all else asks for nothing."""
    names, table = tuple(TOPICS), np.zeros((PLACES, len(TOPICS) + 1))
    for name, word in WORDS.items():
        table[list(places(word)), names.index(name)] = 30.0
    bias = np.zeros(len(TOPICS) + 1)
    bias[-1] = 5.0
    return Topics(names, "none", np.zeros((len(TOPICS) + 1, 2)), table, bias)


def ask(text: str, intent: str = "order_status", *, entities=(), **more) -> Ask:
    given = {"confidence": 0.9, "in_scope": 0.9, **more}
    return Ask(text=text, query=text, intent=intent, entities=tuple(entities), **given)


def found(topics: Topics, *asks: Ask, whole: str | None = None) -> list[Ask]:
    clauses = split_clauses(whole or asks[0].text)
    texts = list(dict.fromkeys([whole or asks[0].text, *(clause.text for clause in clauses)]))
    read = (texts, np.zeros((len(texts), 2)))
    return list(with_topics(asks, clauses, {text: row for row, text in enumerate(texts)}, read, topics))


def test_each_clause_may_ask_for_a_topic_of_its_own(topics):
    (one,) = found(topics, ask("What did it cost? Which courier has it?"))
    assert one.topics == ("total", "carrier")


def test_who_asks_for_nothing_of_an_order_has_no_topic(topics):
    assert found(topics, ask("Do you sell tents?"))[0].topics == ()
    assert with_topics([ask("cost")], (), {}, ([], np.zeros((0, 2))), None) == (ask("cost"),)


def test_a_sum_in_a_question_about_a_refund_is_that_of_the_refund(topics):
    (one,) = found(topics, ask("Did you refund it? What did it cost?", "refund_status"))
    assert one.topics == ("refund", "refund amount")


def test_the_one_order_that_a_message_names_is_meant_by_its_other_question_too(topics):
    first, second = ask("where is W1", entities=[NUMBER]), ask("what did it cost", "payment_info")
    _, about = found(topics, first, second, whole="where is W1; what did it cost")
    assert about.topics == ("total",)
    assert about.entities == (NUMBER,)


@pytest.mark.parametrize(
    ("asked", "intent"),
    [((), None), (("status",), None), (("parcel",), None), (("carrier",), "order_status"), (("total",), "invoice"),
     (("refund date",), "refund_status"), (("status", "carrier"), "order_status")],
)  # fmt: skip
def test_a_single_field_has_the_intent_whose_record_holds_it(asked, intent):
    assert topic_intent(asked) == intent
    assert bool(single(asked)) is (intent is not None)


def test_a_question_that_waits_for_an_identity_keeps_what_it_asked():
    waiting = Pending(kind="verify", wanted=(Wanted(intent="invoice", text="cost?", order="W1", topics=("total",)),))
    context = Context(pending=waiting)
    assert read_context(write_context(context)) == context
