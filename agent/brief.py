"""What a writer is given: the parts of a reply with their evidence. Plain values; no wording, no model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prompts.fields import Sheet
from rapport.types import Message, Passage, ToolResult


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence by a template: its name under `prompts/replies/` and the values of its slots."""

    template: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words taken from a passage as they stand; `number` is its record's among the brief's sources, from 1."""

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a model, values put in."""

    text: str


Line = Say | Quote | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a reply. rule: what it answers; a chat model reads the guideline of that name.

    sheet: the record that it states, where it states one; asked: what is asked of it, in which words.
    """

    rule: str
    lines: tuple[Line, ...]
    sheet: Sheet | None = None
    asked: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Everything that a reply may say.

    parts: in the order of the reply. passages: what is quoted. tools: results that the reply states.
    question: the customer's own words. echoes: order numbers that they gave. history: the messages before the question.
    before: the reply that went before, or "". said: the beginning of this reply that the customer reads already, or "".
    pick: chooses among wordings.
    free: a chat model may write it; where False the words are fixed (identity, handover, small talk).
    """

    parts: tuple[Part, ...]
    passages: tuple[Passage, ...] = ()
    tools: tuple[ToolResult, ...] = ()
    question: str = ""
    echoes: tuple[str, ...] = ()
    history: tuple[Message, ...] = ()
    before: str = ""
    said: str = ""
    locale: str = "en"
    company: str = ""
    pick: int = 0
    free: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the records cited, in the order of their marks: two passages of one article share a mark."""
        return tuple(dict.fromkeys(passage.record for passage in self.passages))
