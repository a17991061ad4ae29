"""Limits on relayed calls, counted over several nodes; and calls that are sent again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from sqlalchemy import update

from gesso.domain.limits import Limits
from gesso.kit import clock
from gesso.services.administer import FIRST_ACCOUNT
from gesso.services.relay_again import KEEP
from gesso.services.sweep import drop_expired
from gesso.storage.schema import call_replays
from tests.conftest import Gateway, running_gateway
from tests.databases import postgres_database
from tests.flows.test_openai_relay import COST, HELLO, running, sdk, settled
from tests.models import running_models

pytestmark = pytest.mark.anyio
CHAT: Any = {"model": "gpt-4o-mini", "messages": HELLO, "max_tokens": 100}


async def tries(clients: list[AsyncOpenAI], count: int) -> list[Any]:
    """Ask many times at once over all nodes; errors are returned."""
    asked = (clients[n % len(clients)].chat.completions.create(**CHAT) for n in range(count))
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (Limits(requests_per_minute=5), 5),
        (Limits(day_nanos=COST * 7 + 1), 7),  # each call foresees half as much again
        (Limits(tokens_per_minute=500), 4),
    ],
)
async def test_two_nodes_count_together(
    limits: Limits, most: int, tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # no minute ends in the middle of this
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres_database(postgres))
        models = await stack.enter_async_context(running_models())
        models.script.gate = asyncio.Event()
        nodes: list[Gateway] = []
        for _ in range(2):
            channels = [] if nodes else [models.channel()]
            opening = running_gateway(url, tmp_path, channels=channels)
            nodes.append(await stack.enter_async_context(opening))
        key = await nodes[0].new_key(limits=limits)
        clients = [await stack.enter_async_context(sdk(node, key)) for node in nodes]
        found = await tries(clients, 12)
        good = [one for one in found if not isinstance(one, Exception)]
        assert all(isinstance(one, openai.RateLimitError) for one in found if one not in good)
        # What was foreseen counts until a call has ended, so that fewer may be let in.
        assert len(good) == most if limits.requests_per_minute else 1 <= len(good) <= most
        for node in nodes:
            await node.house.relayer.drain()
        await settled(nodes[0])


async def test_open_calls_of_an_account_over_two_nodes(tmp_path: Path, postgres: str) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres_database(postgres))
        models = await stack.enter_async_context(running_models())
        models.script.gate = asyncio.Event()
        first = await stack.enter_async_context(
            running_gateway(url, tmp_path, channels=[models.channel()])
        )
        second = await stack.enter_async_context(running_gateway(url, tmp_path))
        reply = await first.client.call(
            "PATCH", f"/admin/api/v1/accounts/{FIRST_ACCOUNT}", {"limits": {"concurrency": 3}}
        )
        assert reply.json["limits"]["concurrency"] == 3
        keys = [await first.new_key(), await first.new_key()]
        body = {**CHAT, "stream": True}
        asked = [
            asyncio.create_task(
                node.client.call("POST", "/v1/chat/completions", body, key=keys[n % 2])
            )
            for n, node in enumerate([first, second] * 4)
        ]
        done, waiting = await asyncio.wait(asked, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 5:
            more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        models.script.gate.set()
        replies = await asyncio.gather(*asked)
        assert sorted(one.status for one in replies) == [200] * 3 + [429] * 5
        await second.house.relayer.drain()
        await settled(first)


async def test_what_was_not_used_is_there_again(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, models):
        key = await gateway.new_key(limits=Limits(day_nanos=COST * 2 + 80_000))
        async with sdk(gateway, key) as client:
            for _ in range(2):
                await client.chat.completions.create(**CHAT)
                await gateway.house.relayer.drain()
            models.script.failures.append((400, {}))
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(**CHAT)
            await gateway.house.relayer.drain()
            await client.chat.completions.create(**CHAT)
            await gateway.house.relayer.drain()
            with pytest.raises(openai.RateLimitError, match="a day") as caught:
                await client.chat.completions.create(**CHAT)
        assert caught.value.code == "insufficient_quota"
        assert len(models.heard) == 4
        await settled(gateway)


async def test_headers_tell_what_is_left(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, _models):
        limits = Limits(requests_per_minute=10, tokens_per_minute=5000)
        async with sdk(gateway, await gateway.new_key(limits=limits)) as client:
            raw = await client.chat.completions.with_raw_response.create(**CHAT)
        assert raw.headers["x-ratelimit-limit-requests"] == "10"
        assert raw.headers["x-ratelimit-remaining-requests"] == "9"
        assert raw.headers["x-ratelimit-limit-tokens"] == "5000"
        assert 4000 < int(raw.headers["x-ratelimit-remaining-tokens"]) < 5000
        assert raw.headers["x-ratelimit-reset-tokens"].endswith("s")
        await settled(gateway)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_is_sent_again_is_made_once(
    database_url: str, tmp_path: Path, stream: bool
) -> None:
    async with running(database_url, tmp_path) as (gateway, models):
        named: Any = {"headers": {"idempotency-key": "one"}}
        body = {**CHAT, "stream": stream}
        path = "/v1/chat/completions"
        first = await gateway.client.call("POST", path, body, **named)
        await gateway.house.relayer.drain()
        again = await gateway.client.call("POST", path, body, **named)
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["content-type"] == first.headers["content-type"]
        other = await gateway.client.call("POST", path, {**body, "n": 2}, **named)
        assert (other.status, other.json["error"]["code"]) == (409, "idempotency_key_reused")
        stranger = await gateway.client.call(
            "POST", path, body, key=await gateway.new_key(), **named
        )
        assert stranger.status == 200
        assert len(models.heard) == 2
        assert [c["charged_nanos"] for c in await settled(gateway)] == [COST, COST]
        # An hour later the answer is gone, and the call is still not made again.
        async with gateway.house.database.transaction() as connection:
            old = clock.millis(clock.now() - KEEP - timedelta(seconds=1))
            await connection.execute(update(call_replays).values(created_at=old))
        await drop_expired(gateway.house.database, gateway.house.blobs)
        late = await gateway.client.call("POST", path, body, **named)
        assert (late.status, late.headers["x-should-retry"]) == (409, "false")
        assert len(models.heard) == 2


async def test_while_the_first_runs_the_second_waits_and_a_failed_one_may_be_made_again(
    tmp_path: Path,
) -> None:
    async with running("", tmp_path) as (gateway, models):
        named: Any = {"headers": {"idempotency-key": "one"}}
        body = {**CHAT, "stream": True}
        models.script.gate = asyncio.Event()
        first = asyncio.create_task(
            gateway.client.call("POST", "/v1/chat/completions", body, **named)
        )
        while not models.heard:
            await asyncio.sleep(0.01)
        second = await gateway.client.call("POST", "/v1/chat/completions", body, **named)
        assert (second.status, second.json["error"]["code"]) == (409, "call_running")
        assert second.headers["retry-after"] == "1"
        models.script.gate.set()
        assert (await first).status == 200
        named = {"headers": {"idempotency-key": "two"}}
        models.script.failures.append((400, {}))
        bad = await gateway.client.call("POST", "/v1/chat/completions", CHAT, **named)
        await gateway.house.relayer.drain()
        good = await gateway.client.call("POST", "/v1/chat/completions", CHAT, **named)
        assert (bad.status, good.status) == (400, 200)
        await settled(gateway)


async def test_a_recording_that_is_sent_again(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, models), sdk(gateway) as client:
        for _ in range(2):
            found = await client.audio.transcriptions.create(
                model="whisper-1",
                file=("a.mp3", b"\0" * 1000),
                extra_headers={"idempotency-key": "a"},
            )
            assert found.text == "hello there"
            await gateway.house.relayer.drain()
        assert len(models.heard) == 1
