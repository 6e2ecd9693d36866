"""Live conversations and their messages. A turn is kept by `crm.turns`, a change of state by `crm.moves`.

Every write locks its conversation first, so two writers never act on the same state.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, exists, insert, select

from crm.database import Database
from crm.tables import conversations, customers, messages
from crm.values import StaleTurn
from rapport.errors import NotFound, UserError
from rapport.records import CustomerId
from rapport.types import (
    Conversation,
    ConversationId,
    Identity,
    Message,
    MessageId,
    Role,
    State,
    Viewer,
)

_LONGEST_CLIENT_ID = 200
# Statements of every turn are built once: SQLAlchemy spends more on building one than SQLite on running it.
_ID: BindParameter[str] = bindparam("conversation")
_MESSAGES = select(messages.c.id, messages.c.role, messages.c.text, messages.c.at).where(
    messages.c.conversation_id == _ID
)
_ALL_MESSAGES = _MESSAGES.order_by(messages.c.id)
_UNANSWERED = _MESSAGES.where(messages.c.waiting).order_by(messages.c.id)
_SENT_BEFORE = _MESSAGES.where(messages.c.client_id == bindparam("client"))
_CONVERSATION = select(conversations).where(conversations.c.id == _ID)
_LOCK = select(conversations.c.state, conversations.c.customer_id).where(conversations.c.id == _ID).with_for_update()
_KEEP_MESSAGE = insert(messages)
_CUSTOMER_EXISTS = select(exists().where(customers.c.id == bindparam("customer"), customers.c.removed_at.is_(None)))


class Conversations:
    """The part of the store that keeps conversations."""

    _database: Database

    def create_conversation(
        self, *, channel: str, viewer: Viewer, locale: str = "en", at: datetime, said: str | None = None
    ) -> Conversation:
        """Begin a conversation in state bot; it is on disk when this returns.

        said: the customer's first message, kept with it and waiting for a turn, or neither is.
        Raises NotFound where the viewer's customer does not exist; UserError for text that no database can keep.
        """
        if said is not None:
            kept_text(said)
        id = ConversationId(uuid.uuid4().hex)
        row: dict[str, Any] = {
            "id": id,
            "channel": kept_text(channel),
            "customer_id": viewer.customer_id,
            "identity": viewer.identity.value,
            "state": State.BOT.value,
            "locale": kept_text(locale),
            "context": {},
            "created_at": at,
            "updated_at": at,
        }
        with self._database.write() as connection:
            check_customer(connection, viewer.customer_id)
            connection.execute(insert(conversations), row)
            message = {"conversation_id": id, "role": "customer", "text": said, "at": at, "client_id": None}
            kept = () if said is None else (keep_message(connection, {**message, "waiting": True, "turn_id": None}),)
        return Conversation(
            id=id,
            customer_id=viewer.customer_id,
            identity=viewer.identity,
            channel=channel,
            state=State.BOT,
            messages=kept,
            locale=locale,
        )

    def conversation(self, id: ConversationId) -> Conversation:
        """The conversation with all its messages. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(_CONVERSATION, {"conversation": id}).first()
            found = connection.execute(_ALL_MESSAGES, {"conversation": id}).all()
        if row is None:
            raise _not_found(id)
        return Conversation(
            id=id,
            customer_id=None if row.customer_id is None else CustomerId(row.customer_id),
            identity=Identity(row.identity),
            channel=row.channel,
            state=State(row.state),
            messages=tuple(_message(item) for item in found),
            locale=row.locale,
            context=row.context,
        )

    def receive(
        self, id: ConversationId, text: str, *, at: datetime, role: Role = "customer", client_id: str | None = None
    ) -> Message:
        """Keep a message; it is on disk when this returns. The same client_id again gives the same message.

        A customer's message waits for a turn, except while a person owns the conversation: then it is theirs.
        Raises NotFound; Refused for an assistant's message while the state is human or closed; UserError for text
        that no database can keep.
        """
        kept_text(text)
        if client_id is not None and len(kept_text(client_id)) > _LONGEST_CLIENT_ID:
            raise UserError(f"the client_id is longer than {_LONGEST_CLIENT_ID} characters.", hint="Use a UUID.")
        with self._database.write() as connection:
            state, _ = locked(connection, id)
            if client_id is not None and (before := _sent_before(connection, id, client_id)):
                return before
            waiting = role == "customer" and state is not State.HUMAN
            row = {"conversation_id": id, "role": role, "text": text, "at": at, "client_id": client_id}
            return keep_message(connection, {**row, "waiting": waiting, "turn_id": None})

    def unanswered(self, id: ConversationId) -> tuple[Message, ...]:
        """The customer's messages that wait for a turn, oldest first."""
        with self._database.read() as connection:
            return tuple(_message(row) for row in connection.execute(_UNANSWERED, {"conversation": id}))

    def waiting_conversations(self, *, older_than: datetime) -> list[ConversationId]:
        """Those with a customer's message from before that time that no turn has answered, oldest first.

        Not those that a person owns. A closed one is among them when the message came after the closing.
        """
        query = (
            select(messages.c.conversation_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(messages.c.waiting, messages.c.at < older_than, conversations.c.state != State.HUMAN.value)
            .order_by(messages.c.at)
        )
        with self._database.read() as connection:
            return [ConversationId(id) for id in dict.fromkeys(connection.execute(query).scalars())]


def locked(connection: Connection, id: ConversationId, *, expected: State | None = None) -> tuple[State, str | None]:
    """Lock the conversation for this transaction; its state and customer.

    Raises NotFound, and StaleTurn where the state is not `expected`.
    """
    row = connection.execute(_LOCK, {"conversation": id}).first()
    if row is None:
        raise _not_found(id)
    if expected is not None and row.state != expected.value:
        raise StaleTurn(
            f"conversation {id} is '{row.state}' by now, not '{expected.value}'.", hint="Read it again, then decide."
        )
    return State(row.state), row.customer_id


def check_customer(connection: Connection, customer_id: CustomerId | None) -> None:
    """Raise NotFound unless the customer exists; None is nobody and passes."""
    if customer_id is not None and not connection.execute(_CUSTOMER_EXISTS, {"customer": customer_id}).scalar():
        raise NotFound(f"there is no customer '{customer_id}'.", hint="Import the customers first.")


def keep_message(connection: Connection, row: dict[str, Any]) -> Message:
    """Insert a message; it gets its id."""
    kept: Any = connection.execute(_KEEP_MESSAGE, row).inserted_primary_key
    return Message(role=row["role"], text=row["text"], at=row["at"], id=MessageId(kept[0]))


def _sent_before(connection: Connection, id: ConversationId, client_id: str) -> Message | None:
    row = connection.execute(_SENT_BEFORE, {"conversation": id, "client": client_id}).first()
    return None if row is None else _message(row)


def kept_text(text: str) -> str:
    """The text, if both databases can give it back. Raises UserError for NUL and for halves of surrogate pairs."""
    if "\x00" in text or not _is_unicode(text):
        raise UserError("the text holds a character that cannot be kept.", hint="Send valid UTF-8 without NUL.")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _not_found(id: str) -> NotFound:
    return NotFound(f"there is no conversation '{id}'.")


def _message(row: Any) -> Message:
    return Message(role=row[1], text=row[2], at=row[3], id=MessageId(row[0]))
