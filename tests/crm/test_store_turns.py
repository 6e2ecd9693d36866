"""A turn is kept whole with all that follows from it, or not at all, and comes back as it was."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from crm.store import StaleTurn
from rapport.errors import NotFound, Refused
from rapport.records import Customer, CustomerId
from rapport.types import (
    Ask,
    Citation,
    ConversationId,
    Decision,
    Draft,
    Entity,
    Handover,
    Hit,
    Identity,
    Message,
    Passage,
    PassageId,
    Reply,
    State,
    ToolResult,
    Turn,
    TurnId,
    Understanding,
    Verdict,
    Viewer,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Customer(source="shop", source_id="c1", name="Ann Lee")
ENTITY = Entity(kind="order_number", text="#W1", value="W1", start=0, end=3)
ASK = Ask(
    text="#W1?", query="#W1?", intent="order_status", confidence=0.9, in_scope=0.98,
    alternatives=(("refund_status", 0.05),), entities=(ENTITY,),
)  # fmt: skip
PASSAGE = Passage(
    id=PassageId("p1"), record="site:a", kind="articles", title="Delivery", text="Three days. {x}", visibility="owner",
    owner=ANN.id, url="/articles/a", version=2, valid_until=NOON,
)  # fmt: skip
VALUES = {
    "total": Decimal("20.30"), "placed": NOON, "day": date(2026, 3, 1), "items": ("Mug", 2), "list": [1, None, True],
    "nested": {"$decimal": "text"}, "score": 0.1,
}  # fmt: skip


def begin(store) -> ConversationId:
    return store.create_conversation(channel="web", viewer=Viewer(), at=NOON).id


def turn(id: ConversationId, *messages: Message, name: str = "t1", **changed) -> Turn:
    made = Turn(
        id=TurnId(name),
        conversation_id=id,
        at=NOON,
        messages=messages,
        understanding=Understanding(
            asks=(ASK,), sentiment=-0.5, escalate=0.1, escalate_reason="", language="en", entities=(ENTITY,)
        ),
        hits=(Hit(PASSAGE, 0.7, 1, "both"),),
        tools=(ToolResult(tool="order_status", found=True, values=VALUES, record="shop:o1"),),
        decisions=(Decision(kind="answer", reason="known", rule="known_order"),),
        draft=Draft(text="Shipped.", citations=(Citation(id="site:a", title="Delivery"),), tools=("order_status",)),
        verdict=Verdict(ungrounded=("4711",)),
        reply=Reply(text="Shipped.", citations=(Citation(id="site:a", title="Delivery", url="/a"),), confidence=0.8),
        handover=None,
        state=State.BOT,
        identity=Identity.ANONYMOUS,
        context={"order": "W1", "orders": ["W1"]},
        ms={"understand": 3.5},
        models={"intent": "intent-1"},
        index_version="v1",
    )
    return replace(made, **changed)


def test_a_turn_comes_back_exactly_as_it_was(any_store):
    id = begin(any_store)
    made = turn(id, any_store.receive(id, "#W1?", at=NOON))
    any_store.save_turn(made, expected=State.BOT)
    assert any_store.turn(made.id) == made
    assert any_store.turns(id) == [made]
    assert any_store.turn(made.id).tools[0].values == VALUES
    with pytest.raises(NotFound):
        any_store.turn(TurnId("t9"))


def test_numbers_of_numpy_become_plain_ones(any_store):
    id = begin(any_store)
    made = turn(id, hits=(Hit(PASSAGE, np.float32(0.5), np.int64(1), "both"),), context={"score": np.float32(0.25)})
    any_store.save_turn(made, expected=State.BOT)
    found = any_store.turn(made.id)
    assert found == made
    assert type(found.hits[0].score) is float


def test_a_turn_answers_its_messages_and_writes_the_reply(any_store):
    id = begin(any_store)
    first, second = (any_store.receive(id, text, at=NOON) for text in ("Hello", "#W1?"))
    third = any_store.receive(id, "Hurry", at=NOON)
    any_store.save_turn(turn(id, first, second), expected=State.BOT)
    assert any_store.unanswered(id) == (third,)
    found = any_store.conversation(id)
    assert [(message.role, message.text) for message in found.messages][-1] == ("assistant", "Shipped.")
    assert found.context == {"order": "W1", "orders": ["W1"]}
    assert any_store.transitions(id) == []


def test_a_turn_tells_who_is_writing(any_store):
    any_store.upsert([ANN])
    id = begin(any_store)
    any_store.save_turn(turn(id, identity=Identity.VERIFIED, customer_id=ANN.id), expected=State.BOT)
    any_store.save_turn(turn(id, name="t2", identity=Identity.VERIFIED), expected=State.BOT)
    found = any_store.conversation(id)
    assert (found.customer_id, found.identity) == (ANN.id, Identity.VERIFIED)


def test_a_turn_that_hands_over_opens_the_handover_and_logs_the_move(any_store):
    id = begin(any_store)
    help = Handover(reason="angry", queue="general", priority="urgent", summary="...")
    made = turn(id, any_store.receive(id, "!!!", at=NOON), state=State.QUEUED, handover=help)
    any_store.save_turn(made, expected=State.BOT, event="request")
    assert any_store.handover(id) == help
    (step,) = any_store.transitions(id)
    assert (step.before, step.to, step.event, step.turn_id) == (State.BOT, State.QUEUED, "request", made.id)


def nothing_of_it_is_kept(store, id):
    assert store.turns(id) == store.transitions(id) == []
    assert all(message.role == "customer" for message in store.conversation(id).messages)
    assert store.conversation(id).context == {}
    assert store.handover(id) is None


def test_a_turn_made_from_another_state_is_stale_and_leaves_nothing(any_store):
    id = begin(any_store)
    message = any_store.receive(id, "#W1?", at=NOON)
    with pytest.raises(StaleTurn, match="'bot' by now, not 'offered'"):
        any_store.save_turn(turn(id, message, state=State.QUEUED), expected=State.OFFERED)
    nothing_of_it_is_kept(any_store, id)
    assert any_store.unanswered(id) == (message,)


def test_a_message_is_answered_once(any_store):
    id, other = begin(any_store), begin(any_store)
    message = any_store.receive(id, "#W1?", at=NOON)
    any_store.save_turn(turn(id, message), expected=State.BOT)
    with pytest.raises(StaleTurn, match="answered by another turn"):
        any_store.save_turn(turn(id, message, name="t2"), expected=State.BOT)
    with pytest.raises(StaleTurn):
        any_store.save_turn(turn(other, message, name="t3"), expected=State.BOT)
    assert len(any_store.turns(id)) == 1
    nothing_of_it_is_kept(any_store, other)


def test_a_person_who_takes_over_during_the_turn_wins(any_store):
    id = begin(any_store)
    made = turn(id, any_store.receive(id, "#W1?", at=NOON))
    any_store.transition(id, expected=State.BOT, to=State.HUMAN, event="assign", actor="eva", at=NOON)
    with pytest.raises(StaleTurn):
        any_store.save_turn(made, expected=State.BOT)
    assert any_store.turns(id) == []


def test_a_turn_never_speaks_while_a_person_owns_the_conversation(any_store):
    id = begin(any_store)
    any_store.transition(id, expected=State.BOT, to=State.HUMAN, event="assign", actor="eva", at=NOON)
    with pytest.raises(Refused, match="may not write"):
        any_store.save_turn(turn(id, state=State.HUMAN), expected=State.HUMAN)
    any_store.save_turn(turn(id, state=State.HUMAN, reply=None), expected=State.HUMAN)
    assert any_store.conversation(id).messages == ()


def test_the_last_turn_may_say_goodbye_and_close(any_store):
    id = begin(any_store)
    any_store.save_turn(turn(id, state=State.CLOSED), expected=State.BOT)
    assert any_store.conversation(id).state is State.CLOSED
    with pytest.raises(Refused):
        any_store.save_turn(turn(id, name="t2", state=State.CLOSED), expected=State.CLOSED)


def test_a_turn_may_reopen_a_closed_conversation(any_store):
    id = begin(any_store)
    any_store.save_turn(turn(id, state=State.CLOSED), expected=State.BOT)
    message = any_store.receive(id, "One more thing", at=NOON)
    any_store.save_turn(turn(id, message, name="t2"), expected=State.CLOSED, event="reopen")
    assert any_store.conversation(id).state is State.BOT
    assert len(any_store.turns(id)) == 2


def test_a_turn_whose_values_cannot_be_kept_is_a_mistake_in_the_code(any_store):
    id = begin(any_store)
    with pytest.raises(TypeError, match="set cannot be kept"):
        any_store.save_turn(turn(id, context={"bad": {1, 2}}), expected=State.BOT)
    with pytest.raises(ValueError, match="no id"):
        any_store.save_turn(turn(id, Message(role="customer", text="Hi", at=NOON)), expected=State.BOT)
    with pytest.raises(NotFound):
        any_store.save_turn(turn(id, customer_id=CustomerId("shop:c9")), expected=State.BOT)
    nothing_of_it_is_kept(any_store, id)


def test_a_conversation_is_one_contact_about_what_its_first_turn_asks(any_store):
    id = begin(any_store)
    for name, at in (("t1", NOON), ("t2", NOON.replace(hour=13))):
        made = turn(id, any_store.receive(id, "#W1?", at=at), name=name, at=at)
        any_store.save_turn(made, expected=State.BOT)
    found = any_store.contact_rows(before=NOON.replace(hour=23))
    assert [intent for _, intent in found] == ["order_status"]
    assert found[0][0] % 1 == pytest.approx(0.5)
    assert not any_store.contact_rows(before=NOON)
