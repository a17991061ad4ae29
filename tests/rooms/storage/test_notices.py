"""Notices: heard after the commit or never, in parts that fit into a payload."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from gesso.storage import notices
from gesso.storage.database import open_database
from tests.databases import postgres_database

pytestmark = pytest.mark.anyio


async def test_heard_after_the_commit_or_never(postgres: str, tmp_path: Path) -> None:
    heard: list[int] = []
    ready, told = asyncio.Event(), asyncio.Event()
    many = [10**15 + n for n in range(900)]

    def hear(ids: Sequence[int]) -> None:
        heard.extend(ids)
        if heard[-1] == many[-1]:
            told.set()

    async with postgres_database(postgres) as url:
        database = open_database(url, tmp_path)
        listening = asyncio.create_task(notices.listen(url, hear, ready.set))
        await asyncio.wait_for(ready.wait(), 20)
        with suppress(ZeroDivisionError):
            async with database.transaction() as connection:
                await notices.announce(connection, [1])
                raise ZeroDivisionError
        async with database.transaction() as connection:
            await notices.announce(connection, many)
        await asyncio.wait_for(told.wait(), 20)
        assert heard == many
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await database.close()
