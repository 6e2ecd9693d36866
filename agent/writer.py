"""Write the reply from its brief.

`GroundedComposer`, behind LangChain's `BaseChatModel`, fills templates and quotes passages: it is the default and what
every other writer falls back to. A `Writer` that the setting `agent.chat_model` names goes before it; `ChatWriter` is
any chat model, of a server or on this machine, that reads the same brief as text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agent.brief import Brief, Line, Quote, Say
from agent.prompt import Budget, budget_of, prompt_for
from agent.servers import server_model
from agent.unsaid import unsaid
from agent.within import within
from prompts.render import say
from rapport.errors import ModelError, SettingsError
from rapport.paths import Home
from rapport.settings import Settings
from rapport.types import Verdict

_OPENINGS = ("verified", "sorry")
MOST_TOKENS = 160  # of a reply of our own model
BRIEF = "brief"  # where a message carries the brief it was rendered from


class Writer(Protocol):
    """What writes a reply ahead of the composer."""

    @property
    def name(self) -> str:
        """As the trace calls it."""

    @property
    def taught(self) -> bool:
        """Whether it says what it learned from the company's own replies, and reads neither records nor passages."""

    def describe(self) -> str:
        """What writes, in words; "" where there is nothing to say."""

    def takes(self, brief: Brief) -> bool:
        """Whether it writes this reply; else the composer does."""

    def write(self, brief: Brief, *, seconds: float, refused: Verdict | None = None) -> Iterator[str]:
        """The pieces of a reply as they come; where `brief.said` is not empty, of what follows it.

        refused: what the checks said of the draft before, for a rewrite. A consumer that leaves ends the writing.
        Raises ModelError when it fails, says nothing, is cut off or takes longer than `seconds`.
        """


class ChatWriter:
    """A chat model as a writer: it reads rules and evidence as text."""

    taught = False

    def __init__(self, model: BaseChatModel, *, name: str = "chat") -> None:
        self.model = model
        self.name = name
        self._budget: Budget | None = None

    def describe(self) -> str:
        """What the model says of itself, or ""."""
        told = getattr(self.model, "describe", None)
        return str(told()) if told else ""

    def takes(self, brief: Brief) -> bool:
        """Whether the words are free: not those of identity, handover and small talk."""
        return brief.free

    def write(self, brief: Brief, *, seconds: float, refused: Verdict | None = None) -> Iterator[str]:
        """The pieces as the model gives them; see `Writer`."""
        told: dict[str, Any] = {}
        said = False
        try:
            for chunk in within(lambda: self._stream(brief, refused), seconds):
                told.update(chunk.response_metadata)
                if piece := str(chunk.text):
                    said = said or bool(piece.strip())
                    yield piece
        except ModelError:
            raise
        except TimeoutError as error:
            raise ModelError(f"the chat model took longer than {seconds:g} seconds.") from error
        except Exception as error:
            raise ModelError(f"the chat model failed ({type(error).__name__}).") from error
        if not said:
            raise ModelError("the chat model gave an empty reply.")
        # one that tells anything of its reply tells how it ended, unless the connection ended first
        if told and told.get("finish_reason") in (None, "length"):
            raise ModelError("the chat model was cut off before its reply was whole.")

    def _stream(self, brief: Brief, refused: Verdict | None) -> Iterator[AIMessageChunk]:
        if self._budget is None:  # asked at the first reply: a model loads as late as it can
            self._budget = budget_of(self.model)
        yield from self.model.stream(prompt_for(brief, refused=refused, budget=self._budget))


class GroundedComposer(BaseChatModel):
    """Writes a reply from the brief that the last message carries: nothing but templates, records and quotations."""

    @property
    def _llm_type(self) -> str:
        return "grounded-composer"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = compose_text(brief_of(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in filter(None, re.split(r"(?<=[ \n])", compose_text(brief_of(messages)))):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk


def brief_of(messages: Sequence[BaseMessage]) -> Brief:
    """The brief that a prompt carries. Raises ModelError for a prompt without one."""
    brief = messages[-1].additional_kwargs.get(BRIEF) if messages else None
    if not isinstance(brief, Brief):
        raise ModelError("the grounded composer was asked without a brief.", hint="Give the prompt of `prompt_for`.")
    return brief


def compose_text(brief: Brief) -> str:
    """The reply that the templates make of a brief, or what it says beyond `brief.said`; parts are paragraphs."""
    # what opens a reply has no place behind its beginning
    parts = [part for part in brief.parts if not (brief.said and part.rule in _OPENINGS)]
    paragraphs: list[str] = []
    for part in parts:
        text = ""
        for words in filter(None, (_words(line, brief) for line in part.lines)):
            text += words if not text else f"\n{words}" if "\n" in words or text.endswith(":") else f" {words}"
        short = paragraphs and part.rule in ("offer_person", "waiting_also", "language_note")
        if paragraphs and ((parts[0].rule in _OPENINGS and len(paragraphs) == 1) or short):
            paragraphs[-1] += f"\n\n{text}" if "\n" in paragraphs[-1] or "\n" in text else f" {text}"
        elif text:
            paragraphs.append(text)
    return "\n\n".join(paragraphs)


def _words(line: Line, brief: Brief) -> str:
    text = say(line.template, line.values, locale=brief.locale, pick=brief.pick) if isinstance(line, Say) else line.text
    if brief.said:
        text = unsaid(text, brief.said)
    return f"{text} [{line.number}]" if text and isinstance(line, Quote) else text


def composer_prompt(brief: Brief) -> list[BaseMessage]:
    """The prompt of the composer: the brief itself, no text to read it back from."""
    return [HumanMessage(content=brief.question, additional_kwargs={BRIEF: brief})]


def load_writer(settings: Settings, home: Home) -> Writer | None:
    """The writer that the settings name; None where the composer writes alone.

    Raises SettingsError for a name that is none or a model that is not found, MissingPackage where langchain-openai is
    not installed, ModelError or CorruptArtifact where a model does not load.
    """
    kind, _, name = settings.chat_model.partition(":")
    if settings.chat_model == "composer":
        return None
    if settings.chat_model == "starter":
        return _reply_model(settings, home)
    if not name or kind not in ("openai", "transformers"):
        raise SettingsError(
            f"agent.chat_model = '{settings.chat_model}' is not known.",
            hint="Give starter, composer, openai:MODEL or transformers:MODEL (a folder or hub id).",
        )
    return ChatWriter(_local_model(name, settings) if kind == "transformers" else server_model(name, settings.agent))


def _reply_model(settings: Settings, home: Home) -> Writer:
    """The reply model that is in use in this home, else the starter that comes with Rapport; loaded when it writes."""
    from agent.slot_writer import SlotWriter
    from rapport.chat.model import TransformersChat
    from rapport.replies import reply_source, source_of

    source = reply_source(home) or source_of(home, "starter")
    chat = settings.agent
    model = TransformersChat(
        model=source.model, adapter=source.adapter, seconds=chat.chat_timeout_seconds, max_new_tokens=MOST_TOKENS
    )
    return SlotWriter(model, source.name) if source.protocol == "slots" else ChatWriter(model, name=source.name)


def _local_model(name: str, settings: Settings) -> BaseChatModel:
    """A model on this machine, loaded now: a wrong name should not wait for the first customer."""
    from rapport.chat.model import TransformersChat

    model = TransformersChat(
        model=name, adapter=settings.agent.chat_adapter, seconds=settings.agent.chat_timeout_seconds
    )
    model.describe()
    return model
