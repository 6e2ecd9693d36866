"""A model on a real server that writes slowly: its first sentence reaches the customer before its last is written."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from rapport.settings import AgentSettings, Settings
from rapport.types import ConversationId, State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),  # Gradio's counting of its own events
]
QUESTION = "How do I return shoes that don't fit?"
FIRST, LAST = "You can send them back [1].", " I am glad to help with any further question."


class SlowModel:
    """Says its first sentence and the first word of the next, and the rest once it may go on."""

    def __init__(self) -> None:
        self.go, self.ended = threading.Event(), threading.Event()
        self.app = FastAPI()
        self.app.post("/v1/chat/completions")(self.complete)

    async def complete(self) -> StreamingResponse:
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self):
        try:
            for word in f"{FIRST} I".split(" "):
                yield self.chunk(f"{word} " if word != "I" else word)
            await asyncio.to_thread(self.go.wait, 60)
            yield self.chunk(LAST.removeprefix(" I"))
            yield self.chunk(None)
            yield b"data: [DONE]\n\n"
        finally:
            self.ended.set()

    def chunk(self, text: str | None) -> bytes:
        delta = {} if text is None else {"role": "assistant", "content": text}
        choice = {"index": 0, "delta": delta, "finish_reason": None if text else "stop"}
        head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()


@pytest.fixture
def model(site, monkeypatch) -> Iterator[SlowModel]:
    """The site's writer for one test."""
    from agent.writer import load_writer

    model = SlowModel()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(model.app, host="127.0.0.1", port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    settings = Settings(agent=AgentSettings(chat_model="openai:m", chat_base_url=f"http://127.0.0.1:{port}/v1",
                                            chat_timeout_seconds=60.0))  # fmt: skip
    agent = site.service.agent
    desk = replace(agent.parts.desk, writer=load_writer(settings, site.home), seconds=60.0)
    monkeypatch.setattr(agent, "parts", replace(agent.parts, desk=desk))
    yield model
    model.go.set()
    server.should_exit = True
    thread.join()


class Reader:
    """A customer who reads the events as they come."""

    def __init__(self, client: httpx.Client) -> None:
        made = client.post("/v1/conversations", json={}).json()
        self.id = ConversationId(made["id"])
        headers = {"Authorization": f"Bearer {made['token']}"}
        self.asking = client.stream(
            "POST", f"/v1/conversations/{self.id}/messages", json={"text": QUESTION}, headers=headers
        )

    @staticmethod
    def events(answer: httpx.Response) -> Iterator[tuple[str, dict]]:
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event:"):
                name = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                yield name, json.loads(line.removeprefix("data:"))


@pytest.fixture
def client(site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, timeout=60) as opened:
        yield opened


def heard_first(events: Iterator[tuple[str, dict]]) -> None:
    """Read until the first sentence is whole."""
    text = ""
    while text != FIRST:
        name, data = next(events)
        assert name == "token"
        text += data["text"]


def test_the_first_sentence_reaches_the_client_while_the_model_still_writes(model, client, site):
    reader = Reader(client)
    with reader.asking as answer:
        events = reader.events(answer)
        heard_first(events)
        assert not model.ended.is_set()
        assert site.service.store.turns(reader.id) == []
        model.go.set()
        rest = list(events)
    assert "".join(data["text"] for name, data in rest if name == "token") == LAST
    assert [name for name, _ in rest if name != "token"] == ["citation", "done"]
    assert rest[-1][1]["reply"] == FIRST + LAST
    (turn,) = site.service.store.turns(reader.id)
    assert turn.models["writer"] == "chat"


def test_words_of_a_turn_that_a_person_has_overtaken_are_taken_back(model, client, site):
    reader = Reader(client)
    with reader.asking as answer:
        events = reader.events(answer)
        heard_first(events)
        site.service.assign(reader.id, actor="Anna")
        model.go.set()
        rest = list(events)
    assert [name for name, _ in rest] == ["reset", "state", "done"]
    assert rest[-1][1]["reply"] is None
    conversation = site.service.store.conversation(reader.id)
    assert conversation.state is State.HUMAN
    assert [message.role for message in conversation.messages] == ["customer"]


def test_the_page_shows_the_first_sentence_while_the_model_still_writes(model, page):
    page.fill("#box textarea", QUESTION)
    page.keyboard.press("Enter")
    page.locator("#live .bubble").filter(has_text=FIRST.removesuffix(" [1].")).wait_for()
    shown = page.locator("#live .bubble").inner_text()
    assert not model.ended.is_set()
    assert shown.rstrip().endswith(".")
    model.go.set()
    page.locator("#transcript .msg.assistant").wait_for()
    whole = page.locator("#transcript .msg.assistant .bubble").inner_text()
    assert LAST.strip() in whole
