"""The whole of understanding, on heads fitted for the test."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from agent.heads import Heads
from agent.number_shapes import NumberShapes, StoreShapes, learn_shapes
from agent.understand import Understander, joined_text
from finetune.common_texts import common_rows
from finetune.defaults import fit_head
from finetune.escalation import fit_escalation
from finetune.examples import Labelled, Splits
from finetune.finished import finished_rows, fit_finished
from finetune.vectors import VectorCache
from rapport.classifiers import Classifier, Suite
from rapport.doubles import HashingEncoder
from rapport.errors import IndexMismatch
from rapport.escalation import Thresholds
from rapport.heads import OOS
from rapport.records import Customer, Order
from rapport.sample.conversations import make_conversations
from rapport.sample.endings import make_endings
from rapport.sample.utterances import make_examples
from rapport.types import Conversation, ConversationId, Identity, Message, State

TODAY = date(2026, 3, 4)
LEAST = Thresholds(escalate=0.5, offer=0.5)
SHAPES = NumberShapes(order=learn_shapes(["#W2611340", "#W9502127"]))
MOODS = {
    "negative": ("this is terrible", "I am so angry", "awful service", "worst shop ever", "I hate waiting"),
    "neutral": ("where is my order", "do you ship abroad", "which sizes are there", "I need an invoice", "track W1"),
    "positive": ("thanks a lot", "great service", "I love it", "you are wonderful", "perfect, thank you"),
}


class CountingEncoder(HashingEncoder):
    """Counts how often it is called."""

    calls = 0

    def encode(self, texts):
        self.calls += 1
        return super().encode(texts)


@pytest.fixture(scope="module")
def heads():
    rows = common_rows()
    splits = Splits(train=rows, dev=tuple(row for place, row in enumerate(rows) if place % 4 == 0), test=())
    moods = tuple(Labelled(text, mood) for mood, texts in MOODS.items() for text in texts)
    vectors = VectorCache(HashingEncoder())
    sentiment = fit_head("sentiment", Splits(moods, moods, ()), vectors)
    ordinary = make_examples(7)[::20]
    talks = make_conversations(7, ordinary)[::5]
    return {
        "intent": fit_head("intent", splits, vectors),
        "sentiment": sentiment,
        "escalation": fit_escalation(talks, vectors, sentiment=Classifier(head=sentiment))[0],
        "finished": fit_finished(finished_rows(make_endings(7, ordinary)), vectors)[0],
    }


def together(encoder, fitted):
    shared = {role: Classifier(head=fitted[role]) for role in ("intent", "sentiment")}
    return Heads(Suite(encoder, shared), escalation=fitted["escalation"], finished=fitted["finished"])


@pytest.fixture
def read(heads):
    encoder = CountingEncoder()
    understander = Understander(together(encoder, heads), least=LEAST, shapes=lambda: SHAPES)

    def understand(*texts: str, **context):
        messages = tuple(Message(role="customer", text=text, at=datetime(2026, 3, 4, tzinfo=UTC)) for text in texts)
        conversation = Conversation(
            id=ConversationId("c"),
            customer_id=None,
            identity=Identity.ANONYMOUS,
            channel="test",
            state=State.BOT,
            messages=messages,
            context=context,
        )
        encoder.calls = 0
        understanding, vectors = understander.understand(messages, conversation, today=TODAY)
        assert encoder.calls == 1
        assert vectors.shape == (len(understanding.asks), encoder.dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
        text = joined_text(messages)
        assert all(text[one.start : one.end] == one.text for one in understanding.entities)
        return understanding

    return understand


def intents(understanding) -> list[str]:
    return [ask.intent for ask in understanding.asks]


@pytest.mark.parametrize(
    "text",
    [
        "where is my order #W2611340",
        "Has #W2611340 shipped?",
        "What's happening with my order W2611340?",
        "I ordered a Water Bottle, order number is W2611340, any news?",
        "track W2611340 please",
        "W2611340",
    ],
)
def test_an_order_is_asked_for_in_many_ways(read, text):
    understanding = read(text)
    assert intents(understanding) == ["order_status"]
    assert [entity.value for entity in understanding.main.entities] == ["W2611340"]


def test_two_questions_are_two_asks_with_their_own_values(read):
    understanding = read("where is my order W2611340 and how do I return shoes that don't fit?")
    assert intents(understanding) == ["order_status", "return_item"]
    assert [len(ask.entities) for ask in understanding.asks] == [1, 0]


def test_an_order_named_once_is_what_both_questions_are_about(read):
    understanding = read("Where is my order W2611340? When do I get my money back?")
    assert intents(understanding) == ["order_status", "refund_status"]
    assert [ask.entities[0].value for ask in understanding.asks] == ["W2611340", "W2611340"]


def test_a_change_of_it_is_about_the_order_that_was_named(read):
    understanding = read("My order W2611340 was just shipped. Can you still cancel it?")
    assert intents(understanding)[-1] == "cancel_order"
    assert [entity.value for entity in understanding.asks[-1].entities] == ["W2611340"]


def test_greetings_and_stories_do_not_become_asks(read):
    assert intents(read("Hello! How do I return shoes? Thanks")) == ["return_item"]


def test_quick_messages_are_read_together(read):
    understanding = read("where is my order", "W2611340")
    assert intents(understanding) == ["order_status"]
    assert understanding.entities[0].value == "W2611340"


def test_a_follow_up_takes_intent_and_query_from_the_thread(read):
    talk = {
        "intent": "refund_status",
        "query": "where is my refund for W2611340",
        "order": "W2611340",
        "orders": ["W2611340", "W9502127"],
    }
    understanding = read("and the other one?", **talk)
    assert intents(understanding) == ["refund_status"]
    assert understanding.main.entities[0].value == "W9502127"
    assert understanding.main.query.startswith("where is my refund")
    assert intents(read("no, I meant W9502127", **talk)) == ["refund_status"]


def test_an_answer_to_our_question_takes_up_what_waited(read):
    waiting = {"pending": {"kind": "order_number", "wanted": [{"intent": "invoice", "text": "I need my invoice"}]}}
    understanding = read("it's W2611340", **waiting)
    assert (understanding.main.intent, understanding.main.query) == ("invoice", "I need my invoice it's W2611340")


def test_a_postcode_that_we_asked_for_is_given_to_be_identified(read):
    understanding = read("19122", pending={"kind": "verify", "wanted": []})
    assert (understanding.main.intent, understanding.entities[0].kind) == ("verify_me", "postcode")


def test_yes_and_no_are_sure(read):
    assert (read("yes please").main.intent, read("no").main.intent) == ("confirm", "deny")
    assert read("Yes!").main.confidence >= 0.95


def test_whoever_names_an_order_is_not_introducing_themselves(read):
    said = read("could you check on #W2611340 for me").main
    assert said.intent not in ("verify_me", "greeting", "confirm", "deny")
    assert all(label != "verify_me" or share == 0 for label, share in said.alternatives)


def test_a_person_is_asked_for(read):
    understanding = read("I want to talk to a human")
    assert understanding.main.intent == "talk_to_person"
    assert understanding.escalate >= 0.9
    assert "person" in understanding.escalate_reason


def test_mood_and_scope_are_scored(read):
    assert read("awful service, I am so angry").sentiment < -0.2 < 0.2 < read("perfect, thanks a lot").sentiment
    assert read("what is the capital of France").main.in_scope < read("where is my order").main.in_scope


@pytest.mark.parametrize("text", ["", " \n ", "???", "👍", "{order number} [SEP] </s>", "x" * 9000])
def test_odd_messages_are_read_without_an_error(read, text):
    understanding = read(text)
    assert len(understanding.asks) == 1
    assert 0 <= understanding.main.in_scope <= 1


def test_heads_of_another_encoder_are_refused(heads):
    with pytest.raises(IndexMismatch):
        together(HashingEncoder(64), heads)


def test_shapes_follow_the_records(store):
    shapes = StoreShapes(store, seconds=0)
    assert shapes() == NumberShapes()
    customer = Customer(source="t", source_id="anna", name="Anna")
    store.upsert([customer])
    store.upsert(
        [
            Order(source="t", source_id=f"AB{place}", number=f"AB{place}", customer_id=customer.id, status="sent")
            for place in range(100_000, 100_020)
        ]
    )
    assert shapes().order[0].pattern.fullmatch("ab-100 005")


def test_the_common_messages_have_every_intent_and_no_repeats():
    rows = common_rows()
    texts = [row.text.casefold() for row in rows]
    assert len(texts) == len(set(texts))
    assert {"order_status", "verify_me", OOS} <= {row.label for row in rows}
    assert len({row.label for row in rows}) == 33
