"""Suggestions over HTTP: for staff alone, marked, judged once, and never sent."""

import pytest

ASKED = "Can I return shoes that I have worn outside?"


@pytest.fixture
def taken(served, talk):
    """A conversation with a question that a colleague has taken."""
    talk.post("assign", served.staff, name="Anna")
    talk.say(ASKED)
    return talk


def suggest(served, id: str, headers=None):
    return served.client.post("/v1/suggestions", json={"conversation_id": id}, headers=headers or served.staff)


def judge(served, headers=None, **body):
    return served.client.post("/v1/feedback", json=body, headers=headers or served.staff)


def test_a_colleague_gets_a_reply_that_the_customer_does_not_see(served, taken):
    answer = suggest(served, taken.id)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    messages = taken.read()["messages"]
    assert said["text"]
    assert said["message_id"] == messages[-1]["id"]
    assert [message["role"] for message in messages] == ["customer"]
    assert said["citations"][0]["page"].startswith("/articles/")
    assert served.service.store.suggestion(said["id"]).text == said["text"]


def test_staff_passages_come_marked_as_internal(served, talk):
    talk.post("assign", served.staff, name="Anna")
    talk.say("How much goodwill may I get for a late parcel? Do you give vouchers?")
    said = suggest(served, talk.id).json()
    assert "sample:staff-goodwill-limits" in {one["id"] for one in said["internal"]}
    assert not {one["id"] for one in said["citations"]} & {one["id"] for one in said["internal"]}


def test_suggestions_are_for_staff_and_for_conversations_that_a_person_has(served, talk, taken):
    assert suggest(served, taken.id, taken.headers).status_code == 401
    assert suggest(served, "none").status_code == 404
    other = served.open()
    other.say(ASKED)
    answer = suggest(served, other.id)
    assert answer.status_code == 409
    assert "assign" in answer.json()["error"]["hint"]


def test_what_became_of_a_suggestion_is_kept_once(served, taken):
    id = suggest(served, taken.id).json()["id"]
    answer = judge(served, suggestion=id, outcome="edited", sent="Only unworn, I am afraid.", name="Anna")
    assert answer.status_code == 201, answer.text
    kept = served.service.store.suggestion(id)
    assert (kept.outcome, kept.sent, kept.actor) == ("edited", "Only unworn, I am afraid.", "Anna")
    assert judge(served, suggestion=id, outcome="edited", sent="Only unworn, I am afraid.").status_code == 201
    assert judge(served, suggestion=id, outcome="accepted").status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"outcome": "edited"}, 400),
        ({"outcome": "accepted", "sent": "Another text."}, 400),
        ({"outcome": "liked"}, 422),
        ({"outcome": "rejected", "rating": "up"}, 422),
        ({"suggestion": 10**6, "outcome": "rejected"}, 404),
        ({"suggestion": 2**63, "outcome": "rejected"}, 422),
    ],
)
def test_a_wrong_judgement_is_refused(served, taken, body, status):
    id = suggest(served, taken.id).json()["id"]
    answer = judge(served, **{"suggestion": id, **body})
    assert answer.status_code == status, answer.text
    assert set(answer.json()["error"]) == {"code", "message", "hint"}
    assert served.service.store.suggestion(id).outcome is None


def test_a_customer_cannot_judge_a_suggestion(served, taken):
    id = suggest(served, taken.id).json()["id"]
    assert judge(served, taken.headers, suggestion=id, outcome="rejected").status_code == 401
