"""Rows of `channels`: configured providers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.domain.channel import Channel
from gesso.domain.task import Lane
from gesso.kit.clock import millis
from gesso.storage.schema import channels


async def create(connection: AsyncConnection, channel: Channel, now: datetime) -> None:
    """Insert a channel."""
    await connection.execute(
        insert(channels).values(
            id=channel.id,
            name=channel.name,
            provider=channel.provider,
            enabled=channel.enabled,
            base_url=channel.base_url,
            options=msgspec.json.encode(channel.options).decode(),
            lanes=",".join(sorted(channel.lanes)),
            core_size=channel.core_size,
            queue_size=channel.queue_size,
            timeout_s=channel.timeout_s,
            weight=channel.weight,
            priority=channel.priority,
            remark=channel.remark,
            created_at=millis(now),
        )
    )


async def find_all(connection: AsyncConnection) -> list[Channel]:
    """Read every channel, enabled or not, oldest first."""
    rows = await connection.execute(select(channels).order_by(channels.c.created_at))
    return [_read(row) for row in rows.mappings()]


def _read(row: Any) -> Channel:
    values = {name: row[name] for name in row if name != "created_at"}
    values["enabled"] = bool(values["enabled"])
    values["options"] = msgspec.json.decode(values["options"])
    values["lanes"] = frozenset(Lane(name) for name in values["lanes"].split(",") if name)
    return Channel(**values)
