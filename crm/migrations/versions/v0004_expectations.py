"""What was foreseen of purchases, beside the chances: remembered to be compared one day with what happened."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("next_purchase_days", "purchases", "spending"):
        op.add_column("predictions", sa.Column(name, sa.Float(), nullable=True))
