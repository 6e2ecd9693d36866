"""Replies that were suggested to colleagues, and what they sent instead. None of them is ever sent by itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from crm.conversations import kept_text, locked
from crm.database import Database
from crm.tables import messages, suggestions
from crm.values import Outcome, Suggestion, SuggestionId
from rapport.errors import NotFound, Refused, UserError
from rapport.types import ConversationId, MessageId

_AT_ONCE = 500  # read at a time
_FATE = ("outcome", "sent", "actor", "judged_at")


class Suggestions:
    """The part of the store that keeps suggested replies."""

    _database: Database

    def add_suggestion(self, made: Suggestion) -> Suggestion:
        """Keep a suggestion; comes back with its id. Raises NotFound for the conversation or the message."""
        row = {
            "conversation_id": made.conversation_id,
            "message_id": made.message_id,
            "text": kept_text(made.text),
            "model": made.model,
            "record": made.record,
            "at": made.at,
        }
        asked = select(messages.c.id).where(
            messages.c.id == made.message_id, messages.c.conversation_id == made.conversation_id
        )
        with self._database.write() as connection:
            locked(connection, made.conversation_id)
            if connection.execute(asked).first() is None:
                raise NotFound(f"the conversation has no message {made.message_id}.")
            kept: Any = connection.execute(insert(suggestions), row).inserted_primary_key
        return replace(made, id=SuggestionId(kept[0]))

    def suggestion(self, id: SuggestionId) -> Suggestion:
        """One suggestion. Raises NotFound."""
        with self._database.read() as connection:
            return _read(connection, id)

    def judge_suggestion(
        self, id: SuggestionId, outcome: Outcome, *, sent: str | None, actor: str, at: datetime
    ) -> Suggestion:
        """Keep what became of a suggestion, once; the same again changes nothing.

        sent: what was sent; for an accepted one its own text, which may be left out.
        Raises NotFound; UserError for words that do not go with the outcome; Refused where another one is kept.
        """
        with self._database.write() as connection:
            locked(connection, _read(connection, id).conversation_id)
            found = _read(connection, id)
            fate = (outcome, _sent(found, outcome, sent))
            if found.outcome is not None:
                if (found.outcome, found.sent) != fate:
                    raise Refused(f"it is kept that suggestion {id} was {found.outcome}; that does not change.")
                return found
            row = dict(zip(_FATE, (*fate, kept_text(actor), at), strict=True))
            connection.execute(update(suggestions).where(suggestions.c.id == id).values(row))
            return _read(connection, id)

    def suggestions(self, id: ConversationId | None = None, *, judged: bool = False) -> Iterator[Suggestion]:
        """The suggestions of a conversation, or all, oldest first. judged: those alone of which the end is known."""
        last = 0
        while True:
            query = select(suggestions).where(suggestions.c.id > last).order_by(suggestions.c.id).limit(_AT_ONCE)
            if id is not None:
                query = query.where(suggestions.c.conversation_id == id)
            if judged:
                query = query.where(suggestions.c.outcome.is_not(None))
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            yield from map(_suggestion, rows)
            last = rows[-1].id


def _sent(made: Suggestion, outcome: Outcome, sent: str | None) -> str | None:
    """What was sent, checked against the outcome."""
    text = kept_text(sent).strip() if sent is not None else ""
    same = text == made.text.strip()
    if outcome == "accepted" and text and not same:
        raise UserError("another text than the suggested one was sent.", hint='Then the outcome is "edited".')
    if outcome == "edited" and (not text or same):
        raise UserError("an edited suggestion needs the other text that was sent.", hint='Give it as "sent".')
    if outcome == "rejected" and same:
        raise UserError("the suggestion was sent as it stands.", hint='Then the outcome is "accepted".')
    return made.text if outcome == "accepted" else text or None


def _read(connection: Connection, id: SuggestionId) -> Suggestion:
    row = connection.execute(select(suggestions).where(suggestions.c.id == id)).first()
    if row is None:
        raise NotFound(f"there is no suggestion {id}.")
    return _suggestion(row)


def _suggestion(row: Any) -> Suggestion:
    return Suggestion(
        conversation_id=ConversationId(row.conversation_id),
        message_id=MessageId(row.message_id),
        text=row.text,
        model=row.model,
        at=row.at,
        record=row.record,
        outcome=row.outcome,
        sent=row.sent,
        actor=row.actor,
        judged_at=row.judged_at,
        id=SuggestionId(row.id),
    )
