"""What sweeps, quotes and lineage ask of tasks gets an index each."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_FOLLOWS = sa.text("root_id IS NOT NULL")
_LIMITED = sa.text("start_by IS NOT NULL")
_DONE = sa.text("status = 'succeeded'")


def upgrade() -> None:
    """Add the time to start by as a column, and the indexes."""
    op.add_column("tasks", sa.Column("start_by", sa.BigInteger()))
    _fill()
    op.create_index(
        "tasks_of_root", "tasks", ["root_id"], sqlite_where=_FOLLOWS, postgresql_where=_FOLLOWS
    )
    op.create_index(
        "tasks_start_by", "tasks", ["start_by"], sqlite_where=_LIMITED, postgresql_where=_LIMITED
    )
    op.create_index(
        "tasks_times",
        "tasks",
        ["channel_id", "action", "lane", "finished_at"],
        sqlite_where=_DONE,
        postgresql_where=_DONE,
    )


def _fill() -> None:
    tasks = sa.table(
        "tasks",
        sa.column("id", sa.BigInteger),
        sa.column("order", sa.Text),
        sa.column("status", sa.String),
        sa.column("start_by", sa.BigInteger),
    )
    connection = op.get_bind()
    waiting = sa.select(tasks.c.id, tasks.c.order).where(
        tasks.c.status.in_(["queued", "needs_input"]), tasks.c.order.contains('"start_by"')
    )
    for task_id, order in connection.execute(waiting).all():
        start_by = (json.loads(order).get("terms") or {}).get("start_by")
        if start_by:
            connection.execute(
                tasks.update().where(tasks.c.id == task_id).values(start_by=start_by)
            )
