"""Who owns a conversation: the moves by hand. Any order of them is in test_handover_machine."""

import threading
from collections import Counter
from contextlib import suppress

import pytest

from agent import handover
from rapport.errors import Refused
from rapport.types import Ask, Handover, State, ToolResult, Understanding


@pytest.mark.parametrize(
    ("state", "event", "then"),
    [
        ("bot", "offer", "offered"), ("offered", "accept", "queued"), ("offered", "decline", "bot"),
        ("offered", "message", "bot"), ("bot", "request", "queued"), ("queued", "message", "queued"),
        ("queued", "assign", "human"), ("human", "message", "human"), ("human", "release", "returned"),
        ("returned", "message", "bot"), ("closed", "reopen", "bot"), ("human", "close", "closed"),
    ],
)  # fmt: skip
def test_the_moves_of_the_design(state, event, then):
    assert handover.next_state(State(state), event) is State(then)


@pytest.mark.parametrize(
    ("state", "event"),
    [("closed", "close"), ("closed", "assign"), ("human", "offer"), ("human", "request"), ("bot", "release"),
     ("bot", "accept"), ("queued", "reopen")],
)  # fmt: skip
def test_a_move_that_does_not_exist_is_refused_and_says_what_is_possible(state, event):
    with pytest.raises(Refused) as caught:
        handover.next_state(State(state), event)
    assert caught.value.hint.startswith("Possible: ")


def test_no_event_leads_from_a_person_to_the_agent_but_the_persons_own():
    for event in ("message", "offer", "request", "accept", "decline", "assign"):
        with suppress(Refused):
            assert handover.next_state(State.HUMAN, event) is State.HUMAN


def asked(*intents: str, sentiment: float = 0.0, level: str = "answer", reason: str = "") -> Understanding:
    asks = tuple(Ask(text=f"about {name}", query="", intent=name, confidence=1, in_scope=1) for name in intents)
    return Understanding(
        asks=asks, sentiment=sentiment, escalate=0.9, escalate_reason=reason, language="en", entities=(),
        escalate_level=level,
    )  # fmt: skip


def test_the_person_gets_the_reason_the_question_the_mood_and_what_was_tried():
    made = handover.make_handover(
        "the customer asked for a person", asked("refund_status"),
        tools=[ToolResult(tool="refund", found=True, record="t:1"), ToolResult(tool="orders", found=False)],
        tried=["refund: asks for a record"], trail=[-0.2, -0.7],
    )  # fmt: skip
    assert made.queue == "billing"
    for words in ("asked for a person", "about refund_status", "-0.2, -0.7", "refund found t:1", "orders found nothing",
                  "refund: asks for a record"):  # fmt: skip
        assert words in made.summary


@pytest.mark.parametrize(
    ("sentiment", "level", "reason", "priority"),
    [(0.2, "answer", "", "normal"), (-0.7, "answer", "", "high"), (0.0, "escalate", "legal steps", "high"),
     (0.0, "escalate", "danger or injury", "urgent"), (0.0, "offer", "anger", "normal")],
)  # fmt: skip
def test_mood_and_danger_set_the_priority(sentiment, level, reason, priority):
    made = handover.make_handover(
        "r", asked("complaint", sentiment=sentiment, level=level, reason=reason), tools=(), tried=(), trail=()
    )
    assert made.priority == priority


def test_asking_for_a_person_is_no_emergency():
    made = handover.make_handover(
        "r", asked("talk_to_person", level="escalate", reason="asks for a person"), tools=(), tried=(), trail=()
    )
    assert made.priority == "normal"


def test_a_conversation_is_closed_once_with_one_message(shop):
    (turn,) = shop.talk("hello")
    handover.close(shop.store, turn.conversation_id, actor="mia", at=shop.clock())
    with pytest.raises(Refused):
        handover.close(shop.store, turn.conversation_id, actor="mia", at=shop.clock())
    closing = [m for m in shop.store.conversation(turn.conversation_id).messages if m.role == "system"]
    assert len(closing) == 1


def test_two_who_close_at_once_leave_one_closing_message(shop):
    (turn,) = shop.talk("hello")
    outcomes: list[str] = []

    def close() -> None:
        try:
            handover.close(shop.store, turn.conversation_id, actor="mia", at=shop.clock())
            outcomes.append("closed")
        except Refused:  # StaleTurn is one
            outcomes.append("refused")

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"closed": 1, "refused": 3}
    assert [m.role for m in shop.store.conversation(turn.conversation_id).messages].count("system") == 1


def test_asking_for_a_person_twice_queues_once(shop):
    (turn,) = shop.talk("hello")
    packet = Handover(reason="button", queue="general", priority="normal", summary="s")
    for _ in range(2):
        handover.hand_over(shop.store, turn.conversation_id, packet, by=("customer", shop.clock()))
    moves = [move.event for move in shop.store.transitions(turn.conversation_id)]
    assert moves == ["request"]
    assert shop.store.handover(turn.conversation_id) == packet
