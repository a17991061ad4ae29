"""Bodies in both directions: what is waited for, what is kept in memory, what is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gesso.upstream.direct import Direct
from gesso.upstream.transfer import Broken, Pieces, Sent
from tests.rooms.upstream.scripted import (
    LOOPS,
    OK,
    Peer,
    Request,
    answering,
    finish,
    noting,
    rest,
    scripted,
)

pytestmark = pytest.mark.anyio

PIECE = bytes(64 * 1024)
WAITING = 256 * 1024  #: A side holds about this many bytes at most.
#: What systems hold for a connection on loopback, both ends together.
SYSTEM = 16 * 1024 * 1024
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def stalled(count: Callable[[], int]) -> int:
    """Wait until something grows no more, and return it."""
    before = -1
    while before != (before := count()):
        await asyncio.sleep(0.03)
    return before


class Body:
    """A body in pieces, of which is known how far it came."""

    def __init__(self, *pieces: bytes, times: int = 1, error: Exception | None = None) -> None:
        self.pieces, self.times, self.error = pieces, times, error
        self.given_bytes = 0
        self.gate: asyncio.Event | None = None  #: What is waited for before the end.
        self.closed = False

    async def __call__(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(self.times):
                for piece in self.pieces:
                    self.given_bytes += len(piece)
                    yield piece
            if self.gate is not None:
                await self.gate.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


# What is sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, WAITING - 1, WAITING, 3_000_000])
async def test_bytes_arrive_as_they_are(size: int) -> None:
    heard: list[Request] = []
    body = bytes(n % 251 for n in range(1000)) * (size // 1000 + 1)
    async with scripted(noting(heard)) as server:
        client = Direct(connect_s=5)
        for _ in range(2):
            await finish(client.send(Sent("POST", server.url, {}, body[:size])))
        assert [one.body for one in heard] == [body[:size]] * 2
        assert f"content-length: {size}" in heard[0].lines
        assert len(server.peers) == 1


@pytest.mark.parametrize("sized", [True, False])
async def test_pieces_arrive_as_one_body(sized: bool) -> None:
    heard: list[Request] = []
    body: Pieces = Body(b"ab", b"", b"c" * 20, times=3)
    async with scripted(noting(heard)) as server:
        client = Direct(connect_s=5)
        for _ in range(2):
            sent = Sent("POST", server.url, {}, body, 66 if sized else None)
            assert await finish(client.send(sent)) == b"ok"
        assert [one.body for one in heard] == [(b"ab" + b"c" * 20) * 3] * 2
        assert ("transfer-encoding: chunked" in heard[0].lines) is not sized
        assert len(server.peers) == 1


@pytest.mark.parametrize("sized", [True, False])
async def test_pieces_wait_for_a_slow_upstream(sized: bool) -> None:
    async def serve(peer: Peer) -> None:
        await go_on.wait()
        request = await peer.request()
        assert request is not None
        arrived.append(len(request.body))
        await peer.say(OK)

    go_on, arrived = asyncio.Event(), list[int]()
    whole = 400 * len(PIECE)
    body = Body(PIECE, times=400)
    async with scripted(serve) as server:
        sent = Sent("POST", server.url, {}, body, whole if sized else None)
        task = asyncio.create_task(finish(Direct(connect_s=5).send(sent)))
        assert await stalled(lambda: body.given_bytes) < SYSTEM
        go_on.set()
        assert await task == b"ok"
        assert arrived == [whole]


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_pieces_of_another_length_are_no_request(size: int) -> None:
    heard: list[Request] = []
    async with scripted(noting(heard)) as server:
        client = Direct(connect_s=5)
        body = Body(b"ab", b"GET / HTTP/1.1\r\n\r\n", times=2)
        with pytest.raises(Broken, match="another length"):
            await finish(client.send(Sent("POST", server.url, {}, body, size)))
        await server.tasks[0]
        assert await finish(client.send(Sent("POST", server.url, {}))) == b"ok"
        assert [one.body for one in heard if one.head.startswith("GET")] == []


async def test_an_error_of_the_pieces_is_what_head_raises() -> None:
    body = Body(b"ab", error=OSError("the disk is gone"))
    async with scripted(answering(OK)) as server:
        with pytest.raises(OSError, match="the disk is gone"):
            await finish(Direct(connect_s=5).send(Sent("POST", server.url, {}, body, 100)))
        await asyncio.gather(*server.tasks, return_exceptions=True)


async def early(peer: Peer) -> None:
    """Answer before the body is here."""
    if peer.number:
        await answering(OK)(peer)
    else:
        await peer.head()
        await peer.say(TOO_LARGE)
        await peer.left()


@pytest.mark.parametrize("error", [None, OSError("the disk is gone")])
async def test_an_answer_that_comes_before_the_pieces_end_is_heard(error: OSError | None) -> None:
    body = Body(b"ab", error=error)
    body.gate = asyncio.Event()
    async with scripted(early) as server:
        client = Direct(connect_s=5)
        transfer = client.send(Sent("POST", server.url, {}, body))
        await transfer.head(5)
        assert (transfer.status, await transfer.read(5)) == (413, b"no")
        if error:
            body.gate.set()
            while not body.closed:
                await asyncio.sleep(0)
        assert await transfer.read(5) == b""
        await transfer.close()
        assert body.closed
        await server.tasks[0]  # The connection is closed, for the request was never whole.
        assert await finish(client.send(Sent("POST", server.url, {}))) == b"ok"


async def test_a_body_that_has_not_left_is_not_in_the_next_ones_way() -> None:
    async def serve(peer: Peer) -> None:
        if peer.number:
            await answering(OK)(peer)
            return
        await peer.head()
        await peer.say(TOO_LARGE)
        await closed.wait()
        await peer.left()

    closed = asyncio.Event()
    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        transfer = client.send(Sent("POST", server.url, {}, bytes(2 * SYSTEM)))
        assert await finish(transfer) == b"no"
        assert transfer.status == 413
        assert await finish(client.send(Sent("POST", server.url, {}))) == b"ok"
        closed.set()
        await server.tasks[0]


async def test_closing_stops_the_pieces() -> None:
    async def serve(_: Peer) -> None:
        await go_on.wait()

    go_on = asyncio.Event()
    body = Body(PIECE, times=10_000)
    async with scripted(serve) as server:
        transfer = Direct(connect_s=5).send(Sent("POST", server.url, {}, body))
        with pytest.raises(TimeoutError):
            await transfer.head(0.05)
        assert not body.closed
        await transfer.close()
        assert body.closed
        go_on.set()


async def test_pieces_stop_when_the_upstream_is_gone() -> None:
    async def serve(peer: Peer) -> None:
        await peer.head()
        peer.reset()

    body = Body(PIECE, times=1_000_000)
    async with scripted(serve) as server:
        transfer = Direct(connect_s=5).send(Sent("POST", server.url, {}, body))
        with pytest.raises(Broken):
            await transfer.head(5)
        assert await stalled(lambda: body.given_bytes) < SYSTEM
        await transfer.close()
        assert body.closed


# What is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_reader_that_does_not_read_holds_the_upstream_up(chunked: bool) -> None:
    times = 1600
    whole = times * len(PIECE)
    sent = 0

    async def serve(peer: Peer) -> None:
        nonlocal sent
        while await peer.request():
            frame = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % whole
            await peer.say(b"HTTP/1.1 200 OK\r\n" + frame + b"\r\n\r\n")
            for _ in range(times):
                await peer.say(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
                sent += len(PIECE)
            if chunked:
                await peer.say(b"0\r\n\r\n")

    async with scripted(serve) as server:
        client = Direct(connect_s=5)
        transfer = client.send(Sent("POST", server.url, {}))
        await transfer.head(5)
        assert await stalled(lambda: sent) < SYSTEM
        found = len(await transfer.read(5))
        assert found < 3 * WAITING
        while piece := await transfer.read(5):
            assert len(piece) < 3 * WAITING
            found += len(piece)
        assert found == whole
        await transfer.close()
        again = client.send(Sent("POST", server.url, {}))
        await again.head(5)
        await again.close()
        assert len(server.peers) == 1


async def test_an_answer_that_was_whole_before_anybody_read_leaves_the_connection_usable() -> None:
    # The last byte is the one that is too much, so reading stops when all is here.
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (WAITING + 1) + bytes(WAITING + 1)
    async with scripted(answering(raw, OK)) as server:
        client = Direct(connect_s=5)
        transfer = client.send(Sent("POST", server.url, {}))
        await transfer.head(5)
        while not transfer._done:
            await asyncio.sleep(0)
        await transfer.close()
        assert await finish(client.send(Sent("POST", server.url, {}))) == b"ok"
        assert len(server.peers) == 1


async def test_closing_in_the_middle_of_an_answer_stops_it() -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n", PIECE)
        await peer.left()

    async with scripted(serve) as server:
        transfer = Direct(connect_s=5).send(Sent("POST", server.url, {}))
        await transfer.head(5)
        assert await transfer.read(5)
        await transfer.close()
        await server.tasks[0]


# What came with the head ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 2, 100_000])
async def test_a_body_that_came_with_its_head_is_taken_at_once(size: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    async with scripted(answering(answer)) as server:
        client = Direct(connect_s=5)
        for _ in range(2):
            transfer = client.send(Sent("GET", server.url, {}))
            await transfer.head(5)
            found = transfer.take_whole()
            assert (found or b"") + await rest(transfer) == b"x" * size
            assert size > 2 or found is not None
            await transfer.close()
        assert len(server.peers) == 1


async def test_a_body_that_is_not_whole_is_left_to_be_read() -> None:
    more = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        await more.wait()
        await peer.say(b"cd")
        await peer.left()

    async with scripted(serve) as server:
        transfer = Direct(connect_s=5).send(Sent("GET", server.url, {}))
        await transfer.head(5)
        assert transfer.take_whole() is None
        more.set()
        assert await rest(transfer) == b"abcd"
        await transfer.close()
