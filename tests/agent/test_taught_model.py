"""A language model on this machine that knows one reply by heart: what it says is let out while it is generated."""

import threading
from collections.abc import Callable

import pytest

from agent.events import Finished, Token
from rapport.chat.model import TransformersChat
from rapport.doubles import ScriptedChat
from rapport.types import Identity, Viewer

pytestmark = pytest.mark.slow  # trains a tiny model for some seconds

OWNER = Viewer("t:anna", Identity.VERIFIED)
QUESTION = "Where is my order #W2611340?"
FIRST = "Your order #W2611340 is shipped."
REPLY = f"{FIRST} It holds 2 Enamel Mug and one Desk Lamp."


@pytest.fixture
def taught(shop, tiny_chat, torch) -> TransformersChat:
    """A tiny Llama of random weights that has then learnt what to answer to the question."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    listening = ScriptedChat(answers=[REPLY])
    shop.writing_with(listening).talk(QUESTION, viewer=OWNER)
    folder = str(tiny_chat("llama", max_position_embeddings=4096, hidden_size=64))
    model = TransformersChat(model=folder, dtype="float32", seconds=60.0, max_new_tokens=120)
    head = model.engine.prompter.encode(listening.asked[0])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    reply = tokenizer(REPLY, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    net = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    _learn(net, head, reply, torch)
    net.save_pretrained(f"{folder}-taught")
    tokenizer.save_pretrained(f"{folder}-taught")
    return TransformersChat(model=f"{folder}-taught", dtype="float32", seconds=60.0, max_new_tokens=120)


def _learn(net, head: list[int], reply: list[int], torch) -> None:
    ids, labels = torch.tensor([head + reply]), torch.tensor([[-100] * len(head) + reply])
    steps = torch.optim.AdamW(net.parameters(), lr=2e-3)
    for _ in range(400):
        logits = net(input_ids=ids, labels=labels)
        if logits.loss.item() < 0.02:
            return
        logits.loss.backward()
        steps.step()
        steps.zero_grad()
    raise AssertionError("the tiny model has not learnt its reply")


@pytest.fixture
def held(monkeypatch) -> Callable[[], None]:
    """Hold the model behind its first sentence until the function returned is called."""
    go, stream = threading.Event(), TransformersChat._stream

    def gated(self, *given, **named):
        text = ""
        for chunk in stream(self, *given, **named):
            yield chunk
            text += str(chunk.text)
            if text.startswith(f"{FIRST} It"):
                assert go.wait(60)

    monkeypatch.setattr(TransformersChat, "_stream", gated)
    return go.set


def begun(shop, model):
    """The events of a turn up to its first sentence, and those to come."""
    shop = shop.writing_with(model, seconds=60.0)
    id = shop.store.create_conversation(channel="t", viewer=OWNER, at=shop.clock()).id
    shop.store.receive(id, QUESTION, at=shop.clock())
    events, heard = shop.agent.respond(id), ""
    while heard != FIRST:
        heard += next(events).text
    return id, events


def test_the_first_sentence_is_heard_before_the_model_gives_its_last(shop, taught, held):
    _, events = begun(shop, taught)
    held()
    rest = list(events)
    assert FIRST + "".join(event.text for event in rest if isinstance(event, Token)) == REPLY
    assert isinstance(rest[-1], Finished)
    assert rest[-1].turn.reply.text == REPLY
    assert rest[-1].turn.models["writer"] == "chat"


def test_who_leaves_after_the_first_sentence_ends_the_generation(shop, taught, held):
    id, events = begun(shop, taught)
    events.close()
    held()
    for thread in threading.enumerate():
        if thread.name.startswith(("within", "chat model")):
            thread.join(timeout=60)
            assert not thread.is_alive()
    assert taught.engine.scheduler.idle
    assert shop.store.turns(id) == []
