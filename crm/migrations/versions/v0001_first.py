"""The first schema: records, changes, conversations and the logs."""

import sqlalchemy as sa
from alembic import op

from crm.failures import BOT_IS_SILENT
from crm.migrations.lines import table

revision = "0001"
down_revision = None

_RECORD = ("id key!", "source key", "source_id key", "hash text", "version integer", "removed_at time?")
_CONVERSATION = "conversation_id key -> conversations.id"
_TURN = "turn_id key? -> turns.turn_id"
_ARTICLE = (
    *("title text", "text text", "visibility text", "collection text", "url text?", "locale text"),
    *("valid_from time?", "valid_until time?", "updated_at time?", "tags text"),
)


def upgrade() -> None:
    _records()
    _orders()
    _articles_and_tickets()
    _conversations()
    _logs()
    _silence_the_bot()


def _records() -> None:
    table("meta", "name key!", "value text")
    table(
        "customers",
        *_RECORD,
        *("name text", "email text?", "phone text?", "postcode text?", "city text?", "country text?", "locale text"),
        *("created_at time?", "attrs text", "name_key text", "email_key text?", "phone_key text?"),
        *("postcode_key text?", "city_key text?", "country_key text?"),
        unique=("source", "source_id"),
        indices=("email_key", "postcode_key", "source_id"),
    )
    table(
        "products",
        *_RECORD,
        *("name text", "group text?", "category text?", "description text", "options text", "price money?"),
        *("currency text", "available flag", "stock number?", "url text?", "attrs text", "words text"),
        unique=("source", "source_id"),
    )
    table(
        "events",
        *_RECORD,
        *("customer_id key -> customers.id", "kind text", "at time", "product_id key? -> products.id"),
        *("value money?", "attrs text"),
        unique=("source", "source_id"),
        indices=("customer_id at",),
    )


def _orders() -> None:
    table(
        "orders",
        *_RECORD,
        *("number text", "customer_id key -> customers.id", "status text", "placed_at time?", "currency text"),
        *("total money?", "payment_method text?", "invoice_number text?", "attrs text"),
        *("number_key key", "line_count number"),
        unique=("source", "source_id"),
        indices=("customer_id number_key", "number_key"),
    )
    table(
        "order_lines",
        *("order_id key! -> orders.id", "position integer!", "name text", "quantity number", "unit_price money?"),
        *("product_id key? -> products.id", "options text"),
    )
    table(
        "deliveries",
        *("order_id key! -> orders.id", "position integer!", "status text", "tracking text?", "carrier text?"),
        *("shipped_at time?", "expected_at time?", "delivered_at time?"),
    )
    table(
        "refunds",
        *("order_id key! -> orders.id", "position integer!", "amount money", "status text", "requested_at time?"),
        *("paid_at time?", "method text?", "reason text?"),
    )


def _articles_and_tickets() -> None:
    table("articles", *_RECORD, *_ARTICLE, unique=("source", "source_id"))
    table("article_versions", "article_id key! -> articles.id", "version integer!", *_ARTICLE)
    table(
        "tickets",
        *_RECORD,
        *("subject text", "customer_id key? -> customers.id", "status text", "channel text", "priority text?"),
        *("created_at time?", "resolved_at time?", "tags text", "labels text", "csat float?", "attrs text"),
        "message_count number",
        unique=("source", "source_id"),
        indices=("customer_id",),
    )
    table(
        "ticket_messages",
        *("ticket_id key! -> tickets.id", "position integer!", "role text", "text text", "at time?"),
        *("private flag", "author text?"),
    )


def _conversations() -> None:
    table(
        "conversations",
        *("id key!", "channel text", "customer_id key? -> customers.id", "identity text", "state text"),
        *("locale text", "context text", "created_at time", "updated_at time"),
        indices=("state updated_at", "customer_id"),
    )
    table(
        "turns",
        *("id serial!", "turn_id key", _CONVERSATION, "at time", "intent text", "decision text", "state text"),
        *("index_version text", "trace text"),
        unique=("turn_id",),
        indices=("conversation_id",),
    )
    table(
        "messages",
        *("id serial!", _CONVERSATION, "role text", "text text", "at time", "client_id key?", "waiting flag", _TURN),
        unique=("conversation_id", "client_id"),
        indices=("conversation_id id",),
    )
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["at"],
        sqlite_where=sa.text("waiting = 1"),
        postgresql_where=sa.text("waiting"),
    )
    table(
        "transitions",
        *("id serial!", _CONVERSATION, "before text", "to text", "event text", "actor text", "at time", _TURN),
        indices=("conversation_id",),
    )
    table(
        "handovers",
        *("id serial!", _CONVERSATION, _TURN, "reason text", "queue text", "priority text", "summary text"),
        *("suggestions text", "opened_at time", "taken_by text?", "taken_at time?", "closed_at time?"),
        indices=("conversation_id",),
    )


def _logs() -> None:
    table("changes", "id serial!", "kind text", "key key", "op text")
    table("checkpoints", "import_id key!", "position number", "done flag")
    table(
        "feedback",
        *("id serial!", _CONVERSATION, _TURN, "rating number", "comment text", "actor text", "at time"),
        "details text",
        indices=("conversation_id",),
    )
    table(
        "audit",
        *("id serial!", "actor text", "action text", "subject text", "at time", "details text"),
        indices=("subject",),
    )


def _silence_the_bot() -> None:
    """The last guard: no code path can write for the bot while a person owns the conversation."""
    state = "(SELECT state FROM conversations WHERE id = NEW.conversation_id) IN ('human', 'closed')"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER bot_is_silent BEFORE INSERT ON messages "
            f"WHEN NEW.role = 'assistant' AND {state} BEGIN SELECT RAISE(ABORT, '{BOT_IS_SILENT}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION bot_is_silent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NEW.role = 'assistant' AND {state} THEN RAISE EXCEPTION '{BOT_IS_SILENT}'; END IF; RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER bot_is_silent BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION bot_is_silent()")
