"""Rows of `audit`: who changed what, appended in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.actor import Actor, ActorKind
from gesso.kit.clock import millis
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import audit as table


@dataclass(frozen=True, slots=True)
class Record:
    """One change. `before` and `after` hold what changed, without secrets."""

    actor: Actor
    action: str  #: Noun and verb, such as `key.revoke`.
    target: str  #: Id of what was changed.
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    id: int = 0
    at: datetime | None = None


async def append(connection: AsyncConnection, records: Sequence[Record], now: datetime) -> None:
    """Append records with one statement."""
    if records:
        await connection.execute(insert(table), [_write(r, now) for r in records])


async def find_page(
    connection: AsyncConnection, where: Sequence[ColumnElement[bool]], part: Slice
) -> tuple[list[Record], str | None]:
    """Read a page of records, newest first."""
    page = await read_page(connection, select(table).where(*where), Order((table.c.id,)), part)
    return [_read(row) for row in page.rows], page.cursor


def _write(record: Record, now: datetime) -> dict[str, Any]:
    return {
        "at": millis(now),
        "actor_kind": record.actor.kind.value,
        "actor_id": record.actor.id,
        "user_id": record.actor.user_id,
        "address": record.actor.address[:45],
        "action": record.action,
        "target": record.target[:255],
        "before": _json(record.before),
        "after": _json(record.after),
    }


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _read(row: Any) -> Record:
    kind = ActorKind(row["actor_kind"])
    return Record(
        actor=Actor(kind, row["actor_id"], row["user_id"], row["address"]),
        action=row["action"],
        target=row["target"],
        before=None if row["before"] is None else msgspec.json.decode(row["before"]),
        after=None if row["after"] is None else msgspec.json.decode(row["after"]),
        id=row["id"],
        at=datetime.fromtimestamp(row["at"] / 1000, UTC),
    )
