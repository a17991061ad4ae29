"""Housekeeping must not take away what somebody has just stored again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from gesso.services import sweep
from gesso.storage import snapshots
from gesso.storage.blobs import Blobs, open_blobs
from gesso.storage.database import Database, open_database
from tests.databases import place_sqlite
from tests.rooms.providers.mjproxy.jobs import task as job_task

pytestmark = pytest.mark.anyio


class Restoring(Blobs):
    """A store in which a picture is stored again just before it would be removed."""

    restore: bytes = b""

    async def delete_older(self, key: str, moment: datetime) -> bool:
        if self.restore:
            await self.put(self.restore, extension="png")
        return await super().delete_older(key, moment)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    place_sqlite(tmp_path)
    made = open_database("", tmp_path)
    yield made
    await made.close()


async def old_blob(store: Blobs, root: Path, data: bytes) -> str:
    blob = await store.put(data, extension="png")
    long_ago = (datetime.now(UTC) - timedelta(days=3)).timestamp()
    os.utime(root / blob.key, (long_ago, long_ago))
    return blob.key


async def test_old_orphans_go(database: Database, tmp_path: Path) -> None:
    store = open_blobs(str(tmp_path / "pictures"))
    key = await old_blob(store, tmp_path / "pictures", b"old")
    young = await store.put(b"young", extension="png")
    assert await sweep.drop_orphans(database, store) == 1
    assert await store.head(key) is None
    assert await store.head(young.key) is not None


async def test_a_picture_stored_again_at_that_moment_survives(
    database: Database, tmp_path: Path
) -> None:
    plain = open_blobs(str(tmp_path / "pictures"))
    store = Restoring(plain._store, plain._root)
    key = await old_blob(store, tmp_path / "pictures", b"again")
    store.restore = b"again"
    assert await sweep.drop_orphans(database, store) == 0
    assert await store.get(key) == b"again"
    assert list((tmp_path / "pictures" / "incoming").iterdir()) == []


async def test_old_snapshots_go_however_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_SNAPSHOTS", 3)
    begun, now = job_task(), datetime.now(UTC)
    stages = [replace(begun, version=version) for version in range(11)]
    async with database.transaction() as connection:
        for number, pair in enumerate(pairwise(stages)):
            age = timedelta(seconds=number)
            await snapshots.insert_all(connection, [pair], now - timedelta(hours=1) - age)
        await snapshots.insert_all(connection, [(stages[10], replace(begun, version=11))], now)
    assert await sweep.drop_snapshots(database, timedelta(minutes=30)) == 10
    assert await sweep.drop_snapshots(database, timedelta(minutes=30)) == 0
    async with database.reading() as connection:
        last = replace(begun, version=11)
        assert await snapshots.find_between(connection, -1, last, limit=9) == stages[10:]
