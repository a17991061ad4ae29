"""Transactions: all or nothing, and none that waits for something else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gesso.app import House
from gesso.services import administer
from gesso.storage import secrets

pytestmark = pytest.mark.anyio


async def names(house: House) -> set[str]:
    async with house.database.reading() as connection:
        return set((await connection.execute(text("SELECT name FROM secrets"))).scalars())


async def test_an_error_rolls_back(house: House) -> None:
    async def work(connection: AsyncConnection) -> None:
        await secrets.get(connection, "one")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await house.database.run(work)
    with pytest.raises(ValueError, match="no"):
        async with house.database.transaction() as connection:
            await work(connection)
    assert "one" not in await names(house)


async def test_readers_do_not_wait_for_a_writer(house: House) -> None:
    async with house.database.transaction() as connection:
        await secrets.get(connection, "mine")
        async with asyncio.timeout(5):
            assert "mine" not in await names(house)
    assert "mine" in await names(house)


async def test_writers_of_one_process_take_turns(house: House) -> None:
    async def write(name: str) -> None:
        async with house.database.transaction() as connection:
            await secrets.get(connection, name)
            await asyncio.sleep(0)

    await asyncio.gather(*(write(f"s{n}") for n in range(12)))
    assert {f"s{n}" for n in range(12)} <= await names(house)


async def test_a_transaction_that_waits_for_something_else_is_a_bug(small_house: House) -> None:
    async def work(connection: AsyncConnection) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waited for something else"):
        await small_house.database.run(work)


async def test_a_snapshot_sees_one_moment(house: House) -> None:
    async with house.database.snapshot() as connection:
        before = await connection.execute(text("SELECT count(*) FROM accounts"))
        assert before.scalar_one() == 1
        if house.database.distributed:
            await administer.create_account(house.database, "later")
        after = await connection.execute(text("SELECT count(*) FROM accounts"))
        assert after.scalar_one() == 1


async def test_only_what_lasts_waits_for_the_disk(house: House) -> None:
    """And the next one that lasts waits again, as the server is set."""
    ask = "PRAGMA synchronous"
    if house.database.distributed:
        ask = "SELECT setting || source FROM pg_settings WHERE name = 'synchronous_commit'"

    async def work(connection: AsyncConnection) -> str:
        return str((await connection.execute(text(ask))).scalar_one())

    async with house.database.transaction() as connection:
        waits = await work(connection)
    found = [await house.database.run(work, lasting=one) for one in (True, False, False, True)]
    does_not = "offsession" if house.database.distributed else "1"
    assert waits != does_not
    assert found == [waits, does_not, does_not, waits]


async def test_reads_in_one_visit_see_what_was_committed_last(house: House) -> None:
    async def look(connection: AsyncConnection) -> set[str]:
        return set((await connection.execute(text("SELECT name FROM secrets"))).scalars())

    before = await house.database.read(look)
    async with house.database.transaction() as connection:
        await secrets.get(connection, "new")
        assert await house.database.read(look) == before
    assert await house.database.read(look) == before | {"new"}
    # Many at once take turns, and none is lost.
    found = await asyncio.gather(*(house.database.read(look) for _ in range(50)))
    assert all(one == before | {"new"} for one in found)


async def test_what_need_not_last_stays_in_the_loop_on_sqlite(small_house: House) -> None:
    """And what lasts visits the writer's thread, before and after."""

    async def work(connection: AsyncConnection) -> int:
        return threading.get_ident()

    run = small_house.database.run
    here = threading.get_ident()
    assert await run(work) != here
    assert await run(work, lasting=False) == here
    assert await run(work) != here


async def test_a_short_commit_waits_in_the_thread_while_another_process_writes(
    small_house: House,
) -> None:
    """The loop goes on meanwhile."""
    database = small_house.database

    async def work(connection: AsyncConnection) -> int:
        await secrets.get(connection, "waited")
        return threading.get_ident()

    # As a second process would: a connection of its own, which this one knows nothing of.
    other = sqlite3.connect(str(database.reader.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(database.run(work, lasting=False))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    assert await waiting != threading.get_ident()
    assert "waited" in await names(small_house)
    assert await database.run(work, lasting=False) == threading.get_ident()


async def test_a_short_commit_that_fails_leaves_nothing(small_house: House) -> None:
    async def fail(connection: AsyncConnection) -> None:
        await secrets.get(connection, "half")
        raise ValueError("no")

    async def work(connection: AsyncConnection) -> None:
        await secrets.get(connection, "whole")

    with pytest.raises(ValueError, match="no"):
        await small_house.database.run(fail, lasting=False)
    await small_house.database.run(work, lasting=False)
    assert {"half", "whole"} & await names(small_house) == {"whole"}


async def test_the_log_of_short_commits_is_written_back(small_house: House) -> None:
    """SQLite does not do it by itself for them, as it would wait for the disk in the loop."""
    database = small_house.database
    log = Path(f"{database.reader.url.database}-wal")

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS filler (body BLOB)"))
        await connection.execute(text("INSERT INTO filler VALUES (zeroblob(200000))"))

    sizes = []
    for _ in range(400):
        await database.run(work, lasting=False)
        sizes.append(log.stat().st_size)
    # 400 commits of 200 kB are 80 MB; a log that is written back is begun anew.
    assert max(sizes) < 45_000_000
