"""One shape for every failure over HTTP: {"error": {"code", "message", "hint"}}.

Translates the error tree, validation, routing and the unforeseen. An unforeseen error is logged with a reference;
its text never leaves the server.
"""

import logging
import uuid
from collections.abc import Mapping
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm.values import StoreBusy
from rapport.errors import (
    BadRow,
    DataError,
    MissingPackage,
    ModelError,
    NotFound,
    RapportError,
    Refused,
    SettingsError,
    UserError,
)
from ui.auth import Unauthorized
from ui.pages import error_page

log = logging.getLogger(__name__)


Failure = dict[str, dict[str, str]]


class TooMany(UserError):
    """The sender goes faster than the settings allow."""


STATUS: tuple[tuple[type[RapportError], int, str], ...] = (  # the first class that fits decides
    (Unauthorized, 401, "unauthorized"),
    (StoreBusy, 503, "busy"),
    (TooMany, 429, "too_many_requests"),
    (NotFound, 404, "not_found"),
    (Refused, 409, "refused"),
    (SettingsError, 500, "settings"),
    (MissingPackage, 501, "missing_package"),
    (UserError, 400, "bad_request"),
    (BadRow, 400, "bad_request"),
    (DataError, 500, "data"),
    (ModelError, 503, "model"),
)
# What a caller is told where the error itself is for the operator: it may name files, addresses or settings.
OUR_SIDE: Mapping[str, str] = {
    "busy": "too much is going on just now.",
    "model": "the answer could not be written just now.",
}
BY_STATUS: Mapping[int, tuple[str, str, str]] = {
    400: ("bad_request", "the request cannot be read.", "Send valid JSON in UTF-8."),
    401: ("unauthorized", "this needs a token.", "Send it as: Authorization: Bearer TOKEN"),
    404: ("not_found", "there is nothing at this address.", "See /docs for the routes."),
    405: ("method_not_allowed", "this address does not take this method.", "See /docs for the routes."),
    413: ("too_large", "the request is too large.", "Send at most 1 MB."),
    429: ("too_many_requests", "too many requests.", "Wait a moment and send it again."),
}


def error_body(code: str, message: str, hint: str = "") -> Failure:
    """The one shape of a failure."""
    return {"error": {"code": code, "message": message, "hint": hint}}


def describe(error: BaseException, *, operator: bool = False) -> tuple[int, Failure]:
    """HTTP status and body for any exception.

    What went wrong on our side is logged under the reference given in the hint; an operator is told what it was,
    except where it is unforeseen.
    """
    reference = uuid.uuid4().hex[:8]
    told = f"Try again in a moment, or tell the operator: {reference}"
    for kind, status, code in STATUS:
        if isinstance(error, kind):
            if status < 500:
                return status, error_body(code, error.message, error.hint)
            log.error("%s %s: %s", reference, type(error).__name__, error)
            if operator:
                return status, error_body(code, error.message, error.hint)
            return status, error_body(code, OUR_SIDE.get(code, "something is not set up right on our side."), told)
    log.error("unforeseen error %s", reference, exc_info=error)
    return 500, error_body("internal", "something went wrong on our side.", f"Tell the operator: {reference}")


def install(app: FastAPI, *, company: str) -> None:
    """Answer every failure of the app in the one shape; a browser that asked for a page gets it as a page."""

    async def invalid(request: Request, error: Exception) -> Response:
        return _answer(request, *_invalid(cast(RequestValidationError, error)), company=company)

    async def http(request: Request, error: Exception) -> Response:
        known = cast(HTTPException, error)
        fallback = ("http_error", str(known.detail), "See /docs.")
        body = error_body(*BY_STATUS.get(known.status_code, fallback))
        response = _answer(request, known.status_code, body, company=company)
        response.headers.update(known.headers or {})
        return response

    async def ours(request: Request, error: Exception) -> Response:
        return _answer(request, *describe(error), company=company)

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RapportError, ours)


class Caught:
    """Answers the unforeseen inside the other layers, so that its answer too has their headers and is counted."""

    def __init__(self, app: ASGIApp, *, company: str) -> None:
        self._app = app
        self._company = company

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            status, body = describe(error)
            await _answer(Request(scope), status, body, company=self._company)(scope, receive, send)


def _answer(request: Request, status: int, body: Failure, *, company: str) -> Response:
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    if wants_page:
        told = body["error"]
        return HTMLResponse(error_page(told["code"], told["message"], told["hint"], company=company), status)
    return JSONResponse(body, status)


def _invalid(error: RequestValidationError) -> tuple[int, Failure]:
    problems: list[Any] = list(error.errors())
    if any(problem["type"] == "json_invalid" for problem in problems):
        return 400, error_body(*BY_STATUS[400])
    where = "; ".join(f"{_place(problem['loc'])}: {problem['msg']}" for problem in problems[:5])
    return 422, error_body("invalid", f"the request does not fit: {where}.", "See /docs.")


def _place(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location if part != "body") or "body"
