"""Streams taken up again elsewhere: at another gateway, and after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import running_gateway
from tests.databases import postgres_database
from tests.events import collect, leave_after

pytestmark = pytest.mark.anyio
WIRES = ["/mj/task/{}/events", "/v1/tasks/{}/events"]


async def told_everything(client: Client, path: str, seen: str) -> list[dict[str, Any]]:
    """Come back after a version; every one since then must be told, the end last."""
    head, *events = await collect(client, path, headers={"last-event-id": seen})
    assert head["status"] == 200
    versions = [int(event["id"]) for event in events]
    # One commit, one version: nothing else happens to the task.
    assert versions == list(range(int(seen) + 1, versions[-1] + 1))
    assert [event["event"] for event in events] == ["task"] * (len(events) - 1) + ["end"]
    return events


def outline(event: dict[str, Any]) -> tuple[Any, ...]:
    return event["id"], event["data"]["status"], event["data"]["progress"]


@pytest.mark.parametrize("path", WIRES)
async def test_another_gateway_tells_what_was_missed(
    postgres: str, tmp_path: Path, path: str
) -> None:
    async with (
        postgres_database(postgres) as url,
        running_gateway(url, tmp_path) as first,
        running_gateway(url, tmp_path) as second,
    ):
        task_id = await first.client.imagine("a boat --sandbox slow:1")
        path = path.format(task_id)
        seen = await leave_after(first.client, path, 2)
        await first.client.until(task_id)
        events = await told_everything(second.client, path, seen)
        assert len(events) >= 3
        # Where the stream was before, the same is told; links name the gateway that was asked.
        again = await told_everything(first.client, path, seen)
        assert [outline(one) for one in again] == [outline(one) for one in events]


async def test_a_restarted_gateway_tells_what_was_missed(database_url: str, tmp_path: Path) -> None:
    async with running_gateway(database_url, tmp_path) as before:
        task_id = await before.client.imagine("a boat --sandbox slow:1")
        seen = await leave_after(before.client, WIRES[0].format(task_id), 2)
        await leave_after(before.client, WIRES[1].format(task_id), 2)
    async with running_gateway(database_url, tmp_path) as after:
        await after.client.until(task_id)
        for path in WIRES:
            events = await told_everything(after.client, path.format(task_id), seen)
            assert len(events) >= 3
