"""`rapport serve`: the HTTP API and the pages."""

import socket
import sys
from typing import Annotated

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit, opened

STOP_SECONDS = 10


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: server.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: server.port.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the customer page, the HTTP API and its documentation until stopped. --json prints the addresses."""
    with opened(home) as place:
        settings, where = place.settings, place.home
    address, number = host or settings.server.host, settings.server.port if port is None else port
    check_port(address, number)
    import uvicorn

    from ui.api.app import create_app

    app = create_app(where, settings)
    base = f"http://{address}:{number}"
    where_to = {"chat": f"{base}/chat", "docs": f"{base}/docs", "ready": f"{base}/health/ready"}
    emit(where_to, as_json, lambda data: console(stderr=True).print(f"chat {data['chat']}   API {data['docs']}"))
    sys.stdout.flush()
    # A page that is open holds a connection; without a limit it would hold up the stop. uvicorn by itself would believe
    # every local proxy: here the app reads their headers, from `server.trusted_proxies` alone.
    uvicorn.run(
        app, host=address, port=number, log_level="warning", access_log=False, proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )  # fmt: skip


def check_port(host: str, port: int) -> None:
    """Raise SettingsError where the address is taken or not ours."""
    from rapport.errors import SettingsError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port} ({error.strerror}).",
                hint="Stop the other server, or give another port with --port or: rapport settings server.port NUMBER",
            ) from error
