"""No query asks for the calls of an account in order of time: its postings tell of them."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Drop an index that every call was written into."""
    op.drop_index("calls_of_account", "calls")


def downgrade() -> None:
    """Index the calls of an account again."""
    op.create_index("calls_of_account", "calls", ["account_id", "started_at"])
