"""Conversations over HTTP: opened, written in, read, moved between the agent and people."""

import time

import jwt
import pytest

from rapport.records import RecordKind


def identity_token(served, reference, *, seconds=300, secret=None, **claims):
    body = {"sub": reference, "exp": int(time.time()) + seconds, **claims}
    return jwt.encode(body, secret or served.settings.verify.secret, algorithm="HS256")


def an_order(served):
    """The first order whose customer can be named, with its customer."""
    store = served.service.store
    order = next(store.iterate(RecordKind.ORDERS))
    return order, store.find_customer(order.customer_id)


def assert_error(answer, status, code):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] == code
    return error


def test_an_answer_streams_tokens_citations_and_one_end(talk):
    events = talk.say("How do I return shoes that don't fit?")
    names = [name for name, _ in events]
    assert names.count("done") == 1
    assert names[-1] == "done"
    assert names.count("token") > 3
    done = events[-1][1]
    assert "".join(data["text"] for name, data in events if name == "token") == done["reply"]
    assert [data for name, data in events if name == "citation"] == done["citations"]
    assert done["citations"][0]["page"] == f"/articles/{done['citations'][0]['id']}"
    assert (done["decision"], done["state"], done["identity"]) == ("answer", "bot", "anonymous")


def test_what_was_said_can_be_read_again_with_its_citations(talk):
    done = talk.say("How do I return shoes that don't fit?")[-1][1]
    kept = talk.read()
    assert [message["role"] for message in kept["messages"]] == ["customer", "assistant"]
    assert kept["messages"][1]["text"] == done["reply"]
    assert kept["messages"][1]["citations"] == done["citations"]
    assert kept["messages"][1]["turn_id"] == done["turn_id"]


def test_the_same_client_id_again_gives_the_same_answer_and_no_second_message(talk):
    first = talk.say("How long does delivery take?", client_id="m-1")[-1][1]
    again = talk.say("How long does delivery take?", client_id="m-1")
    assert again[-1][1] == first
    assert again[0] == ("token", {"text": first["reply"]})
    assert len(talk.read()["messages"]) == 2


def test_only_its_own_token_opens_a_conversation(served, talk):
    other = served.open()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}, other.headers):
        assert_error(served.client.get(talk.address, headers=headers), 404, "not_found")
        answer = served.client.post(f"{talk.address}/messages", json={"text": "hello"}, headers=headers)
        assert_error(answer, 404, "not_found")
    assert talk.read()["messages"] == []


def test_a_signed_identity_token_opens_a_verified_conversation(served):
    order, customer = an_order(served)
    talk = served.open(identity_token=identity_token(served, customer.email))
    assert talk.read()["identity"] == "verified"
    done = talk.say(f"Where is my order {order.number}?")[-1][1]
    assert done["identity"] == "verified"
    assert order.number in done["reply"]


@pytest.mark.parametrize(
    "make",
    [
        lambda served, ref: identity_token(served, ref, seconds=-60),
        lambda served, ref: identity_token(served, ref, secret="x" * 40),
        lambda served, ref: jwt.encode({"sub": ref}, served.settings.verify.secret, algorithm="HS256"),
        lambda served, ref: identity_token(served, "nobody@example.com"),
        lambda served, ref: "not a token",
    ],
    ids=["expired", "forged", "without exp", "nobody", "nonsense"],
)
def test_a_bad_identity_token_opens_nothing(served, make):
    _, customer = an_order(served)
    body = {"identity_token": make(served, customer.email)}
    assert_error(served.client.post("/v1/conversations", json=body), 401, "unauthorized")


def test_facts_given_in_the_chat_verify_and_show_only_own_orders(served, talk):
    order, customer = an_order(served)
    asked = talk.say(f"Where is my order {order.number}?")[-1][1]
    assert asked["identity"] == "anonymous"
    assert order.status not in asked["reply"]
    done = talk.say(f"{customer.email}, {customer.postcode}")[-1][1]
    assert done["identity"] == "verified"
    assert order.number in done["reply"]


def test_the_button_for_a_person_queues_once_and_says_what_happens_next(served, talk):
    talk.say("Where is my order?")
    assert talk.post("handover", talk.headers) == {"id": talk.id, "state": "queued"}
    assert talk.post("handover", talk.headers, reason="again") == {"id": talk.id, "state": "queued"}
    kept = talk.read()
    assert [message["role"] for message in kept["messages"]] == ["customer", "assistant", "system"]
    assert served.settings.company.contact_hours in kept["messages"][-1]["text"]
    handover = served.service.store.handover(talk.id)
    assert "Where is my order?" in handover.summary


def test_a_person_can_be_asked_for_before_anything_was_said(served, talk):
    assert talk.post("handover", talk.headers, reason="I am deaf and need help")["state"] == "queued"
    assert served.service.store.handover(talk.id).reason == "I am deaf and need help"


def test_a_colleague_takes_answers_and_gives_back(served, talk):
    talk.post("handover", talk.headers)
    assert talk.post("assign", served.staff, name="Anna")["state"] == "human"
    assert talk.read()["colleague"] == "Anna"
    state, done = talk.say("Are you there?")
    assert state == ("state", {"state": "human"})
    assert (done[0], done[1]["reply"]) == ("done", None)
    events = talk.post("messages", served.staff, text="Yes, how can I help?", role="staff")
    assert events[-1][0] == "done"
    assert talk.read()["messages"][-1]["role"] == "staff"
    assert talk.post("return", served.staff, name="Anna")["state"] == "returned"
    assert talk.say("How long does delivery take?")[-1][1]["reply"]


def test_closing_says_one_thing_once_and_writing_again_starts_afresh(served, talk):
    talk.say("How long does delivery take?")
    assert talk.post("close", served.staff)["state"] == "closed"
    answer = served.client.post(f"{talk.address}/close", json={}, headers=served.staff)
    assert_error(answer, 409, "refused")
    assert [message["role"] for message in talk.read()["messages"]].count("system") == 1
    assert talk.say("How do I return something?")[-1][1]["reply"]


def test_staff_routes_refuse_everybody_else(served, talk):
    bodies = {"assign": {"name": "Eve"}, "return": {}, "close": {}}
    for verb, body in bodies.items():
        for headers in ({}, talk.headers):
            answer = served.client.post(f"{talk.address}/{verb}", json=body, headers=headers)
            assert answer.status_code in (401, 404), answer.text
    answer = served.client.post(
        f"{talk.address}/messages", json={"text": "I am Anna", "role": "staff"}, headers=talk.headers
    )
    assert_error(answer, 401, "unauthorized")


def test_staff_cannot_write_before_taking_the_conversation_nor_as_the_customer(served, talk):
    for body in ({"text": "hello", "role": "staff"}, {"text": "hello"}):
        answer = served.client.post(f"{talk.address}/messages", json=body, headers=served.staff)
        assert_error(answer, 409, "refused")
    assert talk.read()["messages"] == []
