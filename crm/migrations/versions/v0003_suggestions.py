"""Suggested replies, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", _KEY, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("message_id", _SERIAL, sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("record", _KEY),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("sent", sa.Text()),
        sa.Column("actor", sa.Text()),
        sa.Column("judged_at", _TIME),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_suggestions_conversation_id", "suggestions", ["conversation_id"])
