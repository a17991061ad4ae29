"""Banned words in groups that can be switched off."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two columns; what is banned stays banned."""
    op.add_column(
        "banned_words", sa.Column("list_name", sa.String(60), server_default="", nullable=False)
    )
    op.add_column(
        "banned_words",
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
    )


def downgrade() -> None:
    """Take the columns away."""
    op.drop_column("banned_words", "enabled")
    op.drop_column("banned_words", "list_name")
