"""Writers: the composer behind LangChain's face, and a chat model on a real OpenAI-compatible server."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from langchain_core.messages import HumanMessage

from agent.brief import Brief, Part, Quote, Say
from agent.events import tokens
from agent.prompt import prompt_for
from agent.writer import GroundedComposer, composer_prompt, load_writer
from rapport.doubles import Breaks, ScriptedChat
from rapport.errors import ModelError, SettingsError
from rapport.settings import AgentSettings, Settings
from rapport.types import Identity, Passage, PassageId, ToolResult, Viewer

OWNER = Viewer("t:anna", Identity.VERIFIED)
QUESTION = "Where is my order #W2611340?"
TRUE = "Good news: your order #W2611340 is shipped, with 2 Enamel Mug and one Desk Lamp, due on 5 March 2026."
BREAKS = ("drops the connection", "ends without a word", "then hangs", "cut off")
LIE = "Your order #W2611340 is shipped, with 2 Enamel Mug and one Desk Lamp, due on 9 March 2026."


@dataclass
class ChatServer:
    """What the server says next (a text or one of its ways to fail), and the requests that it got."""

    url: str = ""
    says: str = ""
    requests: list[dict] = field(default_factory=list)


def serve(state: ChatServer) -> FastAPI:
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def complete(request: Request):
        state.requests.append(await request.json())
        if state.says == "error":
            return JSONResponse({"error": {"message": "out of memory", "type": "server_error"}}, status_code=500)
        return StreamingResponse(stream(state.says), media_type="text/event-stream")

    return app


async def stream(says: str) -> Iterator[bytes]:
    import asyncio

    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    if says == "hang":
        await asyncio.sleep(3)
    while says == "signs of life":  # until the other side hangs up
        yield b": still here\n\n"
        await asyncio.sleep(0.05)
    if says == "no JSON":
        yield b"data: {oops\n\n"
    breaks = says if says in BREAKS else ""
    if breaks:
        says = f"{TRUE} Also,"
    words = ["drip "] * 40 if says == "drip" else [f"{word} " for word in says.split(" ")]
    for word in words:
        if says == "drip":
            await asyncio.sleep(0.1)
        choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()
    if breaks == "drops the connection":
        raise ConnectionError  # the server closes it before the answer's end
    if breaks == "ends without a word":
        return
    if breaks == "then hangs":
        await asyncio.sleep(3)
    finish = "length" if breaks == "cut off" else "stop"
    yield f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': {}, 'finish_reason': finish}]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    state = ChatServer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = uvicorn.Server(uvicorn.Config(serve(state), host="127.0.0.1", port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    state.url = f"http://127.0.0.1:{port}/v1"
    yield state
    running.should_exit = True
    thread.join()


@pytest.fixture
def connected(shop, server):
    """The small shop with the server's model as its writer."""
    server.requests.clear()
    settings = Settings(agent=AgentSettings(chat_model="openai:m", chat_base_url=server.url, chat_timeout_seconds=0.7))
    return shop.writing_with(load_writer(settings, shop.home).model, seconds=0.7)


def ask(shop, text: str = QUESTION):
    (turn,) = shop.talk(text, viewer=OWNER)
    return turn


def test_a_chat_models_true_reply_is_sent(connected, server):
    server.says = TRUE
    turn = ask(connected)
    assert turn.reply.text == TRUE
    assert turn.models["writer"] == "chat"
    assert turn.verdict.passed


def test_a_chat_model_reads_rules_and_evidence_and_the_message_as_it_came(connected, server):
    server.says = TRUE
    ask(connected)
    (request,) = server.requests
    system, user = request["messages"][0], request["messages"][-1]
    assert request["model"] == "m"
    assert system["role"] == "system"
    for words in ("Tarn & Co", "status: shipped", "2026-03-05", "exactly the word of the record"):
        assert words in system["content"]
    assert "#W2611399" not in system["content"]
    assert (user["role"], user["content"]) == ("user", QUESTION)


@pytest.mark.parametrize(
    "says",
    [
        LIE,
        "error",
        "hang",
        "drip",
        "signs of life",
        "no JSON",
        " ",
        "<script>alert(1)</script>",
        "I have cancelled it.",
    ],
)
def test_a_lie_an_error_a_hang_and_nonsense_are_answered_by_the_composer(connected, server, says):
    server.says = says
    turn = ask(connected)
    assert turn.models["writer"] == "composer"
    assert turn.verdict.passed
    for fact in ("shipped", "Enamel Mug", "Desk Lamp", "5 March 2026"):
        assert fact in turn.reply.text
    assert "9 March" not in turn.reply.text


