"""What `decide` is given and what it gives back. Plain values; knows nothing of where they come from."""

from dataclasses import dataclass
from typing import Literal

from agent.context import Context, Wanted
from rapport.records import CustomerId
from rapport.types import Ask, Decision, Identity, State, Understanding

Outcome = Literal["none", "partial", "matched", "failed"]
Choose = Literal["", "other", "newest", "before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What became of the identity facts in this turn.

    none: the message gave none. partial: some are missing still. matched, failed: all were there and were compared.
    facts: all given so far, empty once matched. failures: matches failed in this conversation so far.
    """

    outcome: Outcome = "none"
    missing: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    customer: CustomerId | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The thresholds of the settings and rules; probabilities 0-1, sentiment -1..1."""

    in_scope: float = 0.6
    confidence: float = 0.45
    answerable: float = 0.5
    sure_article: float = 0.8
    person: float = 0.1
    finished: float = 0.3
    clarify: int = 2
    attempts: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the choice depends on.

    answerable: per ask, probability that the passages answer it, 0-1. names_product: per ask, whether its words name
    something that the company sells. own_trade: per ask, whether it sounds like another trade and so does the article
    that answers it. others: per ask, probability that it concerns another person's data, 0-1.
    """

    understanding: Understanding
    answerable: tuple[float, ...]
    names_product: tuple[bool, ...] = ()
    own_trade: tuple[bool, ...] = ()
    others: tuple[float, ...] = ()
    state: State
    identity: Identity
    context: Context
    identified: Identified
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the turn does; its rule says which.

    intent: what is acted on, which may come from an earlier message. index: the ask it answers.
    order, choose: which order it is about, by number or by how it was pointed at. topics: the single
    fields of an order that are asked for. choices: intents to ask between.
    wanted: questions put aside until the reply to this one. offers: it ends with the offer of a person.
    looks_up: a read-only tool is run for it.
    """

    decision: Decision
    ask: Ask
    index: int = 0
    intent: str = ""
    order: str | None = None
    choose: Choose = ""
    topics: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    offers: bool = False
    looks_up: bool = False

    @property
    def rule(self) -> str:
        return self.decision.rule
