"""Upstreams that misbehave: what callers see, what is paid, and what operators are shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from gesso.domain.channel import Channel
from gesso.services import administer
from tests.conftest import Gateway, free_port, running_gateway
from tests.databases import postgres_database
from tests.flows.test_openai_relay import HELLO, TEXT, balance, running, sdk, settled
from tests.models import running_models

pytestmark = pytest.mark.anyio
CHAT: Any = {"model": "gpt-4o-mini", "messages": HELLO}
CHANNEL = "/admin/api/v1/channels/ch_models"


async def shown(gateway: Gateway) -> Any:
    return (await gateway.client.get(CHANNEL))["relay"]


async def test_operators_see_breakers_and_keys(tmp_path: Path) -> None:
    channels: list[dict[str, Any]] = [{"options": {"keys": "bad,good"}}]
    options: Any = {"breaker_failures": 2, "relay_attempts": 2, "breaker_rest_s": 60.0}
    async with running("", tmp_path, channels=channels, **options) as (gateway, models):
        models.script.refused_keys = {"bad"}
        async with sdk(gateway) as client:
            await client.chat.completions.create(**CHAT)
            state = await shown(gateway)
            assert (state["breaker"], state["keys"], state["keys_resting"]) == ("closed", 2, 1)
            models.script.failures.extend([(500, {})] * 2)
            with pytest.raises(openai.InternalServerError):
                await client.chat.completions.create(**CHAT)
            state = await shown(gateway)
            assert (state["breaker"], state["reason"]) == ("open", "HTTP 500")
            assert state["open_until"]
            # Whoever mends a channel wants it to be tried at once.
            await gateway.client.call("PATCH", CHANNEL, {"remark": "mended"})
            assert (await shown(gateway))["breaker"] == "closed"
            await client.chat.completions.create(**CHAT)
        sandbox = await gateway.client.get("/admin/api/v1/channels/ch_sandbox")
        assert sandbox["relay"]["breaker"] == "closed"
        await settled(gateway)


async def test_a_channel_is_tested_with_its_real_key(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, models):
        found = (await gateway.client.call("POST", CHANNEL + "/test", {})).json
        assert found["works"], found
        assert (models.heard[-1].path, models.heard[-1].key) == ("/v1/models", "up-1")
        models.script.refused_keys = {"up-1"}
        found = (await gateway.client.call("POST", CHANNEL + "/test", {})).json
        assert not found["works"]
        assert "refuses the key" in found["reason"]
        assert "up-1" not in found["reason"]


async def test_probes_come_before_callers(tmp_path: Path) -> None:
    options: Any = {"breaker_failures": 1, "relay_attempts": 1, "breaker_rest_s": 0.01}
    async with running("", tmp_path, **options) as (gateway, models), sdk(gateway) as client:
        prober, breakers = gateway.house.relayer.prober, gateway.house.relayer.router.breakers
        models.script.failures.extend([(500, {})] * 2)
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(**CHAT)
        while not breakers.is_due("ch_models"):
            await asyncio.sleep(0.005)
        await prober.probe_all()
        assert models.heard[-1].path == "/v1/models"
        assert breakers.find("ch_models").failures == 2
        assert breakers.find("ch_models").reason == "probe: HTTP 500"
        while not breakers.is_due("ch_models"):
            await asyncio.sleep(0.005)
        await prober.probe_all()
        assert not breakers.is_due("ch_models")  # asked once
        assert breakers.allows("ch_models")
        await client.chat.completions.create(**CHAT)
        assert breakers.find("ch_models").open_until is None
        await settled(gateway)


async def test_a_channel_that_is_down_is_known_to_all_processes(
    postgres: str, tmp_path: Path
) -> None:
    options: Any = {"breaker_failures": 1, "relay_attempts": 1, "breaker_rest_s": 60.0}
    options["secret_key"] = "one key that seals for both gateways"
    async with (
        postgres_database(postgres) as url,
        running(url, tmp_path / "one", **options) as (one, models),
        running_gateway(url, tmp_path / "two", **options) as two,
        sdk(one) as here,
        sdk(two) as there,
    ):
        models.script.failures.append((500, {}))
        with pytest.raises(openai.InternalServerError):
            await here.chat.completions.create(**CHAT)
        asked = len(models.heard)
        await until_shown(two, "open")
        with pytest.raises(openai.InternalServerError) as refused:
            await there.chat.completions.create(**CHAT)
        assert "HTTP 500" in str(refused.value)
        assert len(models.heard) == asked
        # Whoever mends it at one gateway mends it at both.
        await two.client.call("PATCH", CHANNEL, {"remark": "mended"})
        await until_shown(one, "closed")
        await here.chat.completions.create(**CHAT)
        for gateway in (one, two):
            await settled(gateway)


async def until_shown(gateway: Gateway, breaker: str) -> None:
    async with asyncio.timeout(20):
        while (await shown(gateway))["breaker"] != breaker:
            await asyncio.sleep(0.02)


GARBAGE = [
    ("text/html", b"<html>busy</html>"),
    ("application/json", b"<html>busy</html>"),
    ("application/json", b'{"id":"x","choi'),
    ("application/json", b""),
    ("application/json", b"\xff\xfe{}"),
]


@pytest.mark.parametrize("raw", GARBAGE)
async def test_garbage_is_an_error_and_free(tmp_path: Path, raw: tuple[str, bytes]) -> None:
    async with running("", tmp_path) as (gateway, models), sdk(gateway) as client:
        before = await balance(gateway)
        models.script.raw = raw
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(**CHAT)
        assert caught.value.status_code in {502, 503}
        assert "busy" not in str(caught.value)
        assert models.url not in str(caught.value)
        (call,) = await settled(gateway)
        assert (call["state"], call["charged_nanos"]) == ("released", 0)
        assert await balance(gateway) == before


async def test_events_that_are_garbage_go_by(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, models):
        models.script.raw = (
            "text/event-stream",
            b"data: {nonsense\n\n: a comment\n\ndata: [1]\n\n",
        )
        reply = await gateway.client.call("POST", "/v1/chat/completions", CHAT | {"stream": True})
        assert reply.status == 200
        await settled(gateway)


async def test_silence_in_mid_stream_is_told(tmp_path: Path) -> None:
    async with running("", tmp_path, relay_idle_s=0.2) as (gateway, models), sdk(gateway) as client:
        models.script.gate = asyncio.Event()
        stream = await client.chat.completions.create(**CHAT, stream=True)
        with pytest.raises(openai.APIError, match="silent"):
            async for _ in stream:
                pass
        models.script.gate.set()
        (call,) = await settled(gateway)
        assert "silent" in call["error"]


async def test_nobody_listens(tmp_path: Path) -> None:
    gone = Channel(
        "ch_gone", "gone", "openai", base_url=f"http://127.0.0.1:{free_port()}/v1",
        options={"api_key": "up-1"},
    )  # fmt: skip
    async with running_gateway("", tmp_path, channels=[gone]) as gateway, sdk(gateway) as client:
        with pytest.raises(openai.InternalServerError, match="cannot connect") as caught:
            await client.chat.completions.create(**CHAT)
        assert "127.0.0.1" not in str(caught.value)
        assert [c["state"] for c in await settled(gateway)] == ["released"]


@asynccontextmanager
async def forwarding(heard: list[bytes]) -> AsyncIterator[str]:
    """Run a forward proxy that speaks plain HTTP and notes what is asked of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head)
        method, url, rest = head.split(b" ", 2)
        host, _, path = url.removeprefix(b"http://").partition(b"/")
        name, _, port = host.partition(b":")
        up_reader, up_writer = await asyncio.open_connection(name.decode(), int(port))
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        body = await reader.readexactly(length)
        head = b"%s /%s %s" % (method, path, rest)
        up_writer.write(head.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n") + body)
        writer.write(await up_reader.read())
        up_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://user:word@127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_channel_goes_through_its_proxy(tmp_path: Path) -> None:
    heard: list[bytes] = []
    async with running_models() as models, forwarding(heard) as proxy:
        channel = models.channel(options={"proxy": proxy})
        async with running_gateway("", tmp_path) as gateway, sdk(gateway) as client:
            await administer.create_channel(gateway.house.database, channel)
            await gateway.house.catalogue.refresh()
            answer = await client.chat.completions.create(**CHAT)
            assert answer.choices[0].message.content == TEXT
            assert b"proxy-authorization: Basic" in heard[0].replace(b"Proxy-A", b"proxy-a")
            options = (await gateway.client.get(CHANNEL))["options"]
            assert options["proxy"] == "***"
            await settled(gateway)
