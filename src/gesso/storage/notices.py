"""News of changed tasks between processes: NOTIFY and LISTEN of PostgreSQL.

A notice is part of the transaction that changed the tasks, so it is heard after the commit
or never. It holds task ids only; whoever hears it reads the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

log = structlog.get_logger()
_CHANNEL = "gesso_tasks"
#: Ids of one notice: a payload may have 8,000 bytes.
_AT_ONCE = 400
_NOTIFY = text(f"SELECT pg_notify('{_CHANNEL}', :ids)")
_RETRY_S = 1.0

Heard = Callable[[Sequence[int]], None]


async def announce(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Tell all processes of changed tasks, once this transaction is committed."""
    for start in range(0, len(ids), _AT_ONCE):
        part = ",".join(str(i) for i in ids[start : start + _AT_ONCE])
        await connection.execute(_NOTIFY, {"ids": part})


async def listen(dsn: str, heard: Heard, missed: Callable[[], None]) -> None:
    """Hear notices until cancelled; `missed` is called when some may have been lost."""
    while True:
        try:
            connection = await asyncpg.connect(dsn)
        except (OSError, asyncpg.PostgresError):
            log.warning("notices_unreachable", exc_info=True)
            await asyncio.sleep(_RETRY_S)
            continue
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _, gone=gone: gone.set())
        try:
            await connection.add_listener(
                _CHANNEL, lambda *notice: heard([int(i) for i in str(notice[3]).split(",")])
            )
            missed()
            await gone.wait()
        finally:
            await connection.close(timeout=2)
