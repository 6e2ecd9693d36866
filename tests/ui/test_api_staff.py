"""Feedback on replies and events from the site."""

from decimal import Decimal

import pytest

from rapport.records import RecordKind


@pytest.fixture
def customer(served):
    return next(served.service.store.iterate(RecordKind.CUSTOMERS))


def test_a_thumb_is_kept_with_its_turn(served, talk):
    turn = talk.say("How long does delivery take?")[-1][1]["turn_id"]
    body = {"conversation_id": talk.id, "turn_id": turn, "rating": "down", "comment": "too vague"}
    answer = served.client.post("/v1/feedback", json=body, headers=talk.headers)
    assert answer.status_code == 201, answer.text
    (kept,) = served.service.store.feedback(talk.id)
    assert (kept.rating, kept.turn_id, kept.comment, kept.actor) == (-1, turn, "too vague", "customer")


def test_feedback_needs_the_conversations_token_and_a_turn_of_its_own(served, talk):
    body = {"conversation_id": talk.id, "rating": "up"}
    assert served.client.post("/v1/feedback", json=body).status_code == 404
    other = {**body, "turn_id": "none"}
    assert served.client.post("/v1/feedback", json=other, headers=talk.headers).status_code == 404
    assert served.service.store.feedback(talk.id) == []


def test_an_event_is_kept_once(served, customer):
    body = {"source_id": "e-1", "customer": customer.id, "kind": "add_to_cart", "value": 19.9, "attrs": {"page": "a"}}
    before = served.service.store.count(RecordKind.EVENTS)
    for _ in range(2):
        answer = served.client.post("/v1/events", json={**body, "at": "2026-05-01T10:00:00Z"}, headers=served.staff)
        assert answer.status_code == 201, answer.text
    assert served.service.store.count(RecordKind.EVENTS) == before + 1
    assert served.service.store.get(RecordKind.EVENTS, answer.json()["id"]).value == Decimal("19.9")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"customer": "nobody"}, 404),
        ({"at": "2026-05-01T10:00:00"}, 400),
        ({"kind": "Not A Kind"}, 422),
        ({"product_id": "no:such"}, 400),
        ({"source": "a:b"}, 400),
    ],
)
def test_a_wrong_event_is_refused(served, customer, change, status):
    body = {"source_id": "e-2", "customer": customer.id, "kind": "search", **change}
    assert served.client.post("/v1/events", json=body, headers=served.staff).status_code == status


def test_events_and_timelines_need_the_staff_token(served, talk, customer):
    body = {"source_id": "e-3", "customer": customer.id, "kind": "search"}
    assert served.client.post("/v1/events", json=body, headers=talk.headers).status_code == 401
    assert served.client.get(f"/v1/customers/{customer.id}/timeline", headers=talk.headers).status_code == 401


def test_a_timeline_tells_what_happened_newest_first(served, customer):
    answer = served.client.get(f"/v1/customers/{customer.email}/timeline", headers=served.staff)
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entries"]
    times = [entry["at"] for entry in entries if entry["at"]]
    assert times == sorted(times, reverse=True)
    assert {"orders", "events"} & {entry["kind"] for entry in entries}


def test_a_timeline_of_nobody_is_not_found(served):
    assert served.client.get("/v1/customers/nobody/timeline", headers=served.staff).status_code == 404
