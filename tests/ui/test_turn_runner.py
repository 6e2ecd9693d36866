"""What becomes of turns when the store fails or the server stops."""

import logging
from datetime import UTC, datetime

import pytest

from crm.store import StoreBusy
from rapport.types import Viewer
from ui.api.metrics import Metrics
from ui.api.turns import TurnRunner

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


class Idle:
    """Answers nothing, as where a person took the conversation meanwhile."""

    def respond(self, id, **more):
        return iter(())


@pytest.fixture
def waiting(store):
    id = store.create_conversation(channel="web", viewer=Viewer(), at=NOW).id
    return id, store.receive(id, "Where is my order?", at=NOW)


def test_a_store_that_fails_after_a_turn_is_logged_and_holds_nobody_up(store, waiting, monkeypatch, caplog):
    id, message = waiting
    look, looks = store.unanswered, []

    def busy_later(id):
        looks.append(id)
        if len(looks) > 1:
            raise StoreBusy("busy.")
        return look(id)

    monkeypatch.setattr(store, "unanswered", busy_later)
    runner = TurnRunner(Idle(), store, Metrics())
    with caplog.at_level(logging.ERROR):
        assert list(runner.answer(id, message)) == []
        runner.close()
    assert id in caplog.text
    assert not runner.running(id)


def test_a_closed_runner_lets_nobody_wait(store, waiting):
    id, message = waiting
    runner = TurnRunner(Idle(), store, Metrics())
    runner.close()
    with pytest.raises(RuntimeError):
        runner.answer(id, message)
    assert not runner.running(id)
