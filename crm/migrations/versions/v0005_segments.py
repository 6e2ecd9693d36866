"""The segments that profiles are in, found without reading every profile."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_profiles_segment", "profiles", ["segment"])
