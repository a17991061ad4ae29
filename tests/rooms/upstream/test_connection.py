"""What an upstream may answer, byte for byte, and what becomes of its connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gesso.upstream.connection import Connection
from gesso.upstream.direct import Direct
from gesso.upstream.request import read_url
from gesso.upstream.transfer import Broken, Sent, Transfer
from tests.rooms.upstream.scripted import (
    LOOPS,
    OK,
    Peer,
    Request,
    Server,
    answering,
    noting,
    scripted,
)

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def call(client: Direct, server: Server, body: bytes = b"{}") -> tuple[Transfer, bytes]:
    """Make a call to its end."""
    transfer = client.send(Sent("POST", server.url, {}, body))
    try:
        await transfer.head(5)
        found = b""
        while piece := await transfer.read(5):
            found += piece
        return transfer, found
    finally:
        await transfer.close()


#: Answers, the body that is in each, and whether another call may follow on the connection.
WHOLE = {
    "sized": (OK, b"ok", True),
    "empty": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b"", True),
    "chunked": (CHUNKED + b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n", b"abcde", True),
    "trailers": (CHUNKED + b"2\r\nab\r\n0\r\nx-sum: 1\r\nx: 2\r\n\r\n", b"ab", True),
    "after 1xx": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK,
        b"ok",
        True,
    ),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "304": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", b"", True),
    "told to close": (OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), b"ok", False),
    "1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", b"ok", False),
    "1.0 that stays": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
        b"ok",
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("name", WHOLE)
async def test_an_answer_comes_whole(name: str, bytewise: bool) -> None:
    raw, body, stays = WHOLE[name]

    async def serve(peer: Peer) -> None:
        while await peer.request():
            await peer.say(*([bytes([one]) for one in raw] if bytewise else [raw]))

    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        for _ in range(2):
            transfer, found = await call(client, server)
            assert found == body
            assert "link" not in transfer.headers
            assert "x-sum" not in transfer.headers
        assert len(server.peers) == (1 if stays else 2)


@pytest.mark.parametrize("head", [OPEN, b"HTTP/1.0 200 OK\r\n\r\n"])
async def test_an_answer_without_a_length_ends_with_its_connection(head: bytes) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(head, b"some", b" words")

    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        assert (await call(client, server))[1] == b"some words"
        assert (await call(client, server))[1] == b"some words"
        assert len(server.peers) == 2


async def test_status_and_headers_are_handed_on() -> None:
    raw = b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nX-Name: caf\xe9\r\ncontent-length: 0\r\n\r\n"
    async with scripted(answering(raw)) as server:
        transfer, _ = await call(Direct(connect_s=5), server)
    assert transfer.status == 429
    assert transfer.headers == {"retry-after": "7", "x-name": "café", "content-length": "0"}


EARLY, ODD = "it was closed early", "it speaks no HTTP"
#: What is said before the connection is closed, and what is said of that.
BREAKS = {
    "nothing": (b"", EARLY),
    "half a head": (b"HTTP/1.1 200 OK\r\ncontent-le", EARLY),
    "1xx alone": (b"HTTP/1.1 100 Continue\r\n\r\n", EARLY),
    "half a body": (SIZED + b"abc", EARLY),
    "half a chunk": (CHUNKED + b"9\r\nabc", EARLY),
    "no last chunk": (CHUNKED + b"3\r\nabc\r\n", EARLY),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", ODD),
    "a broken size": (CHUNKED + b"3\r\nabc\r\nzz\r\n", ODD),
    "two lengths": (SIZED.replace(b"\r\n\r\n", b"\r\ncontent-length: 1\r\n\r\n"), ODD),
    "101": (b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", ODD),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
async def test_an_answer_that_ends_early_is_broken(name: str) -> None:
    raw, reason = BREAKS[name]

    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(raw)

    async with scripted(serve) as server:
        with pytest.raises(Broken) as caught:
            await call(Direct(connect_s=5), server)
    assert str(caught.value) == reason


async def test_what_came_before_a_break_is_read_first() -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(SIZED + b"abc")

    async with scripted(serve) as server:
        transfer = Direct(connect_s=5).send(Sent("POST", server.url, {}))
        await transfer.head(5)
        await server.tasks[0]
        assert await transfer.read(5) == b"abc"
        with pytest.raises(Broken):
            await transfer.read(5)
        await transfer.close()


@pytest.mark.parametrize("head", [OPEN, SIZED, CHUNKED])
async def test_a_reset_is_never_the_end_of_an_answer(head: bytes) -> None:
    async def serve(peer: Peer) -> None:
        # What is not read makes the system say RST, not FIN.
        await peer.reader.read(1)
        await peer.say(head + b"3\r\nabc\r\n")
        await read.wait()
        peer.reset()

    read = asyncio.Event()
    async with scripted(serve) as server:
        transfer = Direct(connect_s=5).send(Sent("POST", server.url, {}, b"x" * 2_000_000))
        await transfer.head(5)
        assert await transfer.read(5)
        read.set()
        with pytest.raises(Broken, match="it was reset"):
            await transfer.read(5)
        await transfer.close()


ENDLESS = {
    "head": (b"HTTP/1.1 200 OK\r\n", b"x-more: " + b"a" * 1000 + b"\r\n"),
    "line": (b"HTTP/1.1 200 OK\r\nx-more: ", b"a" * 1000),
    "1xx": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
    "trailer": (CHUNKED + b"0\r\nx-more: ", b"a" * 1000),
    "extension": (CHUNKED + b"1;", b"a" * 1000),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_and_no_body_is_given_up(name: str) -> None:
    begin, more = ENDLESS[name]
    said = 0

    async def serve(peer: Peer) -> None:
        nonlocal said
        await peer.request()
        await peer.say(begin)
        while True:
            await peer.say(more)
            said += len(more)

    async with scripted(serve) as server:
        with pytest.raises(Broken, match="its head is too long"):
            await call(Direct(connect_s=5), server)
    assert said > 200_000


async def test_a_long_head_is_read() -> None:
    raw = b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 60_000 + b"\r\ncontent-length: 2\r\n\r\nok"
    async with scripted(answering(raw)) as server:
        transfer, body = await call(Direct(connect_s=5), server)
    assert (len(transfer.headers["x-long"]), body) == (60_000, b"ok")


SURPLUS = [b"H", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"\0\1\2"]


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("later", [False, True])
async def test_what_nobody_asked_for_is_nobodys_answer(surplus: bytes, later: bool) -> None:
    async def serve(peer: Peer) -> None:
        if peer.number:
            await answering(OK)(peer)
            return
        await peer.request()
        if later:
            await peer.say(OK)
            await read.wait()
            await peer.say(surplus)
        else:
            await peer.say(OK + surplus)
        said.set()
        await peer.left()

    read, said = asyncio.Event(), asyncio.Event()
    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        transfer = client.send(Sent("POST", server.url, {}))
        await transfer.head(5)
        if later:
            assert await transfer.read(5) == b"ok"
        read.set()
        await said.wait()
        if later:
            await server.tasks[0]  # It is closed for that alone.
        else:
            assert await transfer.read(5) == b"ok"
        assert await transfer.read(5) == b""
        await transfer.close()
        assert (await call(client, server))[1] == b"ok"
        await server.tasks[0]
        assert len(server.peers) == 2


async def test_what_comes_while_nobody_asks_closes_the_connection() -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        if not peer.number:
            await idle.wait()
            await peer.say(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
            await peer.left()

    idle = asyncio.Event()
    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        await call(client, server)
        idle.set()
        await server.tasks[0]
        transfer, _ = await call(client, server)
    assert (transfer.status, len(server.peers)) == (200, 2)


async def kept_after_one(server: Server, client: Direct) -> Connection:
    """Make a call and return the connection that it leaves."""
    assert (await call(client, server))[1] == b"ok"
    line = client.find(read_url(server.url)[0])
    assert line is not None
    line.idle_since_s = client.loop.time()
    client.keep(line)
    return line


class Other:
    """Another call that waits for its answer."""

    def give_up(self) -> None:
        raise AssertionError


async def test_a_request_leaves_at_once_alone_and_with_others_when_the_turn_is_over() -> None:
    async with scripted(answering(OK)) as server:
        client = Direct(connect_s=5)
        for is_alone in (True, False):
            line = await kept_after_one(server, client)
            if not is_alone:
                client.patience.begin(Other(), 60)
            head = client.send(Sent("POST", server.url, {}, b"{}")).head(5)
            head.send(None)
            assert (line._unsent == b"") is is_alone
            await asyncio.sleep(0)
            assert line._unsent == b""
            head.close()
            line.end(whole=False)
        await asyncio.gather(*server.tasks)


async def test_who_leaves_before_the_turn_is_over_has_asked_nothing() -> None:
    heard: list[Request] = []
    async with scripted(noting(heard)) as server:
        client = Direct(connect_s=5)
        line = await kept_after_one(server, client)
        client.patience.begin(Other(), 60)
        transfer = client.send(Sent("POST", server.url, {}, b"{}"))
        head = transfer.head(5)
        waiter = head.send(None)  # It has asked, and waits.
        assert isinstance(waiter, asyncio.Future)
        head.close()
        await transfer.close()
        assert line.is_closing
        await asyncio.gather(*server.tasks)
        assert len(heard) == 1


async def test_an_answer_before_its_request_was_sent_ends_the_connection() -> None:
    async with scripted(answering(OK)) as server:
        client = Direct(connect_s=5)
        line = await kept_after_one(server, client)
        client.patience.begin(Other(), 60)
        transfer = client.send(Sent("POST", server.url, {}, b"{}"))
        head = transfer.head(5)
        head.send(None)
        line.data_received(OK)
        head.close()
        assert transfer.take_whole() == b"ok"
        await transfer.close()
        assert line.is_closing  # The request that is still here would be the next call's.
        await asyncio.gather(*server.tasks)
