"""Small values that the store takes and gives, and the errors that are its own. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType

from rapport.errors import Refused, UserError
from rapport.records import RecordKind
from rapport.types import ConversationId, MessageId, State, TurnId

FeedbackId = NewType("FeedbackId", int)
SuggestionId = NewType("SuggestionId", int)
Outcome = Literal["accepted", "edited", "rejected"]


class StoreBusy(UserError):
    """Another program kept the database locked for longer than the busy timeout."""


class StaleTurn(Refused):
    """The conversation moved on while the turn was made; nothing of the turn was kept. Answer again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an upsert did, in records."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an import has come. position: what the importer counts in (lines, bytes, records)."""

    import_id: str
    position: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a record. seq grows by commit: whoever has seen `seq` never misses a lower one."""

    seq: int
    kind: RecordKind
    key: str
    op: Literal["upsert", "remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One logged move of a conversation. actor: "agent", "customer", or the name of a staff member."""

    conversation_id: ConversationId
    before: State
    to: State
    event: str
    actor: str
    at: datetime
    turn_id: TurnId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody thought of an answer. rating: -1 bad, 0 neutral, 1 good. `id` is None until kept."""

    conversation_id: ConversationId
    rating: int
    at: datetime
    comment: str = ""
    turn_id: TurnId | None = None
    actor: str = "customer"
    details: Mapping[str, Any] = field(default_factory=dict)
    id: FeedbackId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A reply that was suggested to a colleague. `id` is None until kept.

    message_id: the customer's message that it answers. model: who wrote it. record: key of the order that it states.
    outcome: what the colleague did with it, None while unknown; sent: what they sent, None where they sent nothing.
    """

    conversation_id: ConversationId
    message_id: MessageId
    text: str
    model: str
    at: datetime
    record: str | None = None
    outcome: Outcome | None = None
    sent: str | None = None
    actor: str | None = None
    judged_at: datetime | None = None
    id: SuggestionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which thing. details: ids and small facts, never message text."""

    actor: str
    action: str
    subject: str
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)
