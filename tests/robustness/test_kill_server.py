"""kill -9 of the real server while customers write: what it acknowledged is there when it is started again."""

import json
import socket
import threading
import time
from random import Random

import httpx
import pytest

KILLS = 5
CUSTOMERS = 3
TEXTS = ("how do I return shoes?", "how long does delivery take?", "I want to talk to a person")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_server_keeps_what_it_acknowledged_and_answers_the_rest_after_its_start(own_sample_home, start):
    random = Random(5)
    opened: dict[str, str] = {}
    accepted: list[dict] = []
    for _ in range(KILLS):
        port = free_port()
        process = start("-m", "ui.cli", "serve", "--port", str(port), "--home", own_sample_home.root)
        wait_until_ready(port)
        customers = [threading.Thread(target=write, args=(port, opened, accepted, Random(n))) for n in range(CUSTOMERS)]
        for customer in customers:
            customer.start()
        wait_for_an_answer(accepted)
        threading.Event().wait(random.uniform(0.2, 1.2))
        process.kill()
        process.wait()
        for customer in customers:
            customer.join()
    port = free_port()
    start("-m", "ui.cli", "serve", "--port", str(port), "--home", own_sample_home.root)
    wait_until_ready(port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for id, token in opened.items():
            assert_whole(client, id, token, [line for line in accepted if line["conversation"] == id])


def write(port: int, opened: dict[str, str], accepted: list[dict], random: Random) -> None:
    """Be a customer until the server dies; note what it acknowledged: conversations, messages and whole answers."""
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            while True:
                body = client.post("/v1/conversations", json={}).raise_for_status().json()
                opened[body["id"]] = body["token"]
                for _ in range(2):
                    accepted.append(send(client, body["id"], body["token"], random.choice(TEXTS)))
    except (httpx.TransportError, Interrupted):
        return


class Interrupted(Exception):
    """The stream broke before its end."""


def send(client: httpx.Client, id: str, token: str, text: str) -> dict:
    """Send one message and read its events to the end."""
    headers = {"Authorization": f"Bearer {token}"}
    with client.stream("POST", f"/v1/conversations/{id}/messages", json={"text": text}, headers=headers) as response:
        response.raise_for_status()
        name = ""
        for line in response.iter_lines():
            if line.startswith("event:"):
                name = line.removeprefix("event:").strip()
            elif line.startswith("data:") and name == "done":
                done = json.loads(line.removeprefix("data:"))
                return {"conversation": id, "text": text, "reply": done["reply"], "message": done["message_id"]}
    raise Interrupted


def assert_whole(client: httpx.Client, id: str, token: str, acknowledged: list[dict]) -> None:
    """The conversation has every acknowledged message and answer once, and no message without an answer."""
    deadline = time.monotonic() + 60
    while True:
        messages = client.get(f"/v1/conversations/{id}", headers={"Authorization": f"Bearer {token}"}).json()[
            "messages"
        ]
        if not messages or messages[-1]["role"] == "assistant" or time.monotonic() > deadline:
            break
        threading.Event().wait(0.2)  # the server may still be answering what the kill left
    texts = [(message["role"], message["text"]) for message in messages]
    for line in acknowledged:
        assert sum(message["id"] == line["message"] for message in messages) == 1
        assert ("assistant", line["reply"]) in texts
    roles = [role for role, _ in texts]
    assert roles == ["customer", "assistant"] * (len(roles) // 2), roles


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_an_answer(accepted: list[dict]) -> None:
    """Of the first server alone: those after it are killed whenever it happens to be, before an answer, too."""
    deadline = time.monotonic() + 60
    while not accepted:
        assert time.monotonic() < deadline, "no customer was answered"
        threading.Event().wait(0.05)


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            threading.Event().wait(0.3)
    raise AssertionError("the server never became ready")
