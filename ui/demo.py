"""`make demo`: the sample company, a short conversation through the real server, and the addresses.

Goes through the same HTTP API as any other client. With RAPPORT_DEMO_ONCE set, it ends after the conversation.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rapport.errors import ModelError, RapportError
from rapport.paths import Home, find_home
from rapport.records import Order, RecordKind
from rapport.settings import Settings, load_settings
from ui.commands.common import console
from ui.commands.serve import check_port

if TYPE_CHECKING:
    import httpx
    import uvicorn

ONCE_VARIABLE = "RAPPORT_DEMO_ONCE"
START_SECONDS = 120


def main() -> int:
    """Set up the sample company where it is missing, serve it and talk to it. Returns the exit code."""
    home = find_home()
    try:
        _prepare(home)
        settings = load_settings(home)
        with _serving(home, settings) as address:
            _talk(address, _questions(home, settings))
            _say_where(address, home)
            if not os.environ.get(ONCE_VARIABLE):
                _wait()
    except RapportError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def _prepare(home: Home) -> None:
    from ui.setup import is_set_up, renew_heads, set_up

    out = console(stderr=True)
    if is_set_up(home):
        renew_heads(home, say=out.print)
        return
    out.print("Creating the sample company and building the index (about a minute)…")
    report = set_up(home, sample=True)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in report["records"].items())
    out.print(f"{report['company']}: {counts}; {report['passages']:,} passages; {report['seconds']} s")


@contextmanager
def _serving(home: Home, settings: Settings) -> Iterator[str]:
    """Run the server in a thread on the port of the settings, or on a free one where that is taken."""
    import uvicorn

    from ui.api.app import create_app

    host, port = settings.server.host, _free_port(settings)
    config = uvicorn.Config(create_app(home, settings), host=host, port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _await_start(server, thread)
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _free_port(settings: Settings) -> int:
    from rapport.errors import SettingsError

    try:
        check_port(settings.server.host, settings.server.port)
    except SettingsError:
        with socket.socket() as probe:
            probe.bind((settings.server.host, 0))
            port: int = probe.getsockname()[1]
        console(stderr=True).print(f"port {settings.server.port} is taken; using {port}")
        return port
    return settings.server.port


def _await_start(server: "uvicorn.Server", thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ModelError("the server did not start.", hint="Run: rapport doctor")
        time.sleep(0.05)


def _questions(home: Home, settings: Settings) -> list[str]:
    """A conversation that a customer of the sample company could have, with that customer's own facts."""
    from crm.store import Store

    with Store.open(settings.database_url(home)) as store:
        newest: Order | None = None
        for order in store.iterate(RecordKind.ORDERS):
            if isinstance(order, Order) and order.status == "shipped" and order.placed_at:
                newest = order if newest is None or order.placed_at > (newest.placed_at or order.placed_at) else newest
        customer = store.find_customer(newest.customer_id) if newest else None
    questions = ["How do I return shoes that don't fit?"]
    if newest and customer:
        questions += [f"And where is my order {newest.number}?", f"{customer.email}, {customer.postcode}"]
    return [*questions, "What is the capital of France?", "I'd rather talk to a person please"]


def _talk(address: str, questions: list[str]) -> None:
    import httpx

    out = console()
    with httpx.Client(base_url=address, timeout=60) as client:
        made = client.post("/v1/conversations", json={}).raise_for_status().json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        for question in questions:
            out.print(f"\n[bold]customer[/bold]  {question}")
            body = {"text": question}
            with client.stream(
                "POST", f"/v1/conversations/{made['id']}/messages", json=body, headers=headers
            ) as answer:
                _print_reply(answer)
    out.print()


def _print_reply(answer: "httpx.Response") -> None:
    out = console()
    out.print("[cyan]assistant[/cyan] ", end="")
    citations: list[dict[str, Any]] = []
    for kind, data in _events(answer):
        if kind == "token":
            out.print(data["text"], end="", markup=False)
        elif kind == "citation":
            citations.append(data)
        elif kind == "error":
            out.print(f"{data['error']['message']} {data['error']['hint']}", style="red", markup=False)
    out.print()
    for citation in citations:
        out.print(f"           source: {citation['title']}", style="dim", markup=False)


def _events(answer: "httpx.Response") -> Iterator[tuple[str, dict[str, Any]]]:
    kind = "message"
    for line in answer.iter_lines():
        if line.startswith("event:"):
            kind = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            yield kind, json.loads(line.removeprefix("data:"))


def _say_where(address: str, home: Home) -> None:
    out = console()
    out.print(f"[bold]Chat with it:[/bold]  {address}/chat")
    out.print(f"[bold]HTTP API:[/bold]      {address}/docs")
    out.print('[bold]Terminal:[/bold]      .venv/bin/rapport ask "how do I return shoes that don\'t fit?"')
    out.print(f"Records, index and models are in {home.root}. Stop with Ctrl-C.")


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
