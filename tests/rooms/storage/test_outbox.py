"""Claims: the quota per host and account, order per task and URL, expired leases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.storage import outbox
from gesso.storage.database import Database, open_database
from gesso.storage.outbox import Callback, Quota
from tests.databases import place_sqlite

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Quota(total=100, per_host=4, per_account=6)


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    if not database_url:
        place_sqlite(tmp_path)
    made = open_database(database_url, tmp_path)
    yield made
    await made.close()


def event(task_id: int, version: int, url: str, account: str = "acc") -> Callback:
    task = Task(
        id=task_id, account_id=account, key_id="key", action=Action.IMAGINE,
        status=TaskStatus.QUEUED, lane=Lane.FAST, submitted_at=NOW, version=version,
    )  # fmt: skip
    return Callback(f"evt_{task_id}_{version}", url, task, False)


async def put(database: Database, *events: Callback) -> None:
    async with database.transaction() as connection:
        await outbox.insert_all(connection, events, NOW)


async def claim(database: Database, quota: Quota = ALL, after_s: float = 1) -> list[str]:
    async with database.transaction() as connection:
        now = NOW + timedelta(seconds=after_s)
        found = await outbox.claim_due(connection, now, quota=quota, lease_s=15)
    return sorted(c.id for c in found)


async def fail(database: Database, callback_id: str, until_s: float) -> None:
    async with database.transaction() as connection:
        until = NOW + timedelta(seconds=until_s)
        await outbox.postpone(connection, callback_id, until=until, answer="no")


async def test_a_host_and_an_account_get_their_share(database: Database) -> None:
    await put(
        database,
        *(event(n, 1, "http://slow.example/") for n in range(100, 200)),
        *(event(n, 1, f"http://h{n}.example/") for n in range(200, 220)),
        event(1, 1, "http://good.example/", "other"),
    )
    found = await claim(database)
    assert "evt_1_1" in found
    assert len(found) <= 1 + ALL.per_account
    assert len([i for i in found if 100 <= int(i.split("_")[1]) < 200]) <= ALL.per_host
    busy = replace(ALL, busy_hosts={"slow.example": 4}, busy_accounts={"acc": 6})
    assert await claim(database, busy) == []


async def test_a_later_state_waits_for_the_one_on_its_way(database: Database) -> None:
    url = "http://a.example/"
    await put(database, event(1, 1, url), event(1, 2, url), event(1, 3, "http://b.example/"))
    assert await claim(database) == ["evt_1_1", "evt_1_3"]
    assert await claim(database) == []
    # The sender died: its lease runs out, and the same event goes again.
    assert await claim(database, after_s=20) == ["evt_1_1", "evt_1_3"]


async def test_a_failed_state_gives_way_to_a_newer_one(database: Database) -> None:
    url = "http://a.example/"
    await put(database, event(1, 1, url))
    assert await claim(database) == ["evt_1_1"]
    await fail(database, "evt_1_1", until_s=1000)
    assert await claim(database) == []
    await put(database, event(1, 2, url))
    assert await claim(database) == ["evt_1_2"]
    assert await claim(database, after_s=2000) == ["evt_1_2"]  # never the older one again


def test_hosts_are_told_apart() -> None:
    assert outbox.host_of("http://A.Example:81/x") == "a.example"
    assert outbox.host_of("http://[::1") == ""
