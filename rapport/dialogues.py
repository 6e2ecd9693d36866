"""Labelled conversations: what the customer wrote, what the agent did, whether a person was needed. Plain values."""

from dataclasses import dataclass
from typing import Literal, Protocol

from rapport.types import EscalationLevel

# What the agent did with a message: answered, asked back, had no answer, asked who writes, or found no such customer.
Did = Literal["answered", "asked", "unanswered", "verify", "unverified"]


@dataclass(frozen=True, slots=True)
class Said:
    """A customer's message. level: None where it is only there for what follows. reason: a key of REASONS, or "".

    did: what the agent did then.
    """

    text: str
    level: EscalationLevel | None = None
    reason: str = ""
    did: Did = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """The customer's messages of one conversation, in their order.

    split: train, dev or test. order_value: total of the order under discussion; usual_value: of the shop's usual order;
    0 where not known. invented: by the sample company, so that the shipped alarm may have learnt from it.
    """

    said: tuple[Said, ...]
    split: str
    language: str = "en"
    order_value: float = 0.0
    usual_value: float = 0.0
    family: str = ""
    invented: bool = False


class Utterance(Protocol):
    """What the sample company and labelled tickets give: a text with both labels and its split."""

    @property
    def text(self) -> str: ...
    @property
    def intent(self) -> str: ...
    @property
    def sentiment(self) -> str: ...
    @property
    def split(self) -> str: ...


class Ordinary(Utterance, Protocol):
    """An utterance from which conversations are built, such as `rapport.sample.Example`."""

    @property
    def language(self) -> str: ...
