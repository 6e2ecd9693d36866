"""The profile of a customer beside what colleagues get over HTTP, and in nothing that the customer gets."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rapport.customer_profiles import CustomerProfile
from rapport.records import Customer, RecordKind
from rapport.types import ConversationId, Identity, Viewer

NOW = datetime(2026, 10, 20, tzinfo=UTC)
QUESTION = "Can I return shoes that I have worn outside?"


@pytest.fixture
def foreseen(served) -> CustomerProfile:
    made = Customer(source="crm", source_id="mira", name="Mira Holt", email="mira@example.com", created_at=NOW)
    served.service.store.remove(RecordKind.CUSTOMERS, [made.id])
    served.service.store.upsert([made])
    profile = CustomerProfile(
        customer_id=made.id, as_of=NOW, model="profiles", standing="active", segment="quiet collectors",
        churn_risk=0.73, value=99.0,
    )  # fmt: skip
    served.service.store.keep_profiles([profile])
    return profile


@pytest.fixture
def known(served, foreseen):
    """A conversation of a verified customer: its id and the headers of who opened it."""
    viewer = Viewer(customer_id=foreseen.customer_id, identity=Identity.VERIFIED)
    conversation, token = served.service.open(viewer=viewer, channel="web")
    return conversation.id, {"Authorization": f"Bearer {token}"}


def post(served, address: str, headers: dict[str, str], **body: object):
    answer = served.client.post(f"/v1/conversations/{address}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_suggested_reply_comes_with_the_profile_and_does_not_say_it(served, known):
    id, headers = known
    post(served, f"{id}/assign", served.staff, name="Anna")
    post(served, f"{id}/messages", headers, text=QUESTION)
    said = served.client.post("/v1/suggestions", json={"conversation_id": id}, headers=served.staff).json()
    assert any("quiet collectors" in line for line in said["profile"])
    assert "collector" not in said["text"]


def test_a_handover_by_the_button_carries_the_profile_and_the_customer_reads_none_of_it(served, known):
    id, headers = known
    events = post(served, f"{id}/messages", headers, text=QUESTION)
    moved = post(served, f"{id}/handover", headers, reason="I want a person")
    assert "Risk of leaving: high (73%)" in served.service.store.handover(ConversationId(id)).summary
    seen = served.client.get(f"/v1/conversations/{id}", headers=headers).json()
    for text in (events, moved, json.dumps(seen)):
        assert not any(word in text.casefold() for word in ("collector", "risk of leaving", "73%", "segment"))


def test_a_person_asked_for_by_the_button_or_in_words_comes_from_the_same_queue_with_the_same_priority(
    served, foreseen
):
    store, now = served.service.store, served.service.clock()
    valued = replace(foreseen, as_of=now, value=1e6, next_reasons=(("refund_status", 0.6),))
    other = Customer(source="crm", source_id="noor", name="Noor Ray", created_at=NOW)
    store.upsert([other])
    store.keep_profiles([valued, replace(foreseen, customer_id=other.id, value=1.0)])
    made = []
    for verb, body in (("messages", {"text": "I want to talk to a person, please."}), ("handover", {})):
        viewer = Viewer(customer_id=valued.customer_id, identity=Identity.VERIFIED)
        conversation, token = served.service.open(viewer=viewer, channel="web")
        post(served, f"{conversation.id}/{verb}", {"Authorization": f"Bearer {token}"}, **body)
        handover = store.handover(conversation.id)
        made.append((handover.queue, handover.priority))
    assert made[0] == made[1]
    assert made[0][1] == "high"
