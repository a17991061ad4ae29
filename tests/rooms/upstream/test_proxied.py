"""Calls through real proxies on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gesso.upstream.proxied import Proxied
from gesso.upstream.transfer import Broken, Sent, Unreached, Unusable
from tests.conftest import free_port
from tests.proxies import running_proxy
from tests.rooms.upstream.scripted import OK, Peer, Request, answering, finish, scripted

pytestmark = pytest.mark.anyio

SCHEMES = ["http", "socks5"]


def client(proxy: str) -> Proxied:
    return Proxied(proxy, connect_s=5, silence_s=5)


async def pieces() -> AsyncIterator[bytes]:
    yield b"ab"
    yield b"cd"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("body", "size_bytes"), [(b"abcd", None), (pieces, 4), (pieces, None), (b"", None)]
)
async def test_a_call_goes_through_the_proxy(
    scheme: str, body: Any, size_bytes: int | None
) -> None:
    async def serve(peer: Peer) -> None:
        while request := await peer.request():
            heard.append(request)
            await peer.say(b"HTTP/1.1 200 OK\r\nX-Mark: 1\r\nx-odd: \xff\r\n" + OK[17:])

    heard: list[Request] = []
    async with scripted(serve) as server, running_proxy(scheme) as proxy:
        sent = Sent("POST", server.url, {"x-key": "k"}, body, size_bytes)
        transfer = client(proxy.url).send(sent)
        assert await finish(transfer) == b"ok"
        assert transfer.status == 200
        assert transfer.headers["x-mark"] == "1"
        assert proxy.led_to == [("127.0.0.1", server.port)]
        (request,) = heard
        assert request.body == (b"abcd" if body else b"")
        lines = [line.lower() for line in request.lines]
        assert "x-key: k" in lines
        chunked = callable(body) and size_bytes is None
        assert ("transfer-encoding: chunked" in lines) is chunked
        assert (f"content-length: {len(request.body)}" in lines) is not chunked


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_refuses_the_login_leads_nowhere(scheme: str) -> None:
    async with scripted(answering(OK)) as server, running_proxy(scheme) as proxy:
        with pytest.raises(Unreached) as caught:
            await finish(client(proxy.nobodys_url).send(Sent("POST", server.url, {})))
        assert str(caught.value) == "through the proxy"
        assert server.peers == []


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_is_not_there(scheme: str) -> None:
    sent = Sent("POST", "http://a.example/secret", {})
    with pytest.raises(Unreached) as caught:
        await finish(client(f"{scheme}://127.0.0.1:{free_port()}").send(sent))
    assert str(caught.value) == "through the proxy"


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_an_answer_that_breaks_off_is_broken(scheme: str) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK[:-1])

    async with scripted(serve) as server, running_proxy(scheme) as proxy:
        with pytest.raises(Broken) as caught:
            await finish(client(proxy.url).send(Sent("POST", server.url, {})))
        assert str(server.port) not in str(caught.value)


async def test_silence_before_the_head_ends_in_time() -> None:
    async def mute(peer: Peer) -> None:
        await peer.left()

    async with scripted(mute) as server, running_proxy("socks5") as proxy:
        # A call that was given up is stopped by the library's own timer.
        caller = Proxied(proxy.url, connect_s=5, silence_s=0.2)
        transfer = caller.send(Sent("POST", server.url, {}))
        with pytest.raises(TimeoutError):
            await transfer.head(0.05)
        await transfer.close()


async def test_silence_within_a_body_ends_in_time() -> None:
    async def stuck(peer: Peer) -> None:
        # One that spoke first would be taken for a part of the proxy's own greeting.
        await peer.request()
        await peer.say(OK[:-1])
        await peer.left()

    async with scripted(stuck) as server, running_proxy("socks5") as proxy:
        transfer = client(proxy.url).send(Sent("POST", server.url, {}))
        await transfer.head(5)
        assert await transfer.read(5) == b"o"
        with pytest.raises(TimeoutError):
            await transfer.read(0.05)
        await transfer.close()
        await asyncio.gather(*server.tasks)


async def test_an_error_of_the_pieces_is_what_head_raises() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"ab"
        raise OSError("the disk is gone")

    async with scripted(answering(OK)) as server, running_proxy("socks5") as proxy:
        with pytest.raises(OSError, match="the disk is gone"):
            await finish(client(proxy.url).send(Sent("POST", server.url, {}, broken, 9)))
        await asyncio.gather(*server.tasks, return_exceptions=True)


async def test_what_was_never_asked_can_be_closed() -> None:
    transfer = client("http://127.0.0.1:1").send(Sent("POST", "http://a.example/", {}))
    await transfer.close()


@pytest.mark.parametrize(
    "proxy", ["", "nonsense", "127.0.0.1:80", "http://", "ftp://a:1", "file:///a", "http://a b:3"]
)
async def test_what_is_no_proxy_is_unusable(proxy: str) -> None:
    with pytest.raises(Unusable):
        client(proxy)


@pytest.mark.parametrize(
    "sent",
    [
        Sent("GET", "file:///etc/passwd", {}),
        Sent("GET", "nonsense", {}),
        Sent("GET", "http://a.example/\n", {}),
        Sent("GET", "http://a.example/", {"authorization": "Bearer a\r\nb: c"}),
        Sent("GET", "http://a.example/", {"x": "\ud800"}),
    ],
)
async def test_what_is_no_request_is_unusable(sent: Sent) -> None:
    with pytest.raises(Unusable):
        client("http://127.0.0.1:1").send(sent)
