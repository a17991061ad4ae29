"""kill -9 in the middle of relayed calls: their holds come back, and nobody is charged."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from openai import APIConnectionError, AsyncOpenAI
from sqlalchemy import update

from gesso import settings as settings_room
from gesso.app import open_house
from gesso.kit import clock
from gesso.ledger import audit
from gesso.services import administer
from gesso.services.relay_money import LEASE, release_dead
from gesso.storage.schema import calls
from tests.client import Client
from tests.conftest import ADMIN, free_port
from tests.crash.processes import GESSO, environment, gesso, running, until_up
from tests.databases import postgres_database
from tests.models import running_models

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
CALLS = 6


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_holds_of_a_killed_process_come_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with AsyncExitStack() as stack:
        url = ""
        if kind == "postgres":
            server = request.getfixturevalue("postgres")
            url = await stack.enter_async_context(postgres_database(server))
        await _kill_and_look(url, tmp_path)


async def _kill_and_look(url: str, tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, port, url, ADMIN)
    async with running_models() as models:
        gesso(
            env, "channel", "create", "up", "--provider", "openai", "--base-url",
            f"{models.url}/v1", "--option", "api_key=up-1",
        )  # fmt: skip
        models.script.gate = asyncio.Event()
        base = f"http://127.0.0.1:{port}"
        with running([*GESSO, "serve"], env) as process:
            async with Client(base, ADMIN) as client:
                await until_up(client)
            async with AsyncOpenAI(api_key=ADMIN, base_url=f"{base}/v1", max_retries=0) as sdk:
                streams = [
                    await sdk.chat.completions.create(
                        model="gpt-4o-mini",
                        messages=[{"role": "user", "content": "hello"}],
                        stream=True,
                    )
                    for _ in range(CALLS)
                ]
                for stream in streams:
                    await anext(aiter(stream))
                process.kill()
                with pytest.raises(APIConnectionError):
                    async for _ in streams[0]:
                        pass
                for stream in streams:
                    await stream.close()
        models.script.gate.set()
    settings = settings_room.read({}, database_url=url, data_dir=tmp_path, admin_key=ADMIN)
    async with open_house(settings, set_up=True) as house:
        async with house.database.snapshot() as connection:
            before = await audit.check(connection)
        assert (before.findings, before.open_calls) == ((), CALLS)
        assert before.held_nanos > 0
        assert await release_dead(house.database, house.writer) == 0  # they may still live
        async with house.database.transaction() as connection:
            over = clock.millis(clock.now() - LEASE - timedelta(seconds=1))
            await connection.execute(update(calls).values(lease_until=over))
        assert await release_dead(house.database, house.writer) == CALLS
        async with house.database.snapshot() as connection:
            after = await audit.check(connection)
        assert (after.findings, after.open_calls, after.held_nanos) == ((), 0, 0)
        (account,) = await administer.list_accounts(house.database)
        assert account.available_nanos == 1000 * 10**9
