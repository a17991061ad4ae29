"""kill -9 of the process that served a stream: whoever comes back gets all that was missed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.client import Client
from tests.conftest import ADMIN, free_port
from tests.crash.processes import GESSO, Process, environment, until_up
from tests.databases import place_sqlite
from tests.events import collect, stream

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]


async def test_the_process_of_a_stream_is_killed(database_url: str, tmp_path: Path) -> None:
    """On PostgreSQL another gateway goes on, on SQLite the next one does."""
    victim = environment(tmp_path, free_port(), database_url, ADMIN)
    heir = environment(tmp_path, free_port(), database_url, ADMIN)
    if not database_url:
        place_sqlite(tmp_path)
    async with AsyncExitStack() as stack:
        process = serve(stack, victim)
        if database_url:
            serve(stack, heir)
        client = await enter(stack, victim)
        task_id = await client.imagine("a boat --sandbox slow:1")
        path = f"/v1/tasks/{task_id}/events"
        seen = await killed_after(client, path, process)
        if not database_url:
            serve(stack, heir)
        client = await enter(stack, heir)
        assert (await client.until(task_id))["status"] == "SUCCESS"
        _, *events = await collect(client, path, headers={"last-event-id": seen})
        versions = [int(event["id"]) for event in events]
        assert versions == list(range(int(seen) + 1, versions[-1] + 1))
        assert [event["event"] for event in events] == ["task"] * (len(events) - 1) + ["end"]
        assert len(events) >= 3


async def killed_after(client: Client, path: str, process: Process) -> str:
    """Kill the process in the middle of its stream; returns the last id that was heard."""
    seen = ""
    async with asyncio.timeout(20):
        async for event in stream(client, path):
            seen = event.get("id", seen)
            if event.get("data", {}).get("status") == "processing":
                process.kill()
    return seen


async def enter(stack: AsyncExitStack, env: dict[str, str]) -> Client:
    base = f"http://127.0.0.1:{env['GESSO_PORT']}"
    client = await stack.enter_async_context(Client(base, ADMIN))
    await until_up(client)
    return client


def serve(stack: AsyncExitStack, env: dict[str, str]) -> Process:
    process = Process([*GESSO, "serve"], env)
    stack.callback(process.kill)
    return process
