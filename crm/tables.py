"""The tables of the company's database. What they hold is told by `rapport.records` and `rapport.types`.

`crm.migrations` makes them; a test keeps the two equal. Every record table has the same head: its key, where it
came from, the hash of its content, its version, and when it was removed (a removed record is gone from every read,
while what refers to it stays valid).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from crm.columns import KEY, JsonText, Money, UtcTime

SCHEMA = "0005"  # the revision that this code reads and writes: the newest in crm/migrations/versions

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows only in a column that is exactly INTEGER.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null)


def _json(name: str) -> Column[Any]:
    return Column(name, JsonText, nullable=False)


def _time(name: str, *, null: bool = True) -> Column[Any]:
    return Column(name, UtcTime, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null)


def _money(name: str, *, null: bool = True) -> Column[Any]:
    return Column(name, Money, nullable=null)


def _reference(name: str, target: Table, *, null: bool = False, primary_key: bool = False) -> Column[Any]:
    return Column(name, KEY, ForeignKey(target.c.id), nullable=null, primary_key=primary_key)


def _record(name: str, *columns: Column[Any] | Index) -> Table:
    head = (
        Column("id", KEY, primary_key=True),
        Column("source", KEY, nullable=False),
        Column("source_id", KEY, nullable=False),
        _text("hash"),
        Column("version", Integer, nullable=False),
        _time("removed_at"),
    )
    return Table(name, metadata, *head, *columns, UniqueConstraint("source", "source_id"))


def _part(name: str, parent: str, whole: Table, *columns: Column[Any]) -> Table:
    """Rows that belong to one record and are replaced with it; position starts at 0."""
    key = _reference(parent, whole, primary_key=True)
    return Table(name, metadata, key, Column("position", Integer, primary_key=True, autoincrement=False), *columns)


def _log(name: str, *columns: Column[Any] | Index | UniqueConstraint | CheckConstraint) -> Table:
    """Rows in the order in which they were kept; a number is never used twice."""
    number = Column("id", SERIAL, primary_key=True, autoincrement=True)
    return Table(name, metadata, number, *columns, sqlite_autoincrement=True)


meta = Table("meta", metadata, Column("name", KEY, primary_key=True), _text("value"))

customers = _record(
    "customers",
    *(_text("name"), _text("email", null=True), _text("phone", null=True), _text("postcode", null=True)),
    *(_text("city", null=True), _text("country", null=True), _text("locale"), _time("created_at"), _json("attrs")),
    # The facts as they are compared: see crm.mapping.
    *(_text("name_key"), _text("email_key", null=True), _text("phone_key", null=True)),
    *(_text("postcode_key", null=True), _text("city_key", null=True), _text("country_key", null=True)),
    *(Index(None, "email_key"), Index(None, "postcode_key"), Index(None, "source_id")),
)
products = _record(
    "products",
    *(_text("name"), _text("group", null=True), _text("category", null=True), _text("description"), _json("options")),
    *(_money("price"), _text("currency"), Column("available", Boolean, nullable=False), _number("stock", null=True)),
    *(_text("url", null=True), _json("attrs"), _text("words")),
)
orders = _record(
    "orders",
    *(_text("number"), _reference("customer_id", customers), _text("status"), _time("placed_at"), _text("currency")),
    *(_money("total"), _text("payment_method", null=True), _text("invoice_number", null=True), _json("attrs")),
    *(Column("number_key", KEY, nullable=False), _number("line_count")),
    *(Index(None, "customer_id", "number_key"), Index(None, "number_key")),
)
order_lines = _part(
    "order_lines",
    "order_id",
    orders,
    *(_text("name"), _number("quantity"), _money("unit_price"), _reference("product_id", products, null=True)),
    _json("options"),
)
deliveries = _part(
    "deliveries",
    "order_id",
    orders,
    *(_text("status"), _text("tracking", null=True), _text("carrier", null=True), _time("shipped_at")),
    *(_time("expected_at"), _time("delivered_at")),
)
refunds = _part(
    "refunds",
    "order_id",
    orders,
    *(_money("amount", null=False), _text("status"), _time("requested_at"), _time("paid_at")),
    *(_text("method", null=True), _text("reason", null=True)),
)
articles = _record(
    "articles",
    *(_text("title"), _text("text"), _text("visibility"), _text("collection"), _text("url", null=True)),
    *(_text("locale"), _time("valid_from"), _time("valid_until"), _time("updated_at"), _json("tags")),
)
article_versions = Table(
    "article_versions",
    metadata,
    _reference("article_id", articles, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    *(_text("title"), _text("text"), _text("visibility"), _text("collection"), _text("url", null=True)),
    *(_text("locale"), _time("valid_from"), _time("valid_until"), _time("updated_at"), _json("tags")),
)
tickets = _record(
    "tickets",
    *(_text("subject"), _reference("customer_id", customers, null=True), _text("status"), _text("channel")),
    *(_text("priority", null=True), _time("created_at"), _time("resolved_at"), _json("tags"), _json("labels")),
    *(Column("csat", Float, nullable=True), _json("attrs"), _number("message_count"), Index(None, "customer_id")),
)
ticket_messages = _part(
    "ticket_messages",
    "ticket_id",
    tickets,
    *(_text("role"), _text("text"), _time("at"), Column("private", Boolean, nullable=False)),
    _text("author", null=True),
)
events = _record(
    "events",
    *(_reference("customer_id", customers), _text("kind"), _time("at", null=False)),
    *(_reference("product_id", products, null=True), _money("value"), _json("attrs"), Index(None, "customer_id", "at")),
)
changes = _log("changes", _text("kind"), Column("key", KEY, nullable=False), _text("op"))
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("import_id", KEY, primary_key=True),
    *(_number("position"), Column("done", Boolean, nullable=False)),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", KEY, primary_key=True),
    *(_text("channel"), _reference("customer_id", customers, null=True), _text("identity"), _text("state")),
    *(_text("locale"), _json("context"), _time("created_at", null=False), _time("updated_at", null=False)),
    *(Index(None, "state", "updated_at"), Index(None, "customer_id")),
)
turns = _log(
    "turns",
    *(Column("turn_id", KEY, nullable=False), _reference("conversation_id", conversations), _time("at", null=False)),
    *(_text("intent"), _text("decision"), _text("state"), _text("index_version"), _text("trace")),
    *(UniqueConstraint("turn_id"), Index(None, "conversation_id")),
)
messages = _log(
    "messages",
    *(_reference("conversation_id", conversations), _text("role"), _text("text"), _time("at", null=False)),
    Column("client_id", KEY, nullable=True),
    # A customer's message waits until a turn answers it or a person takes the conversation over.
    Column("waiting", Boolean, nullable=False),
    Column("turn_id", KEY, ForeignKey(turns.c.turn_id), nullable=True),
    *(UniqueConstraint("conversation_id", "client_id"), Index(None, "conversation_id", "id")),
)
# SQLite uses this index only for a query that says the condition in the same words, as SQLAlchemy's do.
Index("ix_messages_waiting", messages.c.at, sqlite_where=text("waiting = 1"), postgresql_where=messages.c.waiting)
transitions = _log(
    "transitions",
    *(_reference("conversation_id", conversations), _text("before"), _text("to"), _text("event")),
    *(_text("actor"), _time("at", null=False)),
    *(Column("turn_id", KEY, ForeignKey(turns.c.turn_id), nullable=True), Index(None, "conversation_id")),
)
handovers = _log(
    "handovers",
    _reference("conversation_id", conversations),
    Column("turn_id", KEY, ForeignKey(turns.c.turn_id), nullable=True),
    *(_text("reason"), _text("queue"), _text("priority"), _text("summary"), _json("suggestions")),
    *(_time("opened_at", null=False), _text("taken_by", null=True), _time("taken_at"), _time("closed_at")),
    Index(None, "conversation_id"),
)
suggestions = _log(
    "suggestions",
    _reference("conversation_id", conversations),
    Column("message_id", SERIAL, ForeignKey(messages.c.id), nullable=False),
    *(_text("text"), _text("model"), Column("record", KEY, nullable=True), _time("at", null=False)),
    # What became of it; empty until somebody says so.
    *(_text("outcome", null=True), _text("sent", null=True), _text("actor", null=True), _time("judged_at")),
    Index(None, "conversation_id"),
)
feedback = _log(
    "feedback",
    _reference("conversation_id", conversations),
    Column("turn_id", KEY, ForeignKey(turns.c.turn_id), nullable=True),
    *(_number("rating"), _text("comment"), _text("actor"), _time("at", null=False), _json("details")),
    Index(None, "conversation_id"),
)
audit = _log(
    "audit",
    *(_text("actor"), _text("action"), _text("subject"), _time("at", null=False), _json("details")),
    Index(None, "subject"),
)

# What the predictors said last of each customer, and what they said before, to be compared with what happened.
profiles = Table(
    "profiles",
    metadata,
    _reference("customer_id", customers, primary_key=True),
    *(_time("as_of", null=False), _text("model"), _text("segment", null=True)),
    *(Column(name, Float, nullable=True) for name in ("churn_risk", "contact_risk", "value")),
    *(_text("profile"), Index(None, "segment")),
)
predictions = _log(
    "predictions",
    *(_reference("customer_id", customers), _time("as_of", null=False), _text("model")),
    *(Column(name, Float, nullable=True) for name in ("churn_risk", "contact_risk", "value")),
    *(Column(name, Float, nullable=True) for name in ("next_purchase_days", "purchases", "spending")),
    *(Index(None, "customer_id"), Index(None, "as_of")),
)
