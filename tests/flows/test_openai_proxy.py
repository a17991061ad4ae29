"""A channel whose calls go through a proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import running_gateway
from tests.models import WORDS, running_models
from tests.proxies import running_proxy

pytestmark = pytest.mark.anyio

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_chat_is_relayed_through_the_channels_proxy(
    tmp_path: Path, scheme: str, stream: bool
) -> None:
    async with running_models() as models, running_proxy(scheme) as proxy:
        channel = models.channel(options={"proxy": proxy.url})
        async with running_gateway("", tmp_path, channels=[channel]) as gateway:
            body = CHAT | {"stream": stream}
            reply = await gateway.client.call("POST", "/v1/chat/completions", body)
            assert reply.status == 200
            if stream:
                assert reply.body.endswith(b"data: [DONE]\n\n")
            else:
                assert reply.json["choices"][0]["message"]["content"] == "".join(WORDS)
            assert [host for host, _ in proxy.led_to] == ["127.0.0.1"]
            assert models.heard[-1].key == "up-1"
            await gateway.house.relayer.drain()


async def test_a_proxy_that_refuses_is_told_without_its_name(tmp_path: Path) -> None:
    async with running_models() as models, running_proxy("http") as proxy:
        channel = models.channel(options={"proxy": proxy.nobodys_url})
        options = {"relay_attempts": 1}
        async with running_gateway("", tmp_path, channels=[channel], **options) as gateway:
            reply = await gateway.client.call("POST", "/v1/chat/completions", CHAT)
            assert reply.status == 503
            assert "cannot connect: through the proxy" in reply.json["error"]["message"]
            assert str(proxy.port) not in reply.body.decode()
            assert models.heard == []
            await gateway.house.relayer.drain()
