"""Whose address counts behind a proxy, and who may read the counters."""

import copy
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from rapport.settings import change_setting
from ui.api.access import is_local

ROOT = Path(__file__).parents[2]
HERE, PROXY, CUSTOMER = "127.0.0.1", "10.0.0.5", "203.0.113.7"


def request(client, **headers):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": client and (client, 50_000), "headers": raw})


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_who_asks_from_this_machine_is_local(client):
    assert is_local(request(client, host="shop.example", user_agent="x"))


@pytest.mark.parametrize("client", [None, "testclient", "10.0.0.5", "203.0.113.7", "::ffff:10.0.0.5", "2001:db8::1"])
def test_who_asks_from_elsewhere_is_not(client):
    assert not is_local(request(client))


@pytest.mark.parametrize("header", ["forwarded", "via", "x_forwarded_for", "x_real_ip"])
def test_what_a_proxy_on_this_machine_sends_on_is_not(header):
    assert not is_local(request("127.0.0.1", **{header: "127.0.0.1"}))


@pytest.fixture
def app(served):
    """Make the application with other settings of the server, on the service that runs already."""
    from ui.api.app import create_app

    def make(**values):
        settings = replace(served.settings, server=replace(served.settings.server, **values))
        made = create_app(served.home, settings)
        made.state.service = copy.copy(served.service)
        made.state.service.settings = settings
        return made

    return make


def statuses(app, client, forwarded):
    """The status of a request from `client` with each X-Forwarded-For in turn."""
    door = TestClient(app, client=(client, 50_000))
    return [door.get("/v1/nothing", headers={"X-Forwarded-For": value}).status_code for value in forwarded]


def test_behind_a_trusted_proxy_each_customer_has_a_limit_of_their_own(app):
    behind = app(requests_per_minute=2, trusted_proxies=f"{PROXY}, 192.168.0.0/16")
    assert statuses(behind, PROXY, [CUSTOMER, CUSTOMER, CUSTOMER, "203.0.113.8"]) == [404, 404, 429, 404]


def test_what_a_customer_writes_before_the_proxys_word_is_not_believed(app):
    behind = app(requests_per_minute=2, trusted_proxies=f"{PROXY}, 192.168.0.0/16")
    invented = [f"198.51.100.{number}, {CUSTOMER}, 192.168.3.4" for number in range(3)]
    assert statuses(behind, PROXY, invented) == [404, 404, 429]


@pytest.mark.parametrize("trusted", ["", PROXY])
def test_nobody_else_can_name_another_client(app, trusted):
    invented = [f"198.51.100.{number}" for number in range(3)]
    assert statuses(app(requests_per_minute=2, trusted_proxies=trusted), CUSTOMER, invented) == [404, 404, 429]


@pytest.mark.parametrize(
    ("readers", "client", "expected"),
    [("local", HERE, 200), ("local", CUSTOMER, 401), ("staff", HERE, 401), ("public", CUSTOMER, 200)],
)
def test_the_counters_are_read_by_those_whom_the_settings_name(served, app, readers, client, expected):
    door = TestClient(app(metrics=readers), client=(client, 50_000))
    answer = door.get("/metrics")
    assert answer.status_code == expected
    assert ("rapport_http_requests_total" in answer.text) == (expected == 200)
    assert door.get("/metrics", headers={"Authorization": "Bearer guess"}).status_code == expected
    assert door.get("/metrics", headers=served.staff).status_code == 200


def test_a_customer_behind_a_trusted_local_proxy_reads_no_counters(app):
    door = TestClient(app(metrics="local", trusted_proxies=HERE), client=(HERE, 50_000))
    for named in (CUSTOMER, HERE):
        assert door.get("/metrics", headers={"X-Forwarded-For": named}).status_code == 401
    assert door.get("/metrics").status_code == 200


@pytest.mark.slow
def test_the_server_itself_believes_no_proxy_that_is_not_named(own_sample_home):
    change_setting(own_sample_home, "server.requests_per_minute", "2")
    with closing(socket.socket()) as probe:
        probe.bind((HERE, 0))
        port = probe.getsockname()[1]
    words = ["-m", "ui.cli", "serve", "--port", str(port), "--home", str(own_sample_home.root)]
    server = subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://{HERE}:{port}") as client:
            wait_until_live(client)
            invented = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(3)]
            assert [client.get("/v1/nothing", headers=one).status_code for one in invented] == [404, 404, 429]
            assert client.get("/metrics").status_code == 200
    finally:
        server.terminate()
        server.wait(30)


def wait_until_live(client):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            client.get("/health/live").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.2)  # not up yet
        else:
            return
    pytest.fail("the server does not answer")
