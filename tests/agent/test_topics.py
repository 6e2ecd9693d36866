"""What a message asks of an order: found by clause and by whole, and taken at its word."""

import numpy as np
import pytest

from agent.clauses import split_clauses
from agent.context import Context, Pending, Wanted, read_context, write_context
from agent.topics import TopicReading, single, topic_intent, with_topics
from prompts.fields import TOPICS
from rapport.heads import Head
from rapport.lexical import PLACES, places
from rapport.topics import NOTHING, Topics, make_topics
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
    weights = np.zeros((len(TOPICS) + 1, 2))
    return make_topics(names, Head(labels=(*names, NOTHING), weights=weights, bias=bias, words=table, base="none"))


def ask(text: str, intent: str = "order_status", *, entities=(), **more) -> Ask:
    given = {"confidence": 0.9, "in_scope": 0.9, **more}
    return Ask(text=text, query=text, intent=intent, entities=tuple(entities), **given)


def found(topics: Topics, *asks: Ask, whole: str | None = None) -> list[Ask]:
    message = whole or asks[0].text
    clauses = split_clauses(message)
    texts = list(dict.fromkeys([message, *(clause.text for clause in clauses)]))
    chances = topics.classifier.head.predict(np.zeros((len(texts), 2)), texts).probabilities
    reading = TopicReading(topics, {text: row for row, text in enumerate(texts)}, chances)
    return list(with_topics(asks, clauses, reading, message=message))


def test_each_clause_may_ask_for_a_topic_of_its_own(topics):
    (one,) = found(topics, ask("What did it cost? Which courier has it?"))
    assert one.topics == ("total", "carrier")


def test_who_asks_for_nothing_of_an_order_has_no_topic(topics):
    assert found(topics, ask("Do you sell tents?"))[0].topics == ()
    assert with_topics([ask("cost")], (), None, message="cost") == (ask("cost"),)


def test_a_part_is_read_in_the_light_of_the_whole_message(topics):
    """Alone the second sentence asks for the carrier; what goes before tells that the refund is meant."""
    text = "I wait for it. Who has it?"
    clauses = split_clauses(text)
    assert len(clauses) == 2
    names = (*TOPICS, NOTHING)
    whole, first, second = (np.full(len(names), 0.001) for _ in range(3))
    whole[names.index("refund method")] = first[-1] = 0.98
    second[names.index("carrier")], second[names.index("refund method")] = 0.7, 0.2
    rows = {text: 0, clauses[0].text: 1, clauses[1].text: 2}
    reading = TopicReading(topics, rows, np.stack([whole, first, second]))
    (one,) = with_topics([ask(text)], clauses, reading, message=text)
    assert one.topics == ("refund method",)
    # so it is where what goes before seems to be a request of its own
    asks = [ask(clause.text) for clause in clauses]
    assert with_topics(asks, clauses, reading, message=text)[1].topics == ("refund method",)


def test_what_only_the_whole_message_asks_for_is_found_beside_what_its_parts_do(topics):
    text = "I bought W1 for us. Who has it?"
    clauses = split_clauses(text)
    names = (*TOPICS, NOTHING)
    whole, first, second = (np.full(len(names), 0.001) for _ in range(3))
    whole[names.index("refund method")] = first[-1] = second[names.index("carrier")] = 0.98
    reading = TopicReading(topics, {text: 0, clauses[0].text: 1, clauses[1].text: 2}, np.stack([whole, first, second]))
    asks = [ask(clauses[0].text, entities=[NUMBER]), ask(clauses[1].text)]
    one, other = with_topics(asks, clauses, reading, message=text)
    assert (one.topics, other.topics) == ((), ("carrier", "refund method"))


def test_a_sum_in_a_question_about_a_refund_is_that_of_the_refund(topics):
    (one,) = found(topics, ask("Did you refund it? What did it cost?", "refund_status"))
    assert one.topics == ("refund", "refund amount")


def read_as(topics: Topics, text: str, chances: dict[str, float], *asks: Ask) -> list[Ask]:
    """The requests of a text of one part with these chances, the rest of which is for asking nothing."""
    names = (*TOPICS, NOTHING)
    row = np.zeros(len(names))
    for name, chance in {**chances, NOTHING: 1.0 - sum(chances.values())}.items():
        row[names.index(name)] = chance
    return list(with_topics(asks, split_clauses(text), TopicReading(topics, {text: 0}, row[None]), message=text))


def test_how_a_refund_stands_is_not_how_the_order_does(topics):
    text = "any news of my refund for W1"
    (one,) = read_as(topics, text, {"refund": 0.8, "status": 0.19}, ask(text, entities=[NUMBER]))
    assert one.topics == ("refund",)
    (other,) = read_as(topics, text, {"status": 0.8, "refund": 0.19}, ask(text, entities=[NUMBER]))
    assert other.topics == ("status", "refund")


def test_of_an_order_that_is_named_the_likeliest_field_is_told_rather_than_all(topics):
    text = "W1 by whom?"
    chances = {"carrier": 0.3, "total": 0.05}
    (one,) = read_as(topics, text, chances, ask(text, entities=[NUMBER]))
    assert (one.topics, one.topics_sure) == (("carrier",), 0.0)
    (unnamed,) = read_as(topics, text, chances, ask(text))
    (other,) = read_as(topics, text, chances, ask(text, "store_info", entities=[NUMBER]))
    assert (unnamed.topics, other.topics) == ((), ())


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
