"""The tables, once, for SQLite and PostgreSQL alike.

Times are epoch milliseconds and money is nano-dollars, both 64-bit integers; structured
values are JSON text. Migrations under `migrations/` bring a database to this shape and a
test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    text,
    true,
)

metadata = MetaData()

#: SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
_Serial = BigInteger().with_variant(Integer, "sqlite")


def _partial(where: TextClause, name: str, *columns: str) -> Index:
    """Return an index of some rows alone."""
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


accounts = Table(
    "accounts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("available_nanos", BigInteger, nullable=False, server_default="0"),
    Column("held_nanos", BigInteger, nullable=False, server_default="0"),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("limits", Text, nullable=False, server_default="{}"),
    Column("price_group", String(40), nullable=False, server_default=""),
    CheckConstraint("held_nanos >= 0", name="held_not_negative"),
)

users = Table(
    "users",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", String(40), nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("password_hash", Text),
    #: Issuer and subject, apart by a space, of who logs in by OpenID Connect.
    Column("subject", Text),
    Column("created_at", BigInteger, nullable=False),
    Index("users_subject", "subject", unique=True),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", String(40), nullable=False),
    Column("user_id", String(40)),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(20), nullable=False),
    Column("role", String(20), nullable=False),
    Column("test", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("spend_limit_nanos", BigInteger),
    Column("spent_nanos", BigInteger, nullable=False, server_default="0"),
    Column("actions", Text, nullable=False, server_default="[]"),
    Column("networks", Text, nullable=False, server_default="[]"),
    Column("concurrency", Integer),
    Column("rate_per_minute", Integer),
    Column("old_digest", LargeBinary(32), index=True),
    Column("old_until", BigInteger),
    Column("limits", Text, nullable=False, server_default="{}"),
)

channels = Table(
    "channels",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("provider", String(40), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("base_url", Text, nullable=False, server_default=""),
    Column("options", Text, nullable=False, server_default="{}"),
    Column("lanes", Text, nullable=False),
    Column("core_size", Integer, nullable=False),
    Column("queue_size", Integer, nullable=False),
    Column("timeout_s", Integer, nullable=False),
    Column("weight", Integer, nullable=False, server_default="1"),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("remark", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("broken_until", BigInteger),
    Column("broken_reason", Text, nullable=False, server_default=""),
    Column("calls_rest_until", BigInteger),
    Column("calls_rest_reason", Text, nullable=False, server_default=""),
)

prices = Table(
    "prices",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("nanos", BigInteger, nullable=False),
    CheckConstraint("nanos >= 0", name="price_not_negative"),
)

_WAITING = text("status = 'queued'")
_DONE = text("status = 'succeeded'")
_FOLLOWS = text("root_id IS NOT NULL")
_LIMITED = text("start_by IS NOT NULL")
_OPEN = text("status IN ('queued', 'submitting', 'running', 'needs_input')")

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", String(40), nullable=False),
    Column("key_id", String(40), nullable=False),
    Column("action", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("bot", String(20), nullable=False),
    Column("prompt", Text, nullable=False),
    Column("final_prompt", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("fail_code", String(40)),
    Column("fail_reason", Text),
    Column("submitted_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("progressed_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("channel_id", String(40)),
    Column("parent_id", BigInteger),
    Column("root_id", BigInteger),
    Column("parent_index", Integer),
    Column("job_hash", String(36), nullable=False),
    Column("custom_id", Text),
    Column("state", Text),
    Column("notify_hook", Text),
    Column("sandboxed", Boolean, nullable=False),
    Column("price_key", String(120), nullable=False),
    Column("price_nanos", BigInteger, nullable=False),
    Column("charged_nanos", BigInteger, nullable=False),
    Column("dialect", String(20), nullable=False),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("start_by", BigInteger),  # What `order` says of it, for the index.
    Column("queue_job_id", BigInteger),
    Column("preview_blob", Text),
    Column("version", Integer, nullable=False),
    Column("order", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("pictures", Text, nullable=False),
    Column("watched", Boolean, nullable=False, server_default=text("false")),
    Index("tasks_of_account", "account_id", "submitted_at"),
    _partial(_WAITING, "tasks_turn", "channel_id", "lane", "account_id", "turn"),
    Index("tasks_by_time", "submitted_at", "id"),
    _partial(_FOLLOWS, "tasks_of_root", "root_id"),
    _partial(_LIMITED, "tasks_start_by", "start_by"),
    _partial(_DONE, "tasks_times", "channel_id", "action", "lane", "finished_at"),
    _partial(_OPEN, "tasks_open", "channel_id", "status", "submitted_at"),
)

task_snapshots = Table(
    "task_snapshots",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("next_version", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("task_snapshots_by_age", "at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("task_id", BigInteger, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("channel_id", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("upstream_id", Text),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("error", Text),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("reference", String(120), nullable=False, unique=True),
    Column("verb", String(20), nullable=False),
    Column("source", String(60), nullable=False),
    Column("destination", String(60), nullable=False),
    Column("amount_nanos", BigInteger, nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("key_id", String(40)),
    Column("task_id", BigInteger),
    Column("price_key", String(120), nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("posted_at", BigInteger, nullable=False),
    CheckConstraint("amount_nanos > 0", name="amount_positive"),
    Index("ledger_entries_of_account", "account_id", "id"),
    _partial(text("verb = 'capture'"), "ledger_captures", "posted_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", String(40), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("task_id", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("task_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("url", Text, nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("answer", Text),
    Column("account_id", String(40), nullable=False, server_default=""),
    Column("key_id", String(40), nullable=False, server_default=""),
    Column("host", String(255), nullable=False, server_default=""),
    Column("leased", Boolean, nullable=False, server_default=text("false")),
    Column("tries_since", BigInteger),
    Index("outbox_by_time", "created_at", "id"),
    _partial(text("state = 'waiting'"), "outbox_waiting", "due_at"),
    Index("outbox_of_task", "task_id", "version"),
)

blob_uses = Table(
    "blob_uses",
    metadata,
    Column("blob", String(120), primary_key=True),
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

banned_words = Table(
    "banned_words",
    metadata,
    Column("word", String(120), primary_key=True),
    Column("list_name", String(60), nullable=False, server_default=""),
    Column("enabled", Boolean, nullable=False, server_default=true()),
)

outbox_attempts = Table(
    "outbox_attempts",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("callback_id", String(60), nullable=False, index=True),
    Column("sent_at", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text, nullable=False, server_default=""),
    Column("response", Text, nullable=False, server_default=""),
)

signing_secrets = Table(
    "signing_secrets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner_id", String(40), nullable=False, index=True),
    Column("secret", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retires_at", BigInteger),
)

#: Appended only: triggers of the migration refuse every change of a row.
audit = Table(
    "audit",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor_kind", String(10), nullable=False),
    Column("actor_id", String(40), nullable=False),
    Column("user_id", String(40), nullable=False, server_default=""),
    Column("address", String(45), nullable=False, server_default=""),
    Column("action", String(60), nullable=False),
    Column("target", String(255), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Index("audit_of_target", "target", "id"),
)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


_OPEN_CALL, _NAMED_CALL = text("state = 'open'"), text("upstream_id IS NOT NULL")

calls = Table(
    "calls",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", String(40), nullable=False),
    Column("key_id", String(40), nullable=False),
    Column("endpoint", String(60), nullable=False),
    Column("model", String(120), nullable=False),
    Column("price_key", String(120), nullable=False),
    Column("price_nanos", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    _count("charged_nanos"),
    *(_count(n) for n in ("input_tokens", "cached_tokens", "output_tokens", "characters")),
    *(_count(n) for n in ("audio_ms", "pictures")),
    Column("estimated", Boolean, nullable=False, server_default=text("false")),
    Column("channel_id", String(40)),
    Column("upstream_id", String(120)),
    Column("upstream_key", String(16), nullable=False, server_default=""),
    Column("status", Integer),
    Column("error", Text),
    Column("finished_at", BigInteger),
    _partial(_OPEN_CALL, "calls_open", "account_id", "key_id", "lease_until"),
    _partial(_NAMED_CALL, "calls_by_upstream_id", "upstream_id"),
)

meters = Table(
    "meters",
    metadata,
    Column("owner", String(40), primary_key=True),
    Column("what", String(20), primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)

call_replays = Table(
    "call_replays",
    metadata,
    Column("key_id", String(40), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("call_id", String(40), nullable=False),
    Column("status", Integer),
    Column("content_type", String(120), nullable=False, server_default=""),
    Column("body", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Index("call_replays_by_age", "created_at"),
)
