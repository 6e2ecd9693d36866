"""Feedback on answers, and the audit of what people did. Both only grow."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select

from crm.conversations import kept_text, locked
from crm.database import Database
from crm.tables import audit, feedback
from crm.values import AuditEntry, Feedback, FeedbackId
from rapport.types import ConversationId, TurnId


class Logs:
    """The part of the store that keeps opinions and deeds."""

    _database: Database

    def add_feedback(self, given: Feedback) -> Feedback:
        """Keep what somebody thought of an answer; comes back with its id. Raises NotFound for the conversation."""
        row = {
            "conversation_id": given.conversation_id,
            "turn_id": given.turn_id,
            "rating": given.rating,
            "comment": kept_text(given.comment),
            "actor": kept_text(given.actor),
            "at": given.at,
            "details": given.details,
        }
        with self._database.write() as connection:
            locked(connection, given.conversation_id)
            kept: Any = connection.execute(insert(feedback), row).inserted_primary_key
        return replace(given, id=FeedbackId(kept[0]))

    def feedback(self, id: ConversationId) -> list[Feedback]:
        """The feedback on a conversation, oldest first."""
        query = select(feedback).where(feedback.c.conversation_id == id).order_by(feedback.c.id)
        with self._database.read() as connection:
            return [
                Feedback(
                    conversation_id=ConversationId(row.conversation_id),
                    rating=row.rating,
                    at=row.at,
                    comment=row.comment,
                    turn_id=None if row.turn_id is None else TurnId(row.turn_id),
                    actor=row.actor,
                    details=row.details,
                    id=FeedbackId(row.id),
                )
                for row in connection.execute(query)
            ]

    def audit(
        self,
        actor: str,
        action: str,
        *,
        subject: str = "",
        details: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> None:
        """Write down who did what to which thing. details: ids and small facts, never message text."""
        row = {"actor": kept_text(actor), "action": action, "subject": kept_text(subject)}
        with self._database.write() as connection:
            connection.execute(insert(audit), {**row, "at": at or datetime.now(UTC), "details": details or {}})

    def count_audits(self, action: str, *, subject: str, since: datetime, before: datetime) -> int:
        """How often something was done to a subject in [since, before)."""
        query = select(func.count()).where(
            audit.c.subject == subject, audit.c.action == action, audit.c.at >= since, audit.c.at < before
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def audits(self, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """The newest entries (about one subject), newest first."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        with self._database.read() as connection:
            return [
                AuditEntry(actor=row.actor, action=row.action, subject=row.subject, at=row.at, details=row.details)
                for row in connection.execute(query)
            ]
