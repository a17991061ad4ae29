"""Relayed calls: a row of their own, so that their holds can be proven."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_OPEN = sa.text("state = 'open'")
_NAMED = sa.text("upstream_id IS NOT NULL")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def upgrade() -> None:
    """Add the table of calls with its indexes."""
    op.create_table(
        "calls",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("endpoint", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("price_key", sa.String(length=120), nullable=False),
        sa.Column("price_nanos", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        _count("charged_nanos"),
        *(_count(n) for n in ("input_tokens", "cached_tokens", "output_tokens", "characters")),
        *(_count(n) for n in ("audio_ms", "pictures")),
        sa.Column("estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("channel_id", sa.String(length=40), nullable=True),
        sa.Column("upstream_id", sa.String(length=120), nullable=True),
        sa.Column("upstream_key", sa.String(length=16), server_default="", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("calls_of_account", "calls", ["account_id", "started_at"], unique=False)
    op.create_index(
        "calls_open",
        "calls",
        ["lease_until"],
        unique=False,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "calls_by_upstream_id",
        "calls",
        ["upstream_id"],
        unique=False,
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    )
