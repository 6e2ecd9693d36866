"""What flows through one turn. Plain values: no behaviour beyond small properties, no I/O.

The records that a turn talks about (customers, orders, articles) are in `rapport.records`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType

from rapport.records import CustomerId

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", int)
TurnId = NewType("TurnId", str)
PassageId = NewType("PassageId", str)

Role = Literal["customer", "assistant", "staff", "system"]
DecisionKind = Literal["answer", "ask", "act", "hand_over"]
PassageVisibility = Literal["public", "staff", "owner"]
EscalationLevel = Literal["answer", "offer", "escalate"]


class Identity(StrEnum):
    """How sure we are of who is writing. Ordered: anonymous < claimed < verified."""

    ANONYMOUS = "anonymous"
    CLAIMED = "claimed"
    VERIFIED = "verified"


class State(StrEnum):
    """Who owns the conversation. The legal moves are in `agent.handover`."""

    BOT = "bot"
    OFFERED = "offered"
    QUEUED = "queued"
    HUMAN = "human"
    RETURNED = "returned"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a live conversation. `id` is None until the store has kept it."""

    role: Role
    text: str
    at: datetime
    id: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A live conversation as the turn sees it; messages in the order they were kept.

    context: what the dialogue is about so far (the order under discussion, a pending question); see `agent`.
    """

    id: ConversationId
    customer_id: CustomerId | None
    identity: Identity
    channel: str
    state: State
    messages: tuple[Message, ...] = ()
    locale: str = "en"
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking, for the filters: what they may see follows from this and from nothing else."""

    customer_id: CustomerId | None = None
    identity: Identity = Identity.ANONYMOUS
    staff: bool = False

    @property
    def owner(self) -> CustomerId | None:
        """The customer whose own passages and orders may be shown, or None."""
        return self.customer_id if self.identity is Identity.VERIFIED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A value found in a message. kind: order_number, email, amount, date, postcode, phone, tracking, product."""

    kind: str
    text: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request inside a message; a message with two questions has two.

    intent: the best label, even where in_scope is low. confidence: calibrated probability of it, 0-1.
    in_scope: probability that the message is one the company's intents cover, 0-1.
    query: the text to search with (follow-ups are completed from the context).
    topics: what it asks of an order, see `prompts.fields.TOPICS`. topics_sure: probability that it is one of them, 0-1.
    wish: what it wants done, if anything, about an order or other records, see `rapport.wishes`. wish_sure: probability
    that it wants anything done, wish_share: that it wants this, 0-1.
    """

    text: str
    query: str
    intent: str
    confidence: float
    in_scope: float
    alternatives: tuple[tuple[str, float], ...] = ()
    entities: tuple[Entity, ...] = ()
    topics: tuple[str, ...] = ()
    topics_sure: float = 0.0
    wish: str = ""
    wish_sure: float = 0.0
    wish_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What one message (or several quick ones together) means. sentiment: -1..1; asks: 1 or more.

    escalate: probability that a person must take over, 0-1. escalate_level: what follows from it. escalate_reason: why,
    or empty where the message is simply answered. finished: probability that no further message follows at once, 0-1.
    packed: the message's vector, see `rapport.likeness`.
    """

    asks: tuple[Ask, ...]
    sentiment: float
    escalate: float
    escalate_reason: str
    language: str
    entities: tuple[Entity, ...]
    escalate_level: EscalationLevel = "answer"
    finished: float = 1.0
    packed: str = ""

    @property
    def main(self) -> Ask:
        return self.asks[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a record that can be found and cited.

    record: key of the record it was cut from. owner: set exactly when visibility is "owner".
    heading: the section of the record that it stands in, where there is one.
    version: the record's version when it was indexed. Not answered from before valid_from or after valid_until.
    """

    id: PassageId
    record: str
    kind: str
    title: str
    text: str
    visibility: PassageVisibility
    owner: CustomerId | None = None
    url: str | None = None
    version: int = 1
    heading: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. rank starts at 1; score is the fused one, 0-1; via: dense, keyword or both."""

    passage: Passage
    score: float
    rank: int
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool found. `values` are the only facts that a reply may state; empty when not `found`."""

    tool: str
    found: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    record: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do next, and the rule that said so."""

    kind: DecisionKind
    reason: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where an answer comes from, as the customer may see it."""

    id: str
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reply before the checks. tools: names of the tools whose values it states."""

    text: str
    citations: tuple[Citation, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checks say of a draft: values without evidence, other people's data, broken rules."""

    ungrounded: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    rule_breaks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not (self.ungrounded or self.leaks or self.rule_breaks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the customer reads."""

    text: str
    citations: tuple[Citation, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A conversation given to a person, with what they need to go on."""

    reason: str
    queue: str
    priority: Literal["low", "normal", "high", "urgent"]
    summary: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One whole turn. ms: milliseconds per stage. models: artifact name per role. No reply while a person owns it."""

    id: TurnId
    conversation_id: ConversationId
    at: datetime
    messages: tuple[Message, ...]
    understanding: Understanding
    hits: tuple[Hit, ...]
    tools: tuple[ToolResult, ...]
    decisions: tuple[Decision, ...]
    draft: Draft
    verdict: Verdict
    reply: Reply | None
    handover: Handover | None
    state: State
    identity: Identity
    customer_id: CustomerId | None = None
    context: Mapping[str, Any]
    ms: Mapping[str, float]
    models: Mapping[str, str]
    index_version: str
