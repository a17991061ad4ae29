"""Rows of `channels`: configured providers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.channel import Channel
from gesso.domain.task import Lane
from gesso.kit.clock import millis
from gesso.storage.paging import Order, Slice, read_page
from gesso.storage.schema import channels


async def create(connection: AsyncConnection, channel: Channel, now: datetime) -> None:
    """Insert a channel."""
    await connection.execute(
        insert(channels).values(id=channel.id, created_at=millis(now), **_write(channel))
    )


async def change(connection: AsyncConnection, channel: Channel) -> None:
    """Store everything of a channel but its id."""
    await connection.execute(
        update(channels).where(channels.c.id == channel.id).values(**_write(channel))
    )


async def set_health(
    connection: AsyncConnection, channel_id: str, until: datetime | None, reason: str
) -> None:
    """Store until when a channel rests and why, or that it is healthy."""
    await connection.execute(
        update(channels)
        .where(channels.c.id == channel_id)
        .values(broken_until=millis(until), broken_reason=reason)
    )


async def set_calls_rest(
    connection: AsyncConnection, channel_id: str, until: datetime | None, reason: str
) -> None:
    """Store until when a channel gets no relayed calls and why, or that it gets them."""
    await connection.execute(
        update(channels)
        .where(channels.c.id == channel_id)
        .values(calls_rest_until=millis(until), calls_rest_reason=reason)
    )


async def remove(connection: AsyncConnection, channel_id: str) -> None:
    """Delete a channel."""
    await connection.execute(delete(channels).where(channels.c.id == channel_id))


async def lock(connection: AsyncConnection, channel_id: str) -> Channel | None:
    """Read one channel for update, or None."""
    statement = select(channels).where(channels.c.id == channel_id).with_for_update()
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else _read(row)


async def find_page(connection: AsyncConnection, part: Slice) -> tuple[list[Channel], str | None]:
    """Read a page of channels, newest first."""
    order = Order((channels.c.created_at, channels.c.id))
    page = await read_page(connection, select(channels), order, part)
    return [_read(row) for row in page.rows], page.cursor


async def find_all(connection: AsyncConnection) -> list[Channel]:
    """Read every channel, enabled or not, oldest first."""
    rows = await connection.execute(select(channels).order_by(channels.c.created_at))
    return [_read(row) for row in rows.mappings()]


def _write(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "provider": channel.provider,
        "enabled": channel.enabled,
        "base_url": channel.base_url,
        "options": msgspec.json.encode(channel.options).decode(),
        "lanes": ",".join(sorted(channel.lanes)),
        "core_size": channel.core_size,
        "queue_size": channel.queue_size,
        "timeout_s": channel.timeout_s,
        "weight": channel.weight,
        "priority": channel.priority,
        "remark": channel.remark,
        "paused": channel.paused,
    }


def _read(row: Any) -> Channel:
    values = dict(row)
    for name in ("enabled", "paused"):
        values[name] = bool(values[name])
    values["created_at"] = datetime.fromtimestamp(values["created_at"] / 1000, UTC)
    for name in ("broken_until", "calls_rest_until"):
        until = values[name]
        values[name] = until and datetime.fromtimestamp(until / 1000, UTC)
    values["options"] = msgspec.json.decode(values["options"])
    values["lanes"] = frozenset(Lane(name) for name in values["lanes"].split(",") if name)
    return Channel(**values)
