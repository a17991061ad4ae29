"""Callbacks: hostile receivers, rotation of secrets, the log of tries, sending again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gesso.dialects.admin.desk import ROOT
from gesso.kit import signing
from gesso.worker import courier
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio


class Receiver:
    """A bare TCP server, so that it can misbehave as no HTTP library would."""

    def __init__(self, manner: str = "good") -> None:
        self.manner = manner
        self.heard: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.open = self.most_open = 0
        self.changed = asyncio.Condition()
        self.host = "127.0.0.1"
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        async with self.changed:
            self.heard.append((headers, json.loads(body)))
            self.changed.notify_all()
        return await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.manner == "hang":
            await reader.read()  # until the caller has had enough
            return False
        if self.manner == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        if self.manner == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"y" * 65536)
                await writer.drain()
        if self.manner == "redirect":
            writer.write(b"HTTP/1.1 307 X\r\nlocation: http://169.254.169.254/\r\n")
        elif self.manner == "down":
            writer.write(b"HTTP/1.1 503 X\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n")
        writer.write(b"content-length: 5\r\n\r\n\x00hey!")
        await writer.drain()
        return True

    async def until(self, count: int, *, final: bool = False, limit_s: float = 20) -> None:
        def enough() -> bool:
            ended = [b for _, b in self.heard if b.get("status") in {"SUCCESS", "FAILURE"}]
            return len(ended if final else self.heard) >= count

        async with asyncio.timeout(limit_s), self.changed:
            await self.changed.wait_for(enough)


@asynccontextmanager
async def receiving(manner: str = "good", host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    made = Receiver(manner)
    made.host = host
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.serve(reader, writer))
        serving.add(task)

    server = await asyncio.start_server(connected, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def api(gateway: Gateway, method: str, path: str, body: Any = None) -> Any:
    reply = await gateway.client.call(method, ROOT + path, body)
    assert reply.status < 300, (path, reply.body)
    return reply.json if reply.body else None


async def until_state(gateway: Gateway, task: str, state: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while True:
            found = await api(gateway, "GET", f"/deliveries?task={task}")
            items: list[dict[str, Any]] = found["items"]
            if items and items[0]["final"] and items[0]["state"] == state:
                return items
            await asyncio.sleep(0.02)


async def test_one_hanging_receiver_slows_nobody_else(gateway: Gateway) -> None:
    """Forty tasks call a host that never answers, then one calls a good one."""
    async with receiving("hang", "127.0.0.2") as bad, receiving() as good:
        ids = [
            await gateway.client.imagine(f"a boat {n} --sandbox fail:moderated", notifyHook=bad.url)
            for n in range(40)
        ]
        for task_id in ids:
            await gateway.client.until(task_id)
        started = time.monotonic()
        await gateway.client.imagine("alone --sandbox fail:moderated", notifyHook=good.url)
        await good.until(1, final=True)
        # Less than one turn of the hanging host: with all lanes taken it would be more.
        assert time.monotonic() - started < 8
        # Those that were given up a moment ago may not have been noticed here.
        assert bad.most_open <= 2 * courier.PER_HOST


@pytest.mark.parametrize("manner", ["drip", "endless"])
async def test_a_status_counts_though_the_body_never_ends(gateway: Gateway, manner: str) -> None:
    async with receiving(manner) as bad:
        task_id = await gateway.client.imagine("a --sandbox fail:moderated", notifyHook=bad.url)
        (last, *_) = await until_state(gateway, task_id, "sent")
        one = await api(gateway, "GET", f"/deliveries/{last['id']}")
        attempt = one["attempts"][-1]
        assert attempt["status"] == 200
        assert 0 < len(attempt["response"]) <= 500
        assert attempt["duration_ms"] < 10_000


async def test_redirects_are_not_followed_and_private_addresses_are_hopeless(
    gateway: Gateway,
) -> None:
    async with receiving("redirect") as bad:
        result = await api(gateway, "POST", "/deliveries/test", {"url": bad.url})
    assert (result["delivered"], result["attempt"]["status"]) == (False, 307)
    for url in ("http://169.254.169.254/", "http://10.0.0.1/", "http://127.0.0.1:22/", "x:y"):
        result = await api(gateway, "POST", "/deliveries/test", {"url": url})
        assert result["attempt"]["status"] is None, url
        assert result["attempt"]["error"]


async def test_an_older_state_that_failed_gives_way_to_the_newer(gateway: Gateway) -> None:
    async with receiving("down") as receiver:
        task_id = await gateway.client.imagine("a --sandbox slow:1", notifyHook=receiver.url)
        await receiver.until(1)
        await gateway.client.until(task_id)
        await receiver.until(1, final=True)
        receiver.manner = "good"
        items = await until_state(gateway, task_id, "sent")
        states = {i["state"] for i in items[1:]}
        assert states == {"superseded"}
        versions = [int(h["webhook-id"].rpartition("_")[2]) for h, _ in receiver.heard]
        assert versions == sorted(versions)
        one = await api(gateway, "GET", f"/deliveries/{items[0]['id']}")
        assert (one["attempts"][0]["status"], one["attempts"][-1]["status"]) == (503, 200)
        assert one["attempts"][0]["response"] == "�hey!"
        older = items[-1]["id"]
        reply = await gateway.client.call("POST", f"{ROOT}/deliveries/{older}/redeliver")
        assert reply.status == 409
        count = len(receiver.heard)
        await api(gateway, "POST", f"/deliveries/{items[0]['id']}/redeliver")
        await receiver.until(count + 1)
        assert receiver.heard[-1][0]["webhook-id"] == items[0]["id"]
        await until_state(gateway, task_id, "sent")
        assert len(receiver.heard) == count + 1
    (record,) = (await api(gateway, "GET", "/audit?action=delivery.redeliver"))["items"]
    assert record["target"] == items[0]["id"]


async def test_two_secrets_sign_during_a_rotation(gateway: Gateway) -> None:
    me = (await api(gateway, "GET", "/me"))["key"]
    account, key = (f"/signing-secrets/{me[name]}" for name in ("account", "id"))

    async def signers(receiver: Receiver, **secrets: str) -> set[str]:
        # Until the last event of this task: one of the task before may still be on its way.
        count = sum(b["status"] == "FAILURE" for _, b in receiver.heard)
        await gateway.client.imagine("a --sandbox fail:moderated", notifyHook=receiver.url)
        await receiver.until(count + 1, final=True)
        headers, sent = receiver.heard[-1]
        raw = json.dumps(sent, separators=(",", ":"), ensure_ascii=False).encode()
        now = int(time.time())
        return {n for n, s in secrets.items() if signing.verify(s, headers, raw, now=now)}

    async with receiving() as receiver:
        house = gateway.house.hook_secret
        assert await signers(receiver, house=house) == {"house"}
        first = (await api(gateway, "POST", account + "/rotate", {"overlap_s": 60}))["secret"]
        assert await signers(receiver, house=house, first=first) == {"first"}
        second = (await api(gateway, "POST", account + "/rotate", {"overlap_s": 60}))["secret"]
        both = {"first": first, "second": second}
        assert await signers(receiver, **both) == {"first", "second"}
        own = (await api(gateway, "POST", key + "/rotate", {"overlap_s": 0}))["secret"]
        assert await signers(receiver, own=own, **both) == {"own"}
        third = (await api(gateway, "POST", key + "/rotate", {"overlap_s": 0}))["secret"]
        assert await signers(receiver, own=own, third=third) == {"third"}
        shown = await api(gateway, "GET", account)
        assert [s["secret"] for s in shown] == [None, None]
        assert [s["retires_at"] is None for s in shown] == [True, False]
        await api(gateway, "DELETE", key)
        assert await signers(receiver, third=third, **both) == {"first", "second"}
    text = str(await api(gateway, "GET", "/audit?limit=500"))
    assert not any(s in text for s in (first, second, own, third))
