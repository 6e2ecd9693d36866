"""Stand-ins for tests: a chat model that speaks from a script, an encoder that hashes, a clock that stands still."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from rapport.errors import ModelError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Breaks:
    """An answer that breaks off: `text` arrives, then `error` is raised."""

    text: str
    error: Exception


class ScriptedChat(BaseChatModel):
    """A chat model that gives queued answers in order and keeps what it was asked.

    answers: texts; an exception is raised instead of an answer; `Breaks` fails in the middle of a stream.
    Raises ModelError when the script is over: a call that a test did not expect is a failure, not an empty reply.
    """

    answers: list[Any] = Field(default_factory=list)
    asked: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(self._pieces(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self._pieces(messages):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk

    def _pieces(self, messages: list[BaseMessage]) -> Iterator[str]:
        self.asked.append(list(messages))
        if not self.answers:
            raise ModelError("the script is over: the model was called once more than it has answers.")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        text = answer.text if isinstance(answer, Breaks) else str(answer)
        for position, word in enumerate(text.split(" ")):
            yield word if position == 0 else f" {word}"
        if isinstance(answer, Breaks):
            raise answer.error


class HashingEncoder:
    """An encoder without a model: texts that share words and letter triples get similar vectors."""

    def __init__(self, dim: int = 384) -> None:
        self.name = f"hashing-{dim}"
        self.fingerprint = hashlib.sha256(self.name.encode()).hexdigest()[:16]
        self.dim = dim

    def encode(self, texts: Sequence[str]) -> "np.ndarray":
        """Return (n, dim) float32 unit rows, the same in every process."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature in _features(text):
                digest = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest())
                vectors[row, digest % self.dim] += 1.0 if digest >> 63 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.ascontiguousarray(unit, dtype=np.float32)


def _features(text: str) -> Iterator[str]:
    for word in text.lower().split():
        yield word
        padded = f"<{word}>"
        yield from (padded[start : start + 3] for start in range(len(padded) - 2))


class FixedClock:
    """A clock that moves only when told. Call it for the time (aware, UTC)."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += timedelta(seconds=seconds)
