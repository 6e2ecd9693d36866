"""Moves of a conversation from state to state: compared, logged, with the handovers that they open and end.

Which moves are legal is decided by `agent.handover`; here a move only has to start from the state that its maker saw.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from crm.conversations import keep_message, kept_text, locked
from crm.database import Database
from crm.tables import conversations, handovers, messages, transitions
from crm.values import Transition
from rapport.errors import Refused
from rapport.types import ConversationId, Handover, Identity, State, TurnId

# A handover ends when the conversation is no longer offered to, waiting for, or with a person.
_ENDS_HANDOVER = (State.BOT, State.RETURNED, State.CLOSED)


class Moves:
    """The part of the store that moves conversations."""

    _database: Database

    def transition(
        self,
        id: ConversationId,
        *,
        expected: State,
        to: State,
        event: str,
        actor: str,
        at: datetime,
        message: str | None = None,
        handover: Handover | None = None,
    ) -> None:
        """Move a conversation from `expected`, log it, and keep the message (role system) that tells the customer.

        A closed one that is opened again starts afresh: its context is dropped, and who was verified only claims now.

        Raises StaleTurn, and writes nothing, when the state is no longer `expected`; Refused for closing twice.
        """
        if to is State.CLOSED and expected is State.CLOSED:
            raise Refused("the conversation is closed already.")
        with self._database.write() as connection:
            locked(connection, id, expected=expected)
            move = Transition(conversation_id=id, before=expected, to=to, event=event, actor=actor, at=at)
            keep_move(connection, move, handover=handover)
            this = conversations.c.id == id
            connection.execute(update(conversations).where(this).values(state=to.value, updated_at=at))
            if expected is State.CLOSED:
                connection.execute(update(conversations).where(this).values(context={}))
                verified = conversations.c.identity == Identity.VERIFIED.value
                connection.execute(update(conversations).where(this, verified).values(identity=Identity.CLAIMED.value))
            if message is not None:
                row = {"conversation_id": id, "role": "system", "text": kept_text(message), "at": at}
                keep_message(connection, {**row, "client_id": None, "waiting": False, "turn_id": None})

    def transitions(self, id: ConversationId) -> list[Transition]:
        """Every move of the conversation, oldest first."""
        query = select(transitions).where(transitions.c.conversation_id == id).order_by(transitions.c.id)
        with self._database.read() as connection:
            return [_transition(row) for row in connection.execute(query)]

    def handover(self, id: ConversationId) -> Handover | None:
        """The handover that is open: offered, waiting for a person, or with one."""
        query = select(handovers).where(handovers.c.conversation_id == id, handovers.c.closed_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query.order_by(handovers.c.id.desc()).limit(1)).first()
        if row is None:
            return None
        return Handover(
            reason=row.reason,
            queue=row.queue,
            priority=row.priority,
            summary=row.summary,
            suggestions=tuple(row.suggestions),
        )


def keep_move(connection: Connection, move: Transition, *, handover: Handover | None) -> None:
    """Log a move with what follows from it for handovers and waiting messages. The state itself is the caller's."""
    id = move.conversation_id
    row = {
        "conversation_id": id,
        "before": move.before.value,
        "to": move.to.value,
        "event": move.event,
        "actor": move.actor,
        "at": move.at,
        "turn_id": move.turn_id,
    }
    connection.execute(insert(transitions), row)
    still_open = update(handovers).where(handovers.c.conversation_id == id, handovers.c.closed_at.is_(None))
    if handover is not None or move.to in _ENDS_HANDOVER:
        connection.execute(still_open.values(closed_at=move.at))
    if handover is not None:
        _open_handover(connection, move, handover)
    if move.to is State.HUMAN:
        connection.execute(still_open.values(taken_by=move.actor, taken_at=move.at))
    # What waited for the bot is now the person's to answer, or was closed by them. A turn that closes has not seen
    # what came in meanwhile: that still waits, and opens the conversation again.
    if move.to is State.HUMAN or (move.to is State.CLOSED and move.turn_id is None):
        waiting = update(messages).where(messages.c.conversation_id == id, messages.c.waiting)
        connection.execute(waiting.values(waiting=False))


def _open_handover(connection: Connection, move: Transition, handover: Handover) -> None:
    row = {
        "conversation_id": move.conversation_id,
        "turn_id": move.turn_id,
        "reason": handover.reason,
        "queue": handover.queue,
        "priority": handover.priority,
        "summary": handover.summary,
        "suggestions": list(handover.suggestions),
        "opened_at": move.at,
    }
    connection.execute(insert(handovers), row)


def _transition(row: Any) -> Transition:
    return Transition(
        conversation_id=ConversationId(row.conversation_id),
        before=State(row.before),
        to=State(row.to),
        event=row.event,
        actor=row.actor,
        at=row.at,
        turn_id=None if row.turn_id is None else TurnId(row.turn_id),
    )
