"""Agents to kill: for each line on standard input a process that answers one conversation after the other.

`python answering.py HOME`. Each line is a seed. The libraries are loaded once and every agent is a fork that then
opens database, models and index by itself. Standard output has a JSON line for each thing acknowledged: {"agent": pid},
{"received": …} as soon as a message is kept, {"answered": …} as soon as its turn is, {"ended": pid} when one is dead.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

from agent.assemble import open_agent
from crm.store import Store
from rapport.paths import Home
from rapport.records import RecordKind
from rapport.settings import load_settings
from rapport.types import Identity, Viewer

HEAVY = ("torch", "faiss", "transformers.models.bert.modeling_bert", "tokenizers", "nltk", "py3langid")


def serve(root: Path) -> None:
    """Fork an agent for each seed and wait for its death."""
    for name in HEAVY:
        if importlib.util.find_spec(name.split(".")[0]):
            importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            answer_forever(root, int(line))
        say({"agent": child})
        os.waitpid(child, 0)
        say({"ended": child})


def answer_forever(root: Path, seed: int) -> None:
    """Be one agent until killed."""
    home = Home(root)
    settings = load_settings(home)
    store = Store.open(settings.database_url(home))
    agent = open_agent(home, settings, store=store)
    orders = [next(store.iterate(RecordKind.ORDERS))]
    orders += [order for _, order in zip(range(40), store.iterate(RecordKind.ORDERS), strict=False)]
    random = Random(seed)
    while True:
        order = random.choice(orders)
        viewer = Viewer(order.customer_id, Identity.VERIFIED)
        conversation = store.create_conversation(channel="test", viewer=viewer, at=agent.clock())
        texts = [f"Where is my order {order.number}?", "Can I still return it?", "I want to talk to a person, please."]
        for text in random.sample(texts, k=2):
            message = store.receive(conversation.id, text, at=agent.clock())
            say({"received": message.id, "conversation": conversation.id, "text": text})
            for event in agent.respond(conversation.id):
                if type(event).__name__ == "Finished":
                    reply = event.turn.reply.text if event.turn.reply else None
                    say({"answered": message.id, "turn": event.turn.id, "reply": reply})


def say(line: dict[str, Any]) -> None:
    """One line, whole or not at all."""
    os.write(sys.stdout.fileno(), f"{json.dumps(line)}\n".encode())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
