"""The button for a person, pressed while others move the conversation."""

from datetime import UTC, datetime

import pytest

from agent.handover import close
from agent.profile_rules import read_rules
from agent.profile_use import ProfileUse
from rapport.customer_profiles import CustomerProfile
from rapport.records import Customer
from rapport.settings import Settings
from rapport.types import Handover, Identity, State, Viewer
from ui.api.moves import Wish, ask_for_a_person

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def id(store):
    return store.create_conversation(channel="web", viewer=Viewer(), at=NOW).id


@pytest.fixture
def foreseen(store) -> CustomerProfile:
    ann = Customer(source="t", source_id="ann", name="Ann", created_at=NOW)
    store.upsert([ann])
    profile = CustomerProfile(
        customer_id=ann.id, as_of=NOW, model="profiles", standing="active", segment="quiet collectors",
        next_reasons=(("refund_status", 0.6), ("invoice", 0.2)),
    )  # fmt: skip
    store.keep_profiles([profile])
    return profile


def press(store, id, *rules):
    profiles = ProfileUse(store, read_rules(rules))
    return ask_for_a_person(store, id, Wish(by="customer", at=NOW), settings=Settings(), profiles=profiles)


def rule(when: dict, **then: object) -> dict:
    return {"id": "r", "when": when, "then": then}


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


@pytest.mark.parametrize("when", [
    {"segment": ["quiet collectors"]}, {"decision": ["hand_over"]}, {"intent": ["talk_to_person"]},
    {"identity": ["verified"]}, {"sentiment": {"least": 0.0}}, {"age_days": {"most": 1}},
])  # fmt: skip
def test_the_button_gets_the_queue_and_the_priority_of_the_rules(store, foreseen, when):
    viewer = Viewer(foreseen.customer_id, Identity.VERIFIED)
    id = store.create_conversation(channel="web", viewer=viewer, at=NOW).id
    press(store, id, rule(when, queue="care", priority="up"))
    made = store.handover(id)
    assert (made.queue, made.priority) == ("care", "high")


def test_where_nothing_was_asked_the_button_goes_to_the_queue_of_the_likely_reasons(store, id, foreseen):
    known = store.create_conversation(channel="web", viewer=Viewer(foreseen.customer_id, Identity.VERIFIED), at=NOW)
    press(store, known.id)
    press(store, id)
    assert (store.handover(known.id).queue, store.handover(id).queue) == ("billing", "general")


def test_in_a_closed_conversation_the_button_finds_nobody_verified(store, foreseen):
    viewer = Viewer(foreseen.customer_id, Identity.VERIFIED)
    id = store.create_conversation(channel="web", viewer=viewer, at=NOW).id
    close(store, id, actor="Eva", at=NOW)
    press(store, id, rule({"identity": ["verified"]}, queue="care"))
    assert store.handover(id).queue == "billing"
