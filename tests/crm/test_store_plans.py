"""What every turn asks of the database is answered from an index, however many records there are."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from rapport.records import Customer, CustomerId, Order, RecordKind
from rapport.types import Viewer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Customer(source="shop", source_id="c1", name="Ann", email="ann@example.com", postcode="1")
ORDER = Order(source="shop", source_id="o1", number="W1", customer_id=ANN.id, status="shipped")


def conversation(store):
    return store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id


QUESTIONS = {
    "match_customer": lambda store: store.match_customer({"email": "ann@example.com", "postcode": "1"}),
    "match_customer by order": lambda store: store.match_customer({"email": "a@b.c", "order_number": "W1"}),
    "find_customer": lambda store: store.find_customer("c1"),
    "orders_of": lambda store: store.orders_of(CustomerId("shop:c1")),
    "orders_of by number": lambda store: store.orders_of(CustomerId("shop:c1"), number="w1"),
    "fetch": lambda store: store.fetch(RecordKind.ORDERS, ["shop:o1"]),
    "changes_since": lambda store: store.changes_since(3),
    "waiting": lambda store: store.waiting_conversations(older_than=NOON),
    "conversation": lambda store: store.conversation(conversation(store)),
    "unanswered": lambda store: store.unanswered(conversation(store)),
    "receive": lambda store: store.receive(conversation(store), "Hello", at=NOON, client_id="x"),
    "handover": lambda store: store.handover(conversation(store)),
    "segments": lambda store: store.segments(),
    "turns": lambda store: store.turns(conversation(store)),
    "iterate": lambda store: list(store.iterate(RecordKind.ORDERS, after="a")),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_table_is_read_through(store, question):
    store.upsert([ANN])
    store.upsert([ORDER])
    asked = []
    engine = store._database.engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, values, *_: asked.append((sql, values)))
    QUESTIONS[question](store)
    selects = [(sql, values) for sql, values in asked if sql.lstrip().startswith("SELECT")]
    assert selects
    with engine.connect() as connection:
        for sql, values in selects:
            plan = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
            assert not [step for step in plan if step[3].startswith("SCAN") and "CONSTANT ROW" not in step[3]], sql


def test_the_newest_change_is_found_without_counting(store):
    with store._database.read() as connection:
        plan = connection.execute(text("EXPLAIN QUERY PLAN SELECT max(id) FROM changes")).all()
    assert [step[3] for step in plan] == ["SEARCH changes"]
