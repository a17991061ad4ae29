"""Streams of events: snapshots in order, places in the queue, the end, and coming back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gesso.services import watch
from tests.conftest import Gateway, running_gateway
from tests.events import collect, stream

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wire", ["mj", "v1"])
async def test_a_stream_tells_everything_up_to_the_end(gateway: Gateway, wire: str) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox slow:0.6")
    path = f"/mj/task/{task_id}/events" if wire == "mj" else f"/v1/tasks/{task_id}/events"
    head, *events = await collect(gateway.client, path)
    assert head["status"] == 200
    assert "text/event-stream" in head["head"]
    snapshots = [e for e in events if e["event"] != "queue"]
    versions = [int(e["id"]) for e in snapshots]
    assert versions == sorted(set(versions))
    assert [e["event"] for e in snapshots][-1] == "end"
    assert len(snapshots) >= 3
    if wire == "mj":
        assert snapshots[-1]["data"] == await gateway.client.get(f"/mj/task/{task_id}/fetch")
    else:
        found = await gateway.client.get(f"/v1/tasks/{task_id}")
        assert snapshots[-1]["data"]["status"] == found["data"]["status"] == "completed"


async def test_the_partial_picture_is_told(gateway: Gateway) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox slow:60")
    async with asyncio.timeout(40):
        async for event in stream(gateway.client, f"/mj/task/{task_id}/events"):
            if event.get("data", {}).get("imageUrl"):
                assert event["data"]["status"] == "IN_PROGRESS"
                break


async def test_coming_back_gets_only_what_is_newer(gateway: Gateway) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox blank")
    await gateway.client.until(task_id)
    path = f"/mj/task/{task_id}/events"
    _, *events = await collect(gateway.client, path)
    assert [e["event"] for e in events] == ["end"]
    last = events[-1]["id"]
    (_, again) = await collect(gateway.client, path, headers={"last-event-id": str(int(last) - 1)})
    assert again["id"] == last
    (gone,) = await collect(gateway.client, path, headers={"last-event-id": last})
    assert gone["status"] == 204


async def test_coming_back_gets_what_was_missed_in_order(gateway: Gateway) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox slow:0.6")
    path = f"/v1/tasks/{task_id}/events"
    staying = asyncio.create_task(collect(gateway.client, path))
    leaving = stream(gateway.client, path)
    async for event in leaving:
        if "id" in event:
            first = event["id"]
            break
    await leaving.aclose()
    whole = [e for e in (await staying)[1:] if "id" in e]
    _, *missed = await collect(gateway.client, path, headers={"last-event-id": first})
    assert missed == [e for e in whole if int(e["id"]) > int(first)]
    assert len(missed) >= 2
    assert missed[-1]["event"] == "end"


async def test_who_waits_is_told_the_place(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.client.imagine("a boat --sandbox slow:600")
    waiting = [await gateway.client.imagine(f"a boat {n} --sandbox slow:600") for n in range(3)]

    async def place(task_id: str, wanted: int) -> None:
        async for event in stream(gateway.client, f"/mj/task/{task_id}/events"):
            if event.get("event") == "queue" and event["data"]["position"] == wanted:
                return

    async with asyncio.timeout(20):
        await asyncio.gather(*(place(one, n) for n, one in enumerate(waiting, 1)))
        # Who comes later stands behind; who stood before is told when the queue moves up.
        last = asyncio.create_task(place(waiting[2], 2))
        await place(waiting[2], 3)
        await gateway.client.post(f"/mj/task/{waiting[0]}/cancel")
        await last


async def test_strangers_see_nothing_and_streams_have_a_limit(gateway: Gateway) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox blank")
    stranger = await gateway.new_account(0)
    answer = await gateway.client.get(f"/mj/task/{task_id}/events", key=stranger)
    assert answer["code"] == 3
    reply = await gateway.client.call("GET", f"/v1/tasks/{task_id}/events", key=stranger)
    assert reply.status == 403
    assert watch.HEARTBEAT_S < 30


async def test_a_hundred_watchers_hear_the_same(gateway: Gateway) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox slow:0.5")
    path = f"/mj/task/{task_id}/events"
    heard = await asyncio.gather(*(collect(gateway.client, path) for _ in range(100)))
    ends = {(events[-1]["event"], events[-1]["id"]) for events in heard}
    assert len(ends) == 1
    assert next(iter(ends))[0] == "end"


async def test_no_more_streams_than_allowed_are_open_and_a_closed_one_makes_room(
    database_url: str, tmp_path: Path
) -> None:
    async with running_gateway(database_url, tmp_path, max_streams=2) as gateway:
        task_id = await gateway.client.imagine("a boat --sandbox slow:600")
        path = f"/v1/tasks/{task_id}/events"
        open_ones = [stream(gateway.client, path) for _ in range(2)]
        for one in open_ones:
            await anext(one)
        replies = await asyncio.gather(*(gateway.client.call("GET", path) for _ in range(5)))
        assert {reply.status for reply in replies} == {429}
        for one in open_ones:
            await one.aclose()
        async with asyncio.timeout(10):
            while (await anext(again := stream(gateway.client, path))).get("status") == 429:
                await again.aclose()
        await again.aclose()
