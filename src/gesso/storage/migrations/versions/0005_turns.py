"""Waiting tasks take turns: accounts share a lane fairly."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column and the index of waiting tasks; what waits already comes first."""
    op.add_column("tasks", sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False))
    waiting = sa.text("status = 'queued'")
    op.create_index(
        "tasks_turn",
        "tasks",
        ["channel_id", "lane", "account_id", "turn"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    """Take both away."""
    op.drop_index("tasks_turn", "tasks")
    op.drop_column("tasks", "turn")
