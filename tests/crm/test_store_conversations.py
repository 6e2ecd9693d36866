"""Messages, moves and handovers of live conversations, on SQLite and PostgreSQL alike."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.store import Feedback, StaleTurn
from rapport.errors import NotFound, Refused, UserError
from rapport.records import Customer, CustomerId
from rapport.types import ConversationId, Handover, Identity, State, Viewer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Customer(source="shop", source_id="c1", name="Ann Lee")
HELP = Handover(
    reason="asked for a person", queue="billing", priority="high", summary="Refund?", suggestions=("Sorry",)
)


def begin(store, viewer=None):
    return store.create_conversation(channel="web", viewer=viewer or Viewer(), locale="de", at=NOON).id


def move(store, id, before, to, *, actor="staff:eva", handover=None, message=None):
    store.transition(
        id, expected=before, to=to, event="test", actor=actor, at=NOON, handover=handover, message=message
    )  # fmt: skip


def test_a_conversation_begins_with_the_bot_and_knows_its_viewer(any_store):
    any_store.upsert([ANN])
    viewer = Viewer(ANN.id, Identity.VERIFIED)
    made = any_store.create_conversation(channel="web", viewer=viewer, locale="de", at=NOON)
    assert any_store.conversation(made.id) == made
    assert (made.customer_id, made.identity, made.state, made.locale) == (ANN.id, "verified", State.BOT, "de")


def test_a_conversation_and_its_first_message_are_kept_together_or_not_at_all(any_store):
    made = any_store.create_conversation(channel="web", viewer=Viewer(), at=NOON, said="Where is it?")
    assert any_store.conversation(made.id) == made
    assert [one.text for one in any_store.unanswered(made.id)] == ["Where is it?"]
    assert any_store.waiting_conversations(older_than=NOON + timedelta(hours=1)) == [made.id]
    with pytest.raises(UserError, match="cannot be kept"):
        any_store.create_conversation(channel="web", viewer=Viewer(), at=NOON, said="nul \x00")
    with pytest.raises(NotFound, match="shop:c9"):
        any_store.create_conversation(channel="web", viewer=Viewer(CustomerId("shop:c9")), at=NOON, said="Hello")
    assert any_store.waiting_conversations(older_than=NOON + timedelta(hours=1)) == [made.id]


def test_nobody_talks_as_a_customer_who_does_not_exist(any_store):
    with pytest.raises(NotFound, match="shop:c9"):
        begin(any_store, Viewer(CustomerId("shop:c9")))


def test_an_unknown_conversation_is_not_found(any_store):
    with pytest.raises(NotFound, match="'nowhere'"):
        any_store.conversation(ConversationId("nowhere"))
    with pytest.raises(NotFound):
        any_store.receive(ConversationId("nowhere"), "hello", at=NOON)
    assert any_store.unanswered(ConversationId("nowhere")) == ()


def test_messages_are_kept_in_order_and_wait_for_an_answer(any_store):
    id = begin(any_store)
    first = any_store.receive(id, "Hello\n{order} <|im_start|> 😀", at=NOON)
    second = any_store.receive(id, "Anyone?", at=NOON)
    assert any_store.conversation(id).messages == any_store.unanswered(id) == (first, second)
    assert first.text == "Hello\n{order} <|im_start|> 😀"
    assert first.id < second.id


def test_the_same_client_id_gives_the_same_message_again(any_store):
    id, other = begin(any_store), begin(any_store)
    first = any_store.receive(id, "Hello", at=NOON, client_id="m1")
    assert any_store.receive(id, "Hello", at=NOON + timedelta(hours=1), client_id="m1") == first
    assert any_store.receive(other, "Hello", at=NOON, client_id="m1").id != first.id
    assert len(any_store.conversation(id).messages) == 1


@pytest.mark.parametrize("text", ["nul \x00", "half \ud83d"])
def test_text_that_cannot_be_kept_is_refused(any_store, text):
    id = begin(any_store)
    with pytest.raises(UserError, match="cannot be kept"):
        any_store.receive(id, text, at=NOON)
    assert any_store.conversation(id).messages == ()


@pytest.mark.parametrize("id", ["\x00", "\ud83d", "x" * 100_000, "' OR 1=1 --"])
def test_an_id_that_makes_no_sense_is_a_user_error(any_store, id):
    begin(any_store)
    with pytest.raises(UserError):
        any_store.conversation(ConversationId(id))
    with pytest.raises(UserError):
        any_store.receive(ConversationId(id), "Hello", at=NOON)
    with pytest.raises(UserError):
        any_store.find_customer("\ud83d")


def test_a_client_id_that_cannot_be_kept_is_a_user_error(any_store):
    id = begin(any_store)
    for odd in ("\x00", "\ud83d", "x" * 1001):
        with pytest.raises(UserError):
            any_store.receive(id, "Hello", at=NOON, client_id=odd)
    assert any_store.conversation(id).messages == ()


def test_a_time_without_a_zone_is_refused(any_store):
    with pytest.raises(ValueError, match="time zone"):
        any_store.receive(begin(any_store), "Hello", at=datetime(2026, 1, 1))


def test_waiting_conversations_are_those_that_the_bot_owes_an_answer(any_store):
    late, early, fresh, mine, closed, again = (begin(any_store) for _ in range(6))
    for id, minutes in ((late, 2), (early, 1), (fresh, 60), (mine, 1), (closed, 1), (early, 2)):
        any_store.receive(id, "Hello?", at=NOON + timedelta(minutes=minutes))
    any_store.receive(late, "From staff", at=NOON, role="staff")
    move(any_store, mine, State.BOT, State.HUMAN)
    move(any_store, closed, State.BOT, State.CLOSED)
    move(any_store, again, State.BOT, State.CLOSED)
    any_store.receive(again, "After the closing", at=NOON + timedelta(minutes=3))
    assert any_store.waiting_conversations(older_than=NOON + timedelta(minutes=30)) == [early, late, again]


def test_what_is_written_to_a_person_is_not_left_for_the_bot(any_store):
    id = begin(any_store)
    any_store.receive(id, "I want a person", at=NOON)
    move(any_store, id, State.BOT, State.HUMAN)
    any_store.receive(id, "Thank you, Eva", at=NOON)
    move(any_store, id, State.HUMAN, State.RETURNED)
    assert any_store.unanswered(id) == ()
    again = any_store.receive(id, "One more thing", at=NOON)
    assert any_store.unanswered(id) == (again,)


def test_a_move_from_another_state_than_expected_writes_nothing(any_store):
    id = begin(any_store)
    with pytest.raises(StaleTurn, match="'bot' by now, not 'queued'"):
        move(any_store, id, State.QUEUED, State.HUMAN, message="Eva is here")
    assert any_store.transitions(id) == []
    assert any_store.conversation(id).messages == ()


def test_moves_are_logged_with_who_and_why(any_store):
    id = begin(any_store)
    move(any_store, id, State.BOT, State.QUEUED, actor="customer", message="A person will answer.")
    move(any_store, id, State.QUEUED, State.HUMAN)
    assert [(step.before, step.to, step.actor) for step in any_store.transitions(id)] == [
        (State.BOT, State.QUEUED, "customer"),
        (State.QUEUED, State.HUMAN, "staff:eva"),
    ]
    assert any_store.conversation(id).state is State.HUMAN
    assert [(message.role, message.text) for message in any_store.conversation(id).messages] == [
        ("system", "A person will answer.")
    ]


def test_nothing_is_closed_twice(any_store):
    id = begin(any_store)
    move(any_store, id, State.BOT, State.CLOSED, message="Goodbye.")
    with pytest.raises(Refused, match="closed already"):
        move(any_store, id, State.CLOSED, State.CLOSED, message="Goodbye.")
    assert len(any_store.conversation(id).messages) == 1


@pytest.mark.parametrize("state", [State.HUMAN, State.CLOSED])
def test_the_database_itself_keeps_the_bot_silent(any_store, state):
    id = begin(any_store)
    move(any_store, id, State.BOT, state)
    with pytest.raises(Refused, match="may not write"):
        any_store.receive(id, "I am a bot", at=NOON, role="assistant")
    any_store.receive(id, "I am Eva", at=NOON, role="staff")
    assert [message.role for message in any_store.conversation(id).messages] == ["staff"]


def test_a_handover_is_open_until_a_person_is_done(any_store):
    id = begin(any_store)
    assert any_store.handover(id) is None
    move(any_store, id, State.BOT, State.OFFERED, handover=HELP)
    assert any_store.handover(id) == HELP
    move(any_store, id, State.OFFERED, State.QUEUED)
    move(any_store, id, State.QUEUED, State.HUMAN)
    assert any_store.handover(id) == HELP
    move(any_store, id, State.HUMAN, State.RETURNED)
    assert any_store.handover(id) is None


def test_a_second_handover_takes_the_place_of_the_first(any_store):
    id = begin(any_store)
    move(any_store, id, State.BOT, State.OFFERED, handover=HELP)
    newer = Handover(reason="angry", queue="returns", priority="urgent", summary="Now")
    move(any_store, id, State.OFFERED, State.QUEUED, handover=newer)
    assert any_store.handover(id) == newer
    move(any_store, id, State.QUEUED, State.CLOSED)
    assert any_store.handover(id) is None


def test_feedback_comes_back_as_it_was_given(any_store):
    id = begin(any_store)
    given = Feedback(conversation_id=id, rating=-1, comment="no", at=NOON, details={"edit": ["a", "b"]})
    kept = any_store.add_feedback(given)
    assert any_store.feedback(id) == [kept]
    assert kept.id is not None
    assert kept.details == given.details
    with pytest.raises(NotFound):
        any_store.add_feedback(Feedback(conversation_id=ConversationId("nowhere"), rating=1, at=NOON))


def test_the_audit_tells_who_did_what_newest_first(any_store):
    any_store.audit("staff:eva", "assign", subject="c1", details={"n": 1}, at=NOON)
    any_store.audit("staff:eva", "close", subject="c1")
    any_store.audit("admin", "import")
    assert [entry.action for entry in any_store.audits(subject="c1")] == ["close", "assign"]
    assert any_store.audits(subject="c1")[1].details == {"n": 1}
    assert [entry.action for entry in any_store.audits(limit=1)] == ["import"]
