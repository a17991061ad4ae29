"""That a channel gets no relayed calls for a while is known to every process."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add until when and why; every channel gets calls."""
    op.add_column("channels", sa.Column("calls_rest_until", sa.BigInteger()))
    op.add_column(
        "channels", sa.Column("calls_rest_reason", sa.Text(), server_default="", nullable=False)
    )


def downgrade() -> None:
    """Take both away; every process learns by itself which channels fail."""
    op.drop_column("channels", "calls_rest_reason")
    op.drop_column("channels", "calls_rest_until")
