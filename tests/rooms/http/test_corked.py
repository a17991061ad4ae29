"""Answers leave in one piece, in order, and nothing of them stays behind."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from gesso.http.corked import Corked

pytestmark = pytest.mark.anyio


class Wire(asyncio.Transport):
    """Notes what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.events: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.events.append(f"close after {len(self.sent)}")

    def abort(self) -> None:
        self.events.append("abort")

    def write_eof(self) -> None:
        self.events.append(f"eof after {len(self.sent)}")

    def get_write_buffer_size(self) -> int:
        return 7


@pytest.fixture
async def ends() -> tuple[Corked, Wire]:
    wire = Wire()
    return Corked(wire, asyncio.get_running_loop()), wire


async def test_one_turn_of_the_loop_is_one_write(ends: tuple[Corked, Wire]) -> None:
    corked, wire = ends
    corked.write(b"head ")
    corked.writelines([b"body", bytearray(b" more")])
    assert wire.sent == []
    assert corked.get_write_buffer_size() == 7 + 14
    await asyncio.sleep(0)
    assert wire.sent == [b"head body more"]
    corked.write(b"next")
    await asyncio.sleep(0)
    assert wire.sent[1:] == [b"next"]


async def test_much_is_sent_at_once_and_in_order(ends: tuple[Corked, Wire]) -> None:
    corked, wire = ends
    corked.write(b"a")
    corked.write(b"b" * 100_000)
    assert wire.sent == [b"a" + b"b" * 100_000]
    corked.write(b"c")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.sent[1:] == [b"c"]


async def test_closing_sends_what_is_left_first(ends: tuple[Corked, Wire]) -> None:
    corked, wire = ends
    corked.write(b"last words")
    corked.close()
    corked.write_eof()
    await asyncio.sleep(0)
    assert wire.sent == [b"last words"]
    assert wire.events == ["close after 1", "eof after 1"]


async def test_aborting_drops_what_is_left(ends: tuple[Corked, Wire]) -> None:
    corked, wire = ends
    corked.write(b"never")
    corked.abort()
    await asyncio.sleep(0)
    assert (wire.sent, wire.events) == ([], ["abort"])


async def test_everything_else_is_the_connections_own() -> None:
    """Over a real socket, with the loop's own transport inside."""
    made: list[Corked] = []

    class Greeting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            inner = cast("asyncio.Transport", transport)
            corked = Corked(inner, asyncio.get_running_loop())
            assert corked.get_extra_info("peername")[0] == "127.0.0.1"
            assert corked.get_extra_info("nothing", 3) == 3
            assert corked.get_protocol() is self
            corked.set_protocol(self)
            assert corked.can_write_eof()
            corked.set_write_buffer_limits(high=10)
            corked.pause_reading()
            assert not corked.is_reading()
            corked.resume_reading()
            assert corked.is_reading()
            corked.write(b"hello ")
            corked.write(b"world")
            corked.close()
            assert corked.is_closing()
            made.append(corked)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Greeting, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b"hello world"
        writer.close()
    assert len(made) == 1


async def test_all_of_a_turn_leave_together_and_one_that_fails_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    told: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, about: told.append(about))
    wires = [Wire() for _ in range(3)]
    first, broken, last = (Corked(wire, loop) for wire in wires)

    def fail(data: bytes | bytearray | memoryview) -> None:
        raise OSError("broken")

    monkeypatch.setattr(wires[1], "write", fail)
    for _ in range(2):
        for corked in (first, broken, last):
            corked.write(b"a")
        first.flush()
        first.write(b"b")
        await asyncio.sleep(0)
        assert (wires[0].sent, wires[2].sent) == ([b"a", b"b"], [b"a"])
        wires[0].sent.clear()
        wires[2].sent.clear()
    loop.set_exception_handler(None)
    assert [str(about["exception"]) for about in told] == ["broken", "broken"]
