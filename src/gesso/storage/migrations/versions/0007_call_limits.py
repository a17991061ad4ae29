"""Limits on relayed calls, what they count, and calls that may be sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add a column to keys and accounts, and two tables."""
    for table in ("keys", "accounts"):
        column = sa.Column("limits", sa.Text(), server_default="{}", nullable=False)
        op.add_column(table, column)
    group = sa.Column("price_group", sa.String(length=40), server_default="", nullable=False)
    op.add_column("accounts", group)
    op.create_table(
        "meters",
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "what", "since"),
    )
    op.create_table(
        "call_replays",
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=40), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("content_type", sa.String(length=120), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "key"),
    )
    op.create_index("call_replays_by_age", "call_replays", ["created_at"], unique=False)
