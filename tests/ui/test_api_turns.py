"""Turns go on without their listeners, and a second listener joins instead of starting a second turn."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from agent.events import Finished, Token
from rapport.errors import ModelError
from rapport.types import Viewer
from ui.api.metrics import Metrics
from ui.api.turns import Failed, TurnRunner


class Gate:
    """The real agent, held at a gate so that a test decides when a turn goes on."""

    def __init__(self, agent) -> None:
        self.agent, self.go, self.turns = agent, threading.Event(), 0

    def respond(self, id, **more) -> Iterator[object]:
        self.turns += 1
        assert self.go.wait(30)
        yield from self.agent.respond(id, **more)


class Broken:
    """An agent whose model fails the first time."""

    def __init__(self, agent) -> None:
        self.agent, self.calls = agent, 0

    def respond(self, id, **more) -> Iterator[object]:
        self.calls += 1
        if self.calls == 1:
            raise ModelError("the model is away.")
        yield from self.agent.respond(id, **more)


@pytest.fixture
def begun(served):
    """The store, the agent and a conversation with one unanswered message."""
    store, now = served.service.store, datetime.now(UTC)
    id = store.create_conversation(channel="test", viewer=Viewer(), at=now).id
    return store, served.service.agent, id, store.receive(id, "How long does delivery take?", at=now)


def test_a_turn_is_finished_and_kept_when_its_listener_leaves(begun):
    store, agent, id, message = begun
    gate = Gate(agent)
    runner = TurnRunner(gate, store, Metrics())
    listener = runner.answer(id, message)
    del listener
    gate.go.set()
    runner.close()
    assert [kept.role for kept in store.conversation(id).messages] == ["customer", "assistant"]


def test_a_second_listener_hears_the_same_turn_from_its_beginning(begun):
    store, agent, id, message = begun
    gate = Gate(agent)
    runner = TurnRunner(gate, store, Metrics())
    first, second = runner.answer(id, message), runner.answer(id, message)
    gate.go.set()
    heard = list(first)
    assert heard == list(second)
    assert isinstance(heard[-1], Finished)
    assert any(isinstance(event, Token) for event in heard)
    runner.close()
    assert gate.turns == 1


def test_a_message_that_comes_during_a_turn_is_answered_after_it_without_being_asked_for(begun):
    store, agent, id, _ = begun
    gate = Gate(agent)
    runner = TurnRunner(gate, store, Metrics())
    runner.resume(datetime.now(UTC))
    late = store.receive(id, "And how do I return something?", at=datetime.now(UTC))
    gate.go.set()
    outcome = runner.answer(id, late)
    runner.close()
    assert outcome is not None
    assert store.unanswered(id) == ()


def test_a_failed_turn_is_told_and_the_message_can_be_tried_again(begun):
    store, agent, id, message = begun
    metrics = Metrics()
    runner = TurnRunner(Broken(agent), store, metrics)
    failed = list(runner.answer(id, message))
    assert isinstance(failed[-1], Failed)
    assert store.unanswered(id) == (message,)
    assert isinstance(list(runner.answer(id, message))[-1], Finished)
    runner.close()
    assert b"rapport_failed_turns_total 1.0" in metrics.text()


def test_what_a_stop_left_waiting_is_answered_at_the_next_start(begun):
    store, agent, id, _ = begun
    runner = TurnRunner(agent, store, Metrics())
    runner.resume(datetime.now(UTC))
    runner.close()
    assert store.unanswered(id) == ()


@pytest.mark.slow
def test_an_answer_whose_connection_was_cut_is_kept_and_given_again(site):
    import httpx

    with httpx.Client(base_url=site.address, timeout=30) as client:
        made = client.post("/v1/conversations", json={}).json()
        address, headers = f"/v1/conversations/{made['id']}", {"Authorization": f"Bearer {made['token']}"}
        body = {"text": "How long does delivery take?", "client_id": "cut-1"}
        with client.stream("POST", f"{address}/messages", json=body, headers=headers) as answer:
            assert next(answer.iter_lines())
        again = client.post(f"{address}/messages", json=body, headers=headers).text
        kept = client.get(address, headers=headers).json()["messages"]
    assert [message["role"] for message in kept] == ["customer", "assistant"]
    assert "event: done" in again
