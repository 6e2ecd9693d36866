"""Turns: each is kept whole, in one transaction with all that follows from it, or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from crm import codec
from crm.columns import KEY
from crm.conversations import check_customer, keep_message, locked
from crm.database import Database
from crm.moves import keep_move
from crm.records_store import pieces
from crm.tables import conversations, messages, turns
from crm.values import StaleTurn, Transition
from rapport.errors import NotFound, Refused
from rapport.types import ConversationId, State, Turn, TurnId

_AT_ONCE = 200  # turns read at a time
# Built once: see crm.conversations.
_KEEP_TURN = insert(turns)
_ANSWERED = (
    update(messages)
    .where(messages.c.id.in_(bindparam("answered", expanding=True)))
    .where(messages.c.conversation_id == bindparam("conversation"), messages.c.waiting)
    .values(waiting=False, turn_id=bindparam("turn"))
)
_STATE = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(
        state=bindparam("new_state"),
        identity=bindparam("new_identity"),
        context=bindparam("new_context"),
        updated_at=bindparam("now"),
        customer_id=func.coalesce(bindparam("customer", type_=KEY), conversations.c.customer_id),
    )
)


class Turns:
    """The part of the store that keeps turns."""

    _database: Database

    def save_turn(self, turn: Turn, *, expected: State, event: str = "turn") -> None:
        """Keep the turn with its trace, the reply, the answered messages, the new state, context and identity.

        expected: the state that the turn was made from. event: what the transitions call the move.
        Raises StaleTurn, and writes nothing, when the state is another by now or one of the turn's messages has
        been answered; Refused for a reply while a person owns the conversation or it stays closed; NotFound.
        """
        trace = codec.dumps(turn, Turn)
        if turn.reply is not None and (expected is State.HUMAN or expected is turn.state is State.CLOSED):
            raise Refused("a person owns this conversation or it is closed; the agent may not write in it.")
        id = turn.conversation_id
        with self._database.write() as connection:
            _, known = locked(connection, id, expected=expected)
            if turn.customer_id != known:
                check_customer(connection, turn.customer_id)
            connection.execute(_KEEP_TURN, _row(turn, trace))
            _mark_answered(connection, turn)
            if expected is State.CLOSED:  # reopened by this turn: the reply is the first message after that
                _keep_state(connection, turn)
            if turn.reply is not None:
                row = {"conversation_id": id, "role": "assistant", "text": turn.reply.text, "at": turn.at}
                keep_message(connection, {**row, "client_id": None, "waiting": False, "turn_id": turn.id})
            if expected is not State.CLOSED:
                _keep_state(connection, turn)
            if turn.state is not expected or turn.handover is not None:
                keep_move(connection, _move(turn, expected, event), handover=turn.handover)

    def turns(self, id: ConversationId) -> list[Turn]:
        """Every turn of the conversation as it was kept, oldest first."""
        query = select(turns.c.trace).where(turns.c.conversation_id == id).order_by(turns.c.id)
        with self._database.read() as connection:
            traces: Sequence[str] = connection.execute(query).scalars().all()
        return [codec.loads(trace, Turn) for trace in traces]

    def turns_since(self, since: datetime, *, limit: int) -> list[Turn]:
        """The turns from that time on, oldest first; above `limit`, so many of them, evenly spread."""
        with self._database.read() as connection:
            ids = list(connection.execute(select(turns.c.id).where(turns.c.at >= since).order_by(turns.c.id)).scalars())
        if len(ids) > limit:
            ids = [ids[place * len(ids) // limit] for place in range(limit)]
        found: list[Turn] = []
        for some in pieces(ids, _AT_ONCE):
            query = select(turns.c.trace).where(turns.c.id.in_(some)).order_by(turns.c.id)
            with self._database.read() as connection:
                found += [codec.loads(trace, Turn) for trace in connection.execute(query).scalars()]
        return found

    def turn(self, turn_id: TurnId) -> Turn:
        """One turn as it was kept. Raises NotFound."""
        with self._database.read() as connection:
            trace = connection.execute(select(turns.c.trace).where(turns.c.turn_id == turn_id)).scalar()
        if trace is None:
            raise NotFound(f"there is no turn '{turn_id}'.")
        found: Turn = codec.loads(trace, Turn)
        return found


def _mark_answered(connection: Connection, turn: Turn) -> None:
    asked = [message for message in turn.messages if message.role == "customer"]
    ids = {message.id for message in asked if message.id is not None}
    if asked and not ids:
        raise ValueError("a turn answers messages that the store has kept; these have no id.")
    if not ids:
        return
    values = {"answered": sorted(ids), "conversation": turn.conversation_id, "turn": turn.id}
    if connection.execute(_ANSWERED, values).rowcount != len(ids):
        raise StaleTurn(
            f"a message of conversation {turn.conversation_id} has been answered by another turn.",
            hint="Read the conversation again.",
        )


def _keep_state(connection: Connection, turn: Turn) -> None:
    values: dict[str, Any] = {
        "conversation": turn.conversation_id,
        "new_state": turn.state.value,
        "new_identity": turn.identity.value,
        "new_context": turn.context,
        "now": turn.at,
        "customer": turn.customer_id,
    }
    connection.execute(_STATE, values)


def _move(turn: Turn, expected: State, event: str) -> Transition:
    return Transition(
        conversation_id=turn.conversation_id,
        before=expected,
        to=turn.state,
        event=event,
        actor="agent",
        at=turn.at,
        turn_id=turn.id,
    )


def _row(turn: Turn, trace: str) -> dict[str, Any]:
    return {
        "turn_id": turn.id,
        "conversation_id": turn.conversation_id,
        "at": turn.at,
        "intent": turn.understanding.main.intent if turn.understanding.asks else "",
        "decision": turn.decisions[0].kind if turn.decisions else "",
        "state": turn.state.value,
        "index_version": turn.index_version,
        "trace": trace,
    }
