"""`TransformersChat`: a causal language model of Hugging Face behind LangChain's `BaseChatModel`.

Instances that name the same weights share them, and their requests share forward passes, from whatever thread.
"""

import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field

from rapport.chat.forward import choose_forward
from rapport.chat.prompt import Prompter
from rapport.chat.scheduler import Request, Scheduler
from rapport.chat.slots import Slots, SlotTrie
from rapport.chat.text import Unfolding
from rapport.chat.weights import Loaded, load_weights


@dataclass(frozen=True, slots=True)
class Engine:
    """A loaded model with what makes its prompts and what generates. ends: tokens that end a reply."""

    loaded: Loaded
    prompter: Prompter
    scheduler: Scheduler
    ends: frozenset[int]


class TransformersChat(BaseChatModel):
    """Writes with a causal language model by hub id or folder, in the words of its own chat template.

    A prompt that does not fit the window beside `max_new_tokens` loses its oldest messages; the system's words and the
    last message stay. Text in a message never becomes a control token. A reply carries `finish_reason` ("stop", or
    "length" where it was cut off) and counts of tokens. A consumer that leaves the stream ends the generation.
    Raises ModelError where the model has no chat template, a prompt has no room, or the time is over; SettingsError
    where the model is not found.
    """

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="Hub id or folder.")
    adapter: str = Field(default="", description="Hub id or folder of a PEFT adapter that can be merged (LoRA).")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    temperature: float = Field(default=0.0, ge=0.0, description="0: the likeliest token each time.")
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    seed: int | None = Field(default=None, description="The same seed gives the same text; None: another each time.")
    max_new_tokens: int = Field(default=256, ge=1)
    stop: tuple[str, ...] = Field(default=(), description="Texts that end a reply and are not part of it.")
    seconds: float = Field(default=20.0, gt=0.0, description="Longest time for a reply, waiting included.")

    @property
    def _llm_type(self) -> str:
        return "transformers"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        names = ("model", "adapter", "dtype", "temperature", "top_p", "seed", "max_new_tokens", "stop")
        return {name: getattr(self, name) for name in names}

    @property
    def engine(self) -> Engine:
        """The model itself; loaded by the first who asks."""
        with _loading:
            return _engine(self.model, self.adapter, self.dtype)

    def describe(self) -> str:
        """What is loaded, its number format and device, in words."""
        return self.engine.loaded.describe()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # chunks, which cost as much as the tokens of a small model, are for those who stream
        told, ended = list[str](), _Ended("stop", 0, 0)
        for piece in self._pieces(messages, stop, kwargs.get("slots")):
            if isinstance(piece, _Ended):
                ended = piece
                continue
            told.append(piece)
            if run_manager:
                run_manager.on_llm_new_token(piece)
        message = AIMessage(content="".join(told), usage_metadata=ended.usage, response_metadata=self._about(ended))
        generation = ChatGeneration(message=message, generation_info={"finish_reason": ended.finish})
        return ChatResult(generations=[generation])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self._pieces(messages, stop, kwargs.get("slots")):
            if isinstance(piece, _Ended):
                yield self._last(piece)
            else:
                yield _told(piece, run_manager)

    def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, slots: Slots | None
    ) -> "Iterator[str | _Ended]":
        """The text as it becomes certain, and at the end how it ended."""
        engine = self.engine
        window = engine.loaded.window
        prompt = engine.prompter.fit(messages, window - self.max_new_tokens if window else None)
        answer = engine.scheduler.ask(self._request(prompt, engine, slots))
        decode = functools.partial(
            engine.loaded.tokenizer.decode, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        text = Unfolding(decode, [*self.stop, *(stop or ())])
        made = 0
        try:
            for token in answer:
                made += 1
                if piece := text.add(token):
                    yield piece
                if text.stopped:
                    break
            if piece := text.rest():
                yield piece
            yield _Ended(answer.finish or "stop", len(prompt), made)  # None: it broke off at a stop string
        finally:  # also when the consumer leaves
            answer.cancel()

    def _request(self, prompt: list[int], engine: Engine, slots: Slots | None) -> Request:
        trie = SlotTrie(engine.loaded.tokenizer, slots, ends=sorted(engine.ends)) if slots else None
        return Request(
            prompt=prompt,
            most=self.max_new_tokens,
            ends=engine.ends,
            allow=trie.masked if trie else None,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            seconds=self.seconds,
        )

    def _about(self, ended: "_Ended") -> dict[str, Any]:
        return {"finish_reason": ended.finish, "model_name": self.model}

    def _last(self, ended: "_Ended") -> ChatGenerationChunk:
        message = AIMessageChunk(
            content="", usage_metadata=ended.usage, response_metadata=self._about(ended), chunk_position="last"
        )
        return ChatGenerationChunk(message=message, generation_info={"finish_reason": ended.finish})


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a reply ended, and how many tokens were read and made."""

    finish: str
    read: int
    made: int

    @property
    def usage(self) -> UsageMetadata:
        return UsageMetadata(input_tokens=self.read, output_tokens=self.made, total_tokens=self.read + self.made)


def _told(piece: str, run_manager: CallbackManagerForLLMRun | None) -> ChatGenerationChunk:
    chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
    if run_manager:
        run_manager.on_llm_new_token(piece, chunk=chunk)
    return chunk


_loading = threading.Lock()


@functools.cache
def _engine(model: str, adapter: str, dtype: str) -> Engine:
    loaded = load_weights(model, adapter=adapter, dtype=dtype)
    prompter = Prompter(loaded.tokenizer, name=model)
    return Engine(loaded, prompter, Scheduler(choose_forward(loaded.model)), loaded.ends | prompter.ends)
