"""What every request passes first: its size, how many there are, and the headers of the answer.

Plain ASGI, so that a body is refused while it streams in and an answer can stream out.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.api.errors import BY_STATUS, error_body

LARGEST_BODY = 1_000_000  # bytes
REMEMBERED = 10_000  # callers whose rate is kept in memory
UNLIMITED = ("/health/", "/metrics", "/chat/assets", "/chat/static", "/chat/theme", "/static/")

# Of Gradio's routes only those that the page uses are open: not its file upload, its proxy or its editor.
CHAT_OPEN = (
    *("/chat/assets/", "/chat/static/", "/chat/svelte/", "/chat/theme.css", "/chat/config", "/chat/manifest.json"),
    *("/chat/gradio_api/queue/", "/chat/gradio_api/heartbeat/", "/chat/gradio_api/app_id", "/chat/gradio_api/cancel"),
    *("/chat/gradio_api/startup-events", "/chat/gradio_api/reset", "/chat/gradio_api/theme.css"),
)

BASE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'; "
)
PLAIN_POLICY = BASE_POLICY + "script-src 'none'; style-src 'self'"
# Gradio writes its configuration into inline scripts and makes functions from strings, so its page must allow both.
CHAT_POLICY = BASE_POLICY + "script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Bucket:
    """Tokens that refill at a steady rate, kept for each caller; the least recently seen are forgotten."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> bool:
        """Whether the caller may go on; takes one token if so."""
        now = self._clock()
        with self._lock:
            left, seen = self._left.pop(caller, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + (now - seen) * self.per_minute / 60)
            allowed = left >= 1
            self._left[caller] = (left - 1 if allowed else left, now)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        return allowed


class TooLarge(HTTPException):
    """The body went over the limit while it was read. An HTTPException, since FastAPI hides any other behind a 400."""

    def __init__(self) -> None:
        super().__init__(413)


class Limits:
    """Refuses a body over 1 MB and a caller who asks too often, and adds the security headers."""

    def __init__(self, app: ASGIApp, *, per_minute: int, largest_body: int = LARGEST_BODY) -> None:
        self._app = app
        self._bucket = Bucket(per_minute)
        self._largest = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message, CHAT_POLICY if scope["path"].startswith("/chat") else PLAIN_POLICY)
            await send(message)

        if scope["path"].startswith("/chat/") and not scope["path"].startswith(CHAT_OPEN) and scope["path"] != "/chat/":
            await _refuse(guarded_send, 404)
        elif not scope["path"].startswith(UNLIMITED) and not self._bucket.take(_caller(scope)):
            await _refuse(guarded_send, 429, extra=[(b"retry-after", b"5")])
        elif _declared_length(scope) > self._largest:
            await _refuse(guarded_send, 413)
        else:
            try:
                await self._app(scope, self._counted(receive), guarded_send)
            except TooLarge:
                if not started:
                    await _refuse(guarded_send, 413)

    def _counted(self, receive: Receive) -> Receive:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._largest:
                raise TooLarge
            return message

        return counted


def _caller(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _add_headers(message: Message, policy: str) -> None:
    present = {name.lower() for name, _ in message.get("headers", ())}
    wanted = ((b"content-security-policy", policy.encode()), *HEADERS)
    message["headers"] = [*message.get("headers", ()), *(pair for pair in wanted if pair[0] not in present)]


async def _refuse(send: Send, status: int, extra: list[tuple[bytes, bytes]] | None = None) -> None:
    body = json.dumps(error_body(*BY_STATUS[status])).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *(extra or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
