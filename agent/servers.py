"""Chat models of OpenAI-compatible servers, and a limit to how long one exchange with them may last."""

import functools
import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel

from rapport.errors import MissingPackage
from rapport.settings import AgentSettings


def server_model(name: str, settings: AgentSettings) -> BaseChatModel:
    """A model behind `agent.chat_base_url`, or OpenAI's own. Raises MissingPackage without langchain-openai."""
    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        raise MissingPackage("langchain-openai is not installed.", hint="Run: pip install 'rapport[openai]'") from error
    given: dict[str, Any] = {"base_url": settings.chat_base_url} if settings.chat_base_url else {}
    if settings.chat_base_url:
        # local servers take any key, the client insists on one
        given["api_key"] = os.environ.get("OPENAI_API_KEY", "none")
    seconds = settings.chat_timeout_seconds
    return ChatOpenAI(model=name, temperature=0, timeout=seconds, max_retries=0, http_client=_client(seconds), **given)


@functools.cache
def _client(seconds: float) -> httpx.Client:
    """One for all models, as langchain-openai itself keeps one: its connections live as long as the process."""
    return httpx.Client(transport=TimedTransport(seconds), timeout=seconds)


class TimedTransport(httpx.HTTPTransport):
    """Breaks off an answer that is not whole after `seconds`.

    A timeout of httpx begins anew with every byte, so a server that sends a sign of life now and then and no word would
    hold the connection for ever.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        ends_at = time.monotonic() + self.seconds
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _TimedStream(response.stream, ends_at, request)
        return response


class _TimedStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, ends_at: float, request: httpx.Request) -> None:
        self.inner, self.ends_at, self.request = inner, ends_at, request

    def __iter__(self) -> Iterator[bytes]:
        for part in self.inner:
            if time.monotonic() > self.ends_at:
                raise httpx.ReadTimeout("the answer was not whole in time", request=self.request)
            yield part

    def close(self) -> None:
        self.inner.close()
