"""Outages of a channel: it rests, its tasks move or wait, it is tried again and recovers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gesso.domain.channel import Channel
from gesso.ledger import audit
from gesso.storage.schema import attempts
from tests.conftest import Gateway, running_gateway
from tests.upstream import Upstream, running_upstream

pytestmark = pytest.mark.anyio

DOWN = (500, b"down")
LOCKED = (401, {"error": "no such key"})


@asynccontextmanager
async def outage(url: str, place: Path, **settings: Any) -> AsyncIterator[tuple[Gateway, Upstream]]:
    """A gateway whose first choice is an upstream that the test can break."""
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(running_upstream())
        first = Channel("ch_up", "up", "mjproxy", base_url=upstream.url, priority=9)
        quick = {
            "upstream_poll_s": 0.02, "upstream_retry_s": 0.01,
            "breaker_failures": 2, "breaker_rest_s": 0.4,
        }  # fmt: skip
        yield (
            await stack.enter_async_context(
                running_gateway(url, place, channels=[first], **(quick | settings))
            ),
            upstream,
        )


async def channel(gateway: Gateway) -> Any:
    return await gateway.client.get("/admin/api/v1/channels/ch_up")


async def until_rests(gateway: Gateway) -> Any:
    async with asyncio.timeout(10):
        while not (found := await channel(gateway))["broken_reason"]:
            await asyncio.sleep(0.02)
    return found


async def books_are_right(gateway: Gateway) -> None:
    async with gateway.house.database.snapshot() as connection:
        report = await audit.check(connection)
    assert not report.findings
    assert report.held_nanos == 0


async def test_a_task_of_a_broken_channel_moves_and_new_ones_avoid_it(
    database_url: str, tmp_path: Path
) -> None:
    async with outage(database_url, tmp_path, breaker_rest_s=600) as (gateway, upstream):
        upstream.script.answers = deque([LOCKED] * 99)
        task = await gateway.client.until(await gateway.client.imagine("a boat"))
        assert (task["status"], task["properties"]["discordInstanceId"]) == (
            "SUCCESS",
            "ch_sandbox",
        )
        found = await until_rests(gateway)
        assert "key" in found["broken_reason"]
        assert found["broken_until"]
        shown = await gateway.client.get("/mj/account/ch_up/fetch")
        assert shown["properties"]["disabledReason"] == found["broken_reason"]
        heard = len(upstream.heard)
        for _ in range(3):
            await gateway.client.until(await gateway.client.imagine("a hut --sandbox blank"))
        assert len(upstream.heard) == heard
        tested = await gateway.client.post("/admin/api/v1/channels/ch_up/test")
        assert tested == {"works": True, "reason": ""}
        await books_are_right(gateway)


async def test_moved_tasks_stand_in_the_queue_of_their_new_channel(
    database_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        broken, other = [await stack.enter_async_context(running_upstream()) for _ in range(2)]
        broken.script.answers = deque([LOCKED] * 99)
        other.script.takes_s = 0.1
        channels = [
            Channel("ch_up", "up", "mjproxy", base_url=broken.url, priority=9),
            Channel("ch_one", "one", "mjproxy", base_url=other.url, priority=5, core_size=1),
        ]
        gateway = await stack.enter_async_context(
            running_gateway(
                database_url, tmp_path, channels=channels,
                upstream_poll_s=0.02, upstream_retry_s=0.01, breaker_rest_s=600,
            )
        )  # fmt: skip
        names = [f"boat {n}" for n in range(6)]
        ids = await asyncio.gather(*(gateway.client.imagine(name) for name in names))
        tasks = [await gateway.client.until(one) for one in ids]
        assert {t["properties"]["discordInstanceId"] for t in tasks} == {"ch_one"}
        assert other.started == dict.fromkeys(names, 1)
        async with gateway.house.database.reading() as connection:
            chosen = select(attempts).where(attempts.c.channel_id == "ch_one")
            tried = (await connection.execute(chosen.order_by(attempts.c.opened_at))).all()
        # One attempt each, and one after the other: the channel takes one at a time.
        assert len(tried) == len(names)
        assert all(a.closed_at <= b.opened_at for a, b in pairwise(tried))
        await books_are_right(gateway)


async def test_one_trial_wakes_a_channel_again(database_url: str, tmp_path: Path) -> None:
    async with outage(database_url, tmp_path, outage="wait") as (gateway, upstream):
        upstream.script.answers = deque([LOCKED] * 99)
        only = {"accountFilter": {"instanceId": "ch_up"}}
        ids = [await gateway.client.imagine(f"boat {n}", **only) for n in range(3)]
        await until_rests(gateway)
        upstream.script.answers.clear()
        tasks = [await gateway.client.until(one) for one in ids]
        assert {t["status"] for t in tasks} == {"SUCCESS"}
        assert {t["properties"]["discordInstanceId"] for t in tasks} == {"ch_up"}
        assert upstream.started == {f"boat {n}": 1 for n in range(3)}
        assert (await channel(gateway))["broken_until"] is None
        await books_are_right(gateway)


async def test_a_caller_who_named_the_channel_waits_for_it_and_then_gets_the_money_back(
    database_url: str, tmp_path: Path
) -> None:
    async with outage(database_url, tmp_path, outage_wait_s=0.2) as (gateway, upstream):
        upstream.script.answers = deque([LOCKED] * 99)
        only = {"accountFilter": {"instanceId": "ch_up"}}
        task = await gateway.client.until(await gateway.client.imagine("a boat", **only))
        assert (task["status"], task["properties"]["failCode"]) == ("FAILURE", "unavailable")
        assert "key" in task["failReason"]
        await books_are_right(gateway)


async def test_new_tasks_are_refused_with_the_reason_where_that_is_the_policy(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"outage": "refuse", "outage_wait_s": 0, "breaker_rest_s": 600}
    async with outage(database_url, tmp_path, **settings) as (gateway, upstream):
        upstream.script.answers = deque([LOCKED] * 99)
        only = {"accountFilter": {"instanceId": "ch_up"}}
        await gateway.client.until(await gateway.client.imagine("a boat", **only))
        await until_rests(gateway)
        answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "a boat", **only})
        assert answer["code"] == 3
        assert "key" in answer["description"]
        change = {"remark": "mended"}
        await gateway.client.call("PATCH", "/admin/api/v1/channels/ch_up", change)
        assert (await channel(gateway))["broken_reason"] == ""
        upstream.script.answers.clear()
        task = await gateway.client.until(await gateway.client.imagine("a boat", **only))
        assert task["status"] == "SUCCESS"


async def test_follow_ups_of_a_dead_channel_run_elsewhere_from_the_stored_picture(
    database_url: str, tmp_path: Path
) -> None:
    async with outage(database_url, tmp_path, breaker_rest_s=600) as (gateway, upstream):
        theirs = "11111111-2222-3333-4444-555555555555"
        upstream.script.buttons = [
            f"MJ::JOB::upsample::2::{theirs}", f"MJ::JOB::variation::3::{theirs}",
        ]  # fmt: skip
        grid = await gateway.client.until(await gateway.client.imagine("a boat"))
        assert grid["properties"]["discordInstanceId"] == "ch_up"
        upstream.script.answers = deque([DOWN] * 99)
        job = grid["properties"]["messageHash"]
        for custom_id in (f"MJ::JOB::upsample::2::{job}", f"MJ::JOB::variation::3::{job}"):
            body = {"taskId": grid["id"], "customId": custom_id}
            answer = await gateway.client.post("/mj/submit/action", body)
            task = await gateway.client.until(answer["result"])
            assert task["status"] == "SUCCESS", task["failReason"]
        assert task["properties"]["discordInstanceId"] == "ch_sandbox"
        await books_are_right(gateway)


async def test_an_account_is_tried_before_it_is_kept(tmp_path: Path) -> None:
    async with outage("", tmp_path) as (gateway, upstream):
        body = {"guildId": "1", "channelId": "2", "userToken": "t"}
        for url in ("http://127.0.0.1:9", upstream.url + "/nowhere"):
            answer = await gateway.client.post("/mj/account/create", body | {"baseUrl": url})
            assert (answer["code"], answer["properties"]["param"]) == (4, "userToken")
        made = await gateway.client.post("/mj/account/create", body | {"baseUrl": upstream.url})
        assert made["code"] == 1
        path = f"/mj/account/{made['result']}"
        for status, enabled, paused in (
            ("LISTEN_ONLY", False, False), ("DISABLED", False, True), ("ENABLE", True, False),
        ):  # fmt: skip
            await gateway.client.call("PUT", f"{path}/update", {"status": status})
            assert (await gateway.client.get(f"{path}/fetch"))["status"] == status
            found = await gateway.client.get(f"/admin/api/v1/channels/{made['result']}")
            assert (found["enabled"], found["paused"]) == (enabled, paused)
