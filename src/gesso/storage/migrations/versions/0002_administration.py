"""Administration: audit log, delivery attempts, signing secrets, rotation, pause."""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CAPTURE = sa.text("verb = 'capture'")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns, tables and indexes."""
    _create_tables()
    op.add_column("keys", sa.Column("old_digest", sa.LargeBinary(length=32), nullable=True))
    op.add_column("keys", sa.Column("old_until", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_keys_old_digest"), "keys", ["old_digest"], unique=False)
    op.add_column("channels", _flag("paused"))
    for name, length in (("account_id", 40), ("key_id", 40), ("host", 255)):
        column = sa.Column(name, sa.String(length=length), server_default="", nullable=False)
        op.add_column("outbox", column)
    op.add_column("outbox", _flag("leased"))
    op.add_column("outbox", sa.Column("tries_since", sa.BigInteger(), nullable=True))
    op.create_index("outbox_by_time", "outbox", ["created_at", "id"], unique=False)
    op.create_index("tasks_by_time", "tasks", ["submitted_at", "id"], unique=False)
    op.create_index(
        "ledger_captures",
        "ledger_entries",
        ["posted_at"],
        unique=False,
        sqlite_where=_CAPTURE,
        postgresql_where=_CAPTURE,
    )
    _name_owners()
    _protect_audit()


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _create_tables() -> None:
    op.create_table(
        "outbox_attempts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("callback_id", sa.String(length=60), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("response", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outbox_attempts_callback_id", "outbox_attempts", ["callback_id"])
    op.create_table(
        "signing_secrets",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_signing_secrets_owner_id", "signing_secrets", ["owner_id"])
    op.create_table(
        "audit",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), server_default="", nullable=False),
        sa.Column("address", sa.String(length=45), server_default="", nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_of_target", "audit", ["target", "id"], unique=False)


def _name_owners() -> None:
    """Fill the new columns of callbacks that are still to be sent."""
    table = sa.table(
        "outbox",
        *(sa.column(n) for n in ("id", "url", "state", "task_id", "host", "account_id", "key_id")),
    )
    tasks = sa.table("tasks", *(sa.column(n) for n in ("id", "account_id", "key_id")))
    for name in ("account_id", "key_id"):
        owner = sa.select(tasks.c[name]).where(tasks.c.id == table.c.task_id).scalar_subquery()
        op.execute(sa.update(table).values({name: sa.func.coalesce(owner, "")}))
    connection = op.get_bind()
    waiting = sa.select(table.c.id, table.c.url).where(table.c.state == "waiting")
    for row in connection.execute(waiting).all():
        host = _host(row.url)
        connection.execute(sa.update(table).where(table.c.id == row.id).values(host=host))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:255]
    except ValueError:
        return ""


def _protect_audit() -> None:
    """Let the database itself refuse to change what was written."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )
