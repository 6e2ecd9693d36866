"""Several quick messages get one answer, and nobody waits in vain: through the real door."""

import threading

import pytest

from ui.api.turns import RunningTurn

AGES = 120.0  # far longer than a test runs: what is answered was not waited for


@pytest.fixture
def waiting(served, monkeypatch):
    """Set how long the door waits; returns a semaphore that counts the waits that have begun."""
    begun, wait = threading.Semaphore(0), RunningTurn.wait

    def counted(self):
        begun.release()
        wait(self)

    monkeypatch.setattr(RunningTurn, "wait", counted)

    def seconds(number: float) -> threading.Semaphore:
        monkeypatch.setattr(served.service.runner, "_wait_seconds", number)
        return begun

    return seconds


class Sender(threading.Thread):
    """Writes one message and keeps the events of its answer."""

    def __init__(self, talk, text: str) -> None:
        super().__init__()
        self.talk, self.text = talk, text
        self.start()

    def run(self) -> None:
        self.events = self.talk.say(self.text)

    def done(self) -> dict:
        self.join(60)
        assert not self.is_alive(), "no answer came"
        name, data = self.events[-1]
        assert name == "done"
        return data


def roles(talk) -> list[str]:
    return [message["role"] for message in talk.read()["messages"]]


def test_quick_messages_get_one_answer(talk, waiting):
    begun = waiting(AGES)
    first = Sender(talk, "hi")
    assert begun.acquire(timeout=60)
    second = talk.say("How do I return shoes that don't fit?")[-1][1]
    assert first.done()["turn_id"] == second["turn_id"]
    assert "return" in second["reply"]
    assert roles(talk) == ["customer", "customer", "assistant"]


def test_after_the_wait_a_message_is_answered_as_it_is(talk, waiting):
    begun = waiting(0.01)
    assert talk.say("so I ordered shoes and")[-1][1]["reply"]
    assert begun.acquire(blocking=False)
    assert roles(talk) == ["customer", "assistant"]


def test_a_finished_message_is_not_waited_for(talk, waiting):
    begun = waiting(AGES)
    assert talk.say("How long does delivery take to Ireland?")[-1][1]["reply"]
    assert not begun.acquire(blocking=False)


def test_without_seconds_nobody_waits(talk, waiting):
    begun = waiting(0.0)
    assert talk.say("hi")[-1][1]["reply"]
    assert not begun.acquire(blocking=False)


def test_new_messages_start_the_wait_anew_at_most_twice(talk, waiting):
    begun = waiting(AGES)
    senders = []
    for text in ("hi", "so I ordered shoes and", "they are"):
        senders.append(Sender(talk, text))
        assert begun.acquire(timeout=60)
    last = talk.say("and the")[-1][1]
    assert {sender.done()["turn_id"] for sender in senders} == {last["turn_id"]}
    assert roles(talk) == ["customer"] * 4 + ["assistant"]


def test_the_same_message_sent_again_is_still_one(talk, waiting):
    begun = waiting(AGES)
    first = threading.Thread(target=lambda: talk.say("hi", client_id="q-1"))
    first.start()
    assert begun.acquire(timeout=60)
    second = threading.Thread(target=lambda: talk.say("hi", client_id="q-1"))
    second.start()
    assert talk.say("How long does delivery take to Ireland?")[-1][1]["reply"]
    for sender in (first, second):
        sender.join(60)
    assert roles(talk) == ["customer", "customer", "assistant"]


def test_a_server_that_stops_answers_at_once_what_it_waited_with(served, waiting):
    from datetime import UTC, datetime

    from rapport.types import Viewer
    from ui.api.metrics import Metrics
    from ui.api.turns import TurnRunner

    begun = waiting(AGES)
    store = served.service.store
    runner = TurnRunner(served.service.agent, store, Metrics(), wait_seconds=AGES)
    id = store.create_conversation(channel="test", viewer=Viewer(), at=datetime.now(UTC)).id
    runner.answer(id, store.receive(id, "hi", at=datetime.now(UTC)))
    assert begun.acquire(timeout=60)
    runner.close()
    assert store.unanswered(id) == ()