@pytest.mark.parametrize("says", BREAKS)
def test_what_a_server_said_before_it_broke_off_stands_and_the_composer_goes_on(connected, server, says):
    server.says = says
    turn = ask(connected)
    assert turn.models["writer"] == "chat + composer"
    assert turn.reply.text.startswith(f"{TRUE} ")
    assert "Also" not in turn.reply.text
    assert "ZX881" in turn.reply.text.removeprefix(TRUE)
    assert turn.verdict.passed


def test_a_server_that_never_says_a_word_is_hung_up_on(connected, server):
    server.says = "signs of life"
    ask(connected)
    for thread in threading.enumerate():
        if thread.name.startswith("within"):
            thread.join(timeout=30)
            assert not thread.is_alive()


@pytest.mark.parametrize("text", ["hello", "Where is my order #W9911000?", "I want to talk to a human"])
def test_identity_unknown_orders_and_handover_are_never_left_to_a_chat_model(connected, server, text):
    server.says = TRUE
    turn = ask(connected, text)
    assert turn.models["writer"] == "composer"
    assert server.requests == []


def test_an_article_answer_of_a_chat_model_keeps_its_citation(shop):
    said = "Return it within 45 days of delivery [1]."
    turn = ask(shop.writing_with(ScriptedChat(answers=[said])), "how do I return an item?")
    assert turn.reply.text == said
    assert [citation.id for citation in turn.reply.citations] == ["t:returns"]


def test_a_chat_model_that_breaks_off_is_not_quoted(shop):
    broken = Breaks("Your order #W2611340 is", ConnectionError("gone"))
    turn = ask(shop.writing_with(ScriptedChat(answers=[broken])))
    assert turn.models["writer"] == "composer"


def test_where_even_the_composer_fails_the_checks_the_customer_gets_a_person(shop, monkeypatch):
    from agent import desk

    monkeypatch.setattr(desk.GroundedComposer, "invoke", lambda self, prompt: HumanMessage(_wrong(prompt)))
    turn = ask(shop)
    assert "99" not in turn.reply.text
    assert turn.state == "offered"


def _wrong(prompt) -> str:
    brief = prompt[-1].additional_kwargs["brief"]
    return "It costs 99 euros." if brief.tools else "I'd rather not answer that without being sure."


BRIEF = Brief(
    parts=(
        Part(rule="verified", lines=(Say("verified"),)),
        Part(rule="s", lines=(Say("order_status", {"number": "#1", "status": "{items}", "items": "a {x}"}),)),
        Part(rule="article", lines=(Quote("1. One.\n2. Two.", 1),)),
    ),
    passages=(Passage(id=PassageId("p"), record="r", kind="articles", title="T", text="1. One.", visibility="public"),),
    tools=(ToolResult(tool="t", found=True, values={"number": "#1", "expected": None, "items": [{"name": "a"}]}),),
    question="what {number}?", company="C",
)  # fmt: skip


def test_values_with_braces_stay_as_they_are():
    text = GroundedComposer().invoke(composer_prompt(BRIEF)).text
    assert "{items}" in text
    assert "a {x}" in text
    assert text.startswith("Thank you, that matches. ")
    assert text.endswith("1. One.\n2. Two. [1]")


def test_the_composer_streams_what_it_writes():
    composer = GroundedComposer()
    prompt = composer_prompt(BRIEF)
    assert "".join(chunk.text for chunk in composer.stream(prompt)) == composer.invoke(prompt).text


def test_the_composer_without_a_brief_is_an_error():
    with pytest.raises(ModelError):
        GroundedComposer().invoke([HumanMessage("hello")])


def test_a_missing_fact_is_told_to_a_chat_model_as_missing():
    system = prompt_for(BRIEF)[0].text
    assert "- expected: not on record" in system
    assert "- items 1 name: a" in system
    assert "[1] T: 1. One." in system


def test_the_reply_before_is_given_to_a_chat_model():
    messages = prompt_for(replace(BRIEF, before="Hello!"))
    assert [message.type for message in messages] == ["system", "ai", "human"]


def test_tokens_join_to_the_text():
    for text in ("", "one", " a  b\n\nc ", "end\n"):
        assert "".join(token.text for token in tokens(text)) == text


@pytest.mark.parametrize("name", ["openai:", "gpt-4", "", "composer "])
def test_a_wrong_model_name_says_what_to_give(name, home):
    with pytest.raises(SettingsError) as caught:
        load_writer(Settings(agent=AgentSettings(chat_model=name)), home)
    assert "openai:MODEL" in caught.value.hint
