"""Find a task by the UUID that its buttons carry.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("tasks_of_job", "tasks", ["job_hash"])


def downgrade() -> None:
    """Take the index away."""
    op.drop_index("tasks_of_job", "tasks")
