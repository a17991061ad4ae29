"""What changes of watched tasks replace is kept, so that event streams can be taken up again."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the mark, which rewrites no row of either database, and the table."""
    op.add_column(
        "tasks",
        sa.Column("watched", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "task_snapshots",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "version"),
    )
    op.create_index("task_snapshots_by_age", "task_snapshots", ["at"], unique=False)


def downgrade() -> None:
    """Take both away; who comes back to a stream gets the newest snapshot."""
    op.drop_table("task_snapshots")
    op.drop_column("tasks", "watched")
