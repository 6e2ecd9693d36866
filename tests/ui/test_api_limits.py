"""Every failure has one shape, and no request can take more than its share."""

import logging
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette

from rapport.errors import CorruptArtifact
from rapport.settings import ServerSettings
from ui.api import errors
from ui.api.limits import Bucket
from ui.api.metrics import Counted, Metrics

JSON = {"Content-Type": "application/json"}


def assert_error(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] == code
    assert error["message"]
    return error


@pytest.mark.parametrize(
    ("method", "address", "options", "status", "code"),
    [
        ("GET", "/v1/nothing", {}, 404, "not_found"),
        ("DELETE", "/v1/conversations", {}, 405, "method_not_allowed"),
        ("POST", "/v1/conversations", {"content": b"{", "headers": JSON}, 400, "bad_request"),
        ("POST", "/v1/conversations", {"content": b"\xff\xfe", "headers": JSON}, 400, "bad_request"),
        ("POST", "/v1/conversations", {"json": {"chanel": "web"}}, 422, "invalid"),
        ("POST", "/v1/conversations", {"json": {"identity_token": "x"}}, 401, "unauthorized"),
        ("POST", "/v1/events", {"json": {}}, 401, "unauthorized"),
        ("GET", "/articles/sample:nothing", {}, 404, "not_found"),
        ("GET", "/static/nothing.css", {}, 404, "not_found"),
        ("POST", "/v1/conversations", {"content": b'"' + b"a" * 1_100_000 + b'"'}, 413, "too_large"),
    ],
)
def test_every_failure_has_one_shape(served, method, address, options, status, code):
    assert_error(served.client.request(method, address, **options), status, code)


@pytest.mark.parametrize("route", ["upload", "vibe-code", "proxy=http://example.com", "file=/etc/passwd", "info"])
def test_gradio_routes_that_the_page_does_not_use_are_closed(served, route):
    for method in ("GET", "POST"):
        assert_error(served.client.request(method, f"/chat/gradio_api/{route}"), 404, "not_found")


def test_a_body_is_refused_while_it_streams_in(served):
    sent = 0

    def pieces():
        nonlocal sent
        for _ in range(100):
            sent += 100_000
            yield b"a" * 100_000

    assert_error(served.client.post("/v1/conversations", content=pieces()), 413, "too_large")


def test_an_unforeseen_error_is_told_without_its_text_and_logged_under_its_reference(served, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ui.api.metrics.Metrics.text", fail)
    with caplog.at_level(logging.ERROR):
        answer = served.client.get("/metrics")
    error = assert_error(answer, 500, "internal")
    assert "secret" not in answer.text
    assert error["hint"].rsplit(" ", 1)[-1] in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_browser_gets_a_failure_as_a_page(served):
    answer = served.client.get("/articles/sample:nothing", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no such article." in answer.text


def test_every_answer_has_the_security_headers(served):
    for address in ("/health/live", "/articles", "/chat/", "/v1/nothing"):
        headers = served.client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
    assert "script-src 'none'" in served.client.get("/articles").headers["content-security-policy"]


def test_no_other_site_may_call_the_api_unless_the_settings_name_it(served):
    origin = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in served.client.options("/v1/conversations", headers=origin).headers
    from ui.api.app import create_app

    settings = replace(served.settings, server=ServerSettings(cors_origins="https://shop.example"))
    client = TestClient(create_app(served.home, settings))
    allowed = client.options("/v1/conversations", headers=origin).headers
    assert allowed["access-control-allow-origin"] == "https://shop.example"
    other = client.options("/v1/conversations", headers={**origin, "Origin": "https://evil.example"}).headers
    assert "access-control-allow-origin" not in other


def test_a_caller_who_asks_too_often_is_told_to_wait():
    now = 0.0
    bucket = Bucket(60, clock=lambda: now)
    assert [bucket.take("a") for _ in range(61)].count(True) == 60
    assert bucket.take("b")
    now = 2.0
    assert [bucket.take("a") for _ in range(3)] == [True, True, False]


def test_too_many_requests_and_messages_are_refused_with_429(served):
    from ui.api.app import create_app

    settings = replace(served.settings, server=replace(served.settings.server, requests_per_minute=3))
    client = TestClient(create_app(served.home, settings))
    answers = [client.get("/v1/nothing") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert_error(answers[-1], 429, "too_many_requests")
    assert answers[-1].headers["retry-after"]
    assert client.get("/health/live").status_code == 200


def test_a_conversation_that_writes_too_fast_is_refused(served, talk, monkeypatch):
    monkeypatch.setattr(served.service, "_pace", Bucket(1))
    talk.say("hello")
    answer = served.client.post(f"{talk.address}/messages", json={"text": "hello again"}, headers=talk.headers)
    assert_error(answer, 429, "too_many_requests")


def test_an_error_of_ours_keeps_its_message_and_hint():
    from rapport.errors import Refused

    assert errors.describe(Refused("no.", hint="Do that.")) == (409, errors.error_body("refused", "no.", "Do that."))


def test_a_failure_on_our_side_tells_a_caller_no_path_and_the_operator_all(caplog):
    damaged = CorruptArtifact("/srv/shop/crm.sqlite3 is damaged.", hint="Restore a backup.")
    with caplog.at_level(logging.ERROR):
        status, body = errors.describe(damaged)
    assert (status, body["error"]["code"]) == (500, "data")
    assert "/srv" not in str(body)
    assert body["error"]["hint"].rsplit(" ", 1)[-1] in caplog.text
    assert "/srv/shop/crm.sqlite3 is damaged." in caplog.text
    assert errors.describe(damaged, operator=True)[1]["error"]["message"] == damaged.message


def test_a_method_that_somebody_made_up_gets_no_counter_of_its_own():
    metrics = Metrics()
    client = TestClient(Counted(Starlette(), metrics=metrics))
    for method in ("GET", "BREW", "WHEN"):
        client.request(method, "/")
    assert b'method="GET"' in metrics.text()
    assert b'rapport_http_requests_total{method="other",route="other",status="404"} 2.0' in metrics.text()
