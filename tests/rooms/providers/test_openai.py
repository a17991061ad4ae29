"""Where the requests of a channel go, and what they say of themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gesso.domain.channel import Channel
from gesso.domain.relay import Ask, Endpoint
from gesso.providers.openai import OpenAI, open_provider
from tests.rooms.upstream.scripted import OK, Request, answering, noting, scripted

pytestmark = pytest.mark.anyio

ASK = Ask(Endpoint.CHAT.value, body=b"{}", content_type="application/json")


async def say(provider: OpenAI, channel: Channel, key: str, ask: Ask = ASK) -> None:
    """Make a request and read its answer."""
    async with provider.relay(channel, key, ask) as reply:
        assert reply.status == 200
        assert b"".join([reply.whole or b"", *[chunk async for chunk in reply.chunks]]) == b"ok"


async def test_each_key_and_endpoint_of_a_channel_has_its_own_way() -> None:
    heard: list[Request] = []
    async with scripted(noting(heard)) as server:
        base = f"http://127.0.0.1:{server.port}/v1"
        channel = Channel("ch_1", "One", "openai", base_url=base, options={"organization": "org-1"})
        provider = open_provider()
        for _ in range(2):
            await say(provider, channel, "one")
        await say(provider, channel, "two")
        await say(provider, channel, "", Ask("models?limit=1", "GET"))
        # The same channel after an operator changed it.
        await say(provider, replace(channel, base_url=f"{base}/new/", options={}), "one")

    first, again, other, free, changed = ([one.head, *one.lines] for one in heard)
    assert first == again
    assert "POST /v1/chat/completions HTTP/1.1" in first
    assert {"authorization: Bearer one", "openai-organization: org-1"} <= set(first)
    assert "content-type: application/json" in first
    assert "authorization: Bearer two" in other
    assert "GET /v1/models?limit=1 HTTP/1.1" in free
    assert not any(line.startswith(("authorization", "content-type")) for line in free)
    assert "POST /v1/new/chat/completions HTTP/1.1" in changed
    assert not any(line.startswith("openai-organization") for line in changed)


async def test_ways_that_strangers_ask_for_do_not_fill_memory() -> None:
    async with scripted(answering(OK)) as server:
        channel = Channel("ch_1", "One", "openai", base_url=f"http://127.0.0.1:{server.port}/v1")
        provider = open_provider()
        for number in range(600):
            await say(provider, channel, "one", Ask(f"responses/resp_{number}", "GET"))
        assert len(provider._ways) <= 256
