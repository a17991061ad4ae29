"""Channels remember until when they rest after failures, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the two columns; every channel starts healthy."""
    op.add_column("channels", sa.Column("broken_until", sa.BigInteger()))
    op.add_column(
        "channels", sa.Column("broken_reason", sa.Text(), server_default="", nullable=False)
    )


def downgrade() -> None:
    """Take the columns away."""
    op.drop_column("channels", "broken_reason")
    op.drop_column("channels", "broken_until")
