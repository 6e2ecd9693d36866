"""Write the reply from its brief.

`GroundedComposer`, behind LangChain's `BaseChatModel`, fills templates and quotes passages: it is the default and what
every other writer falls back to. A `Writer` that the setting `agent.chat_model` names goes before it; `ChatWriter` is
any chat model, of a server or on this machine, that reads the same brief as text.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agent.brief import Brief, Line, Quote
from agent.servers import server_model
from agent.within import within
from prompts.render import fill, page, rules, say
from rapport.errors import ModelError, SettingsError
from rapport.paths import Home
from rapport.settings import Settings
from rapport.types import Verdict

BRIEF = "brief"  # where a message carries the brief it was rendered from


class Writer(Protocol):
    """What writes a reply ahead of the composer."""

    @property
    def name(self) -> str:
        """As the trace calls it."""

    def describe(self) -> str:
        """What writes, in words; "" where there is nothing to say."""

    def write(self, brief: Brief, *, seconds: float, refused: Verdict | None = None) -> Iterator[str]:
        """The pieces of a reply as they come; where `brief.said` is not empty, of what follows it.

        refused: what the checks said of the draft before, for a rewrite. A consumer that leaves ends the writing.
        Raises ModelError when it fails, says nothing, is cut off or takes longer than `seconds`.
        """


class ChatWriter:
    """A chat model as a writer: it reads rules and evidence as text."""

    def __init__(self, model: BaseChatModel, *, name: str = "chat") -> None:
        self.model = model
        self.name = name

    def describe(self) -> str:
        """What the model says of itself, or ""."""
        told = getattr(self.model, "describe", None)
        return str(told()) if told else ""

    def write(self, brief: Brief, *, seconds: float, refused: Verdict | None = None) -> Iterator[str]:
        """The pieces as the model gives them; see `Writer`."""
        prompt, said = prompt_for(brief), False
        told: dict[str, Any] = {}
        try:
            for chunk in within(lambda: self.model.stream(prompt), seconds):
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
        for piece in pieces(compose_text(brief_of(messages))):
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
    """The reply that the templates make of a brief; parts are paragraphs."""
    paragraphs: list[str] = []
    for part in brief.parts:
        text = ""
        for line in part.lines:
            words = _words(line, brief)
            text += words if not text else f"\n{words}" if "\n" in words or text.endswith(":") else f" {words}"
        short = paragraphs and part.rule in ("offer_person", "waiting_also", "language_note")
        if paragraphs and ((brief.parts[0].rule in ("verified", "sorry") and len(paragraphs) == 1) or short):
            paragraphs[-1] += f"\n\n{text}" if "\n" in paragraphs[-1] or "\n" in text else f" {text}"
        else:
            paragraphs.append(text)
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _words(line: Line, brief: Brief) -> str:
    if isinstance(line, Quote):
        return f"{line.text} [{line.number}]"
    return say(line.template, line.values, locale=brief.locale, pick=brief.pick)


def composer_prompt(brief: Brief) -> list[BaseMessage]:
    """The prompt of the composer: the brief itself, no text to read it back from."""
    return [HumanMessage(content=brief.question, additional_kwargs={BRIEF: brief})]


def prompt_for(brief: Brief) -> list[BaseMessage]:
    """The prompt of a chat model: rules and evidence as the system's words, the customer's message as it came."""
    told = {row["when"]: row["say"] for row in rules()["guideline"]}
    guidelines = dict.fromkeys(told[part.rule] for part in brief.parts if part.rule in told)
    facts = [line for tool in brief.tools for line in _fact_lines(tool.values)]
    marks = {record: place for place, record in enumerate(brief.sources, start=1)}
    passages = [f"[{marks[item.record]}] {item.title}: {item.text}" for item in brief.passages]
    system = fill(
        page("system"),
        {
            "company": brief.company,
            "guidelines": "\n".join(f"- {line}" for line in guidelines),
            "facts": "\n".join(facts) or "(none)",
            "passages": "\n".join(passages) or "(none)",
        },
    )
    before: list[BaseMessage] = [AIMessage(content=brief.before)] if brief.before else []
    return [SystemMessage(content=system), *before, HumanMessage(content=brief.question)]


def load_writer(settings: Settings, home: Home) -> Writer | None:
    """The writer that the settings name; None where the composer writes alone.

    Raises SettingsError for a name that is none or a model that is not found, MissingPackage where langchain-openai is
    not installed, ModelError or CorruptArtifact where a model does not load.
    """
    kind, _, name = settings.chat_model.partition(":")
    if settings.chat_model == "composer":
        return None
    if not name or kind not in ("openai", "transformers"):
        raise SettingsError(
            f"agent.chat_model = '{settings.chat_model}' is not known.",
            hint="Give composer, openai:MODEL or transformers:MODEL (a folder or hub id).",
        )
    return ChatWriter(_local_model(name, settings) if kind == "transformers" else server_model(name, settings.agent))


def _local_model(name: str, settings: Settings) -> BaseChatModel:
    """A model on this machine, loaded now: a wrong name should not wait for the first customer."""
    from rapport.chat.model import TransformersChat

    model = TransformersChat(
        model=name, adapter=settings.agent.chat_adapter, seconds=settings.agent.chat_timeout_seconds
    )
    model.describe()
    return model


def pieces(text: str) -> Iterator[str]:
    """A text word by word, as it is streamed; joined they are the text again."""
    start = 0
    for place, character in enumerate(text):
        if character in " \n":
            yield text[start : place + 1]
            start = place + 1
    if start < len(text):
        yield text[start:]


def _fact_lines(values: Mapping[str, Any], name: str = "") -> list[str]:
    """Nested values as "- items 1 name: Water Bottle" lines; empty ones say that they are not on record."""
    lines = []
    for key, value in values.items():
        label = f"{name} {key}".strip()
        if isinstance(value, Mapping):
            lines.extend(_fact_lines(value, label))
        elif isinstance(value, list | tuple):
            rows = {str(place): row for place, row in enumerate(value, start=1)}
            lines.extend(_fact_lines(rows, label))
        else:
            lines.append(f"- {label}: {'not on record' if value is None else value}")
    return lines
