"""HTTP requests that are wrong in every way: one error shape, the right status, nothing lost, the server still up."""

import json
import shutil

import pytest

from rapport.paths import Home
from rapport.settings import load_settings


@pytest.fixture(scope="module")
def served(sample_home, tmp_path_factory):
    """The application on a copy of the sample company, with a client that shows failures as the network would."""
    from fastapi.testclient import TestClient

    from ui.api.app import create_app

    home = Home(tmp_path_factory.mktemp("http") / "home")
    shutil.copytree(sample_home.root, home.root)
    with TestClient(create_app(home, load_settings(home)), raise_server_exceptions=False) as client:
        yield client, home


@pytest.fixture
def talk(served):
    """Open a conversation; returns its address and headers."""
    opened = served[0].post("/v1/conversations", json={})
    assert opened.status_code == 201
    body = opened.json()
    return f"/v1/conversations/{body['id']}", {"Authorization": f"Bearer {body['token']}"}


def assert_error(response, *statuses):
    assert response.status_code in statuses, response.text[:500]
    assert response.headers["content-type"].startswith("application/json")
    error = response.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["message"]
    assert "Traceback" not in response.text
    return error


def events(response):
    """(event, data) pairs of a stream."""
    assert response.status_code == 200, response.text[:500]
    found, name = [], ""
    for line in response.text.splitlines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            found.append((name, json.loads(line.removeprefix("data:"))))
    return found


@pytest.mark.parametrize("text", ["", "   ", "\n\u00a0"])
def test_an_empty_message_is_refused_and_not_kept(served, talk, text):
    client, (address, headers) = served[0], talk
    error = assert_error(client.post(f"{address}/messages", json={"text": text}, headers=headers), 400, 422)
    assert error["hint"]
    assert client.get(address, headers=headers).json()["messages"] == []


def test_a_message_of_a_megabyte_is_refused_and_not_kept(served, talk):
    client, (address, headers) = served[0], talk
    assert_error(client.post(f"{address}/messages", json={"text": "a" * 1_000_000}, headers=headers), 400, 413, 422)
    assert_error(client.post(f"{address}/messages", json={"text": "b " * 100_000}, headers=headers), 400, 413, 422)
    assert client.get(address, headers=headers).json()["messages"] == []


def test_a_body_that_streams_in_without_a_length_is_limited_too(served, talk):
    client, (address, headers) = served[0], talk

    def pieces():
        yield b'{"text": "'
        for _ in range(40):
            yield b"a" * 100_000
        yield b'"}'

    response = client.post(
        f"{address}/messages", content=pieces(), headers={**headers, "content-type": "application/json"}
    )
    assert_error(response, 400, 413)


@pytest.mark.parametrize(
    "body",
    [b'{"text": "caf\xe9"}', b"\xff\xfe\x00", b'{"text": ', b"", b"[]", b"null", b'{"text": 7}', b'{"txet": "hi"}'],
)
def test_a_body_that_is_not_our_json_is_refused(served, talk, body):
    client, (address, headers) = served[0], talk
    headers = {**headers, "content-type": "application/json"}
    assert_error(client.post(f"{address}/messages", content=body, headers=headers), 400, 422)
    assert client.get(address, headers=headers).json()["messages"] == []


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff and more", "\\u0000"])
def test_half_characters_and_nulls_are_answered_or_refused_and_never_break_the_conversation(served, talk, escape):
    client, (address, headers) = served[0], talk
    content = f'{{"text": "where is my order? {escape}"}}'.encode()
    response = client.post(
        f"{address}/messages", content=content, headers={**headers, "content-type": "application/json"}
    )
    if response.status_code == 200:
        assert events(response)[-1][0] == "done"
    else:
        assert_error(response, 400, 422)
    assert events(client.post(f"{address}/messages", json={"text": "hello"}, headers=headers))[-1][0] == "done"


def test_hostile_text_is_kept_as_it_is_and_answered(served, talk, hostile):
    client, (address, headers) = served[0], talk
    name, done = events(client.post(f"{address}/messages", json={"text": hostile}, headers=headers))[-1]
    assert name == "done"
    messages = client.get(address, headers=headers).json()["messages"]
    assert messages[0]["text"] == hostile
    assert messages[1]["text"] == done["reply"]
    for sign in ("<script", "onerror", "<|im_", "{order", "root:"):
        assert sign not in done["reply"]


def test_someone_elses_conversation_cannot_be_told_from_none(served, talk):
    client, (address, headers) = served[0], talk
    other = client.post("/v1/conversations", json={}).json()
    foreign = assert_error(client.get(f"/v1/conversations/{other['id']}", headers=headers), 404)
    missing = assert_error(client.get("/v1/conversations/no-such-conversation", headers=headers), 404)
    assert foreign == missing
    assert_error(client.get(address), 401, 404)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzYW1wbGU6MSJ9.", "\u00e9"])
def test_a_forged_identity_token_opens_nothing(served, token):
    assert_error(served[0].post("/v1/conversations", json={"identity_token": token}), 401, 422)


def test_an_unknown_customer_is_not_found(served):
    client, home = served
    staff = {"Authorization": f"Bearer {load_settings(home).server.staff_token}"}
    assert_error(client.get("/v1/customers/nobody/timeline", headers=staff), 404)
    event = {"source_id": "e1", "customer": "nobody@example.com", "kind": "page_view"}
    assert_error(client.post("/v1/events", json=event, headers=staff), 404, 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("DELETE", "/v1/conversations", 405), ("GET", "/v1/conversations/%ff%fe", 404)],
)
def test_wrong_addresses_and_methods_have_the_one_error_shape(served, method, path, status):
    assert_error(served[0].request(method, path), status, 401)


def test_after_all_of_it_the_server_is_ready(served):
    assert served[0].get("/health/live").json() == {"live": True}
    assert served[0].get("/health/ready").status_code == 200
