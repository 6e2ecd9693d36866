"""The button for a person, pressed while others move the conversation."""

from datetime import UTC, datetime

import pytest

from rapport.settings import Settings
from rapport.types import Handover, State, Viewer
from ui.api.moves import ask_for_a_person

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def id(store):
    return store.create_conversation(channel="web", viewer=Viewer(), at=NOW).id


def press(store, id):
    return ask_for_a_person(store, id, settings=Settings(), reason="", by=("customer", NOW))


def moved_meanwhile(store, monkeypatch, to, **more):
    """Move the conversation between the first look at it and what is written after it."""
    look = store.conversation

    def first(id):
        found = look(id)
        monkeypatch.setattr(store, "conversation", look)
        store.transition(id, expected=found.state, to=to, event="offer", actor="agent", at=NOW, **more)
        return found

    monkeypatch.setattr(store, "conversation", first)


def test_a_turn_that_offers_a_person_meanwhile_does_not_stop_the_button(store, id, monkeypatch):
    moved_meanwhile(store, monkeypatch, State.OFFERED)
    assert press(store, id) is State.QUEUED
    assert store.conversation(id).state is State.QUEUED
    assert store.handover(id) is not None


def test_two_presses_at_once_queue_once(store, id, monkeypatch):
    given = Handover(reason="asked", queue="general", priority="normal", summary="")
    moved_meanwhile(store, monkeypatch, State.QUEUED, handover=given)
    assert press(store, id) is State.QUEUED
    assert store.conversation(id).messages == ()
    assert [move.to for move in store.transitions(id)] == [State.QUEUED]
