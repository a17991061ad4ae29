"""Answers are, byte for byte, those of uvicorn's own cycle."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gesso.http.cycle import Bell, Cycle, cycle_of
from gesso.http.protocol import Protocol
from tests.rooms.http.sockets import BODY, START, calling, configuration, connect, converse
from tests.serving import running

pytestmark = pytest.mark.anyio

Part = tuple[int, list[tuple[bytes, bytes]]] | bytes

_LENGTH_5 = (b"content-length", b"5")
_CHUNKED = (b"transfer-encoding", b"chunked")

#: What applications send: a status with headers, then bodies. The last one ends the answer;
#: a `None` at the end leaves it open.
_ANSWERS: dict[str, list[Any]] = {
    "whole": [(200, [_LENGTH_5]), b"hello"],
    "in parts": [(200, [_LENGTH_5]), b"he", b"llo"],
    "ended by nothing": [(200, [_LENGTH_5]), b"hello", b""],
    "empty": [(200, [(b"content-length", b"0")]), b""],
    "chunked": [(200, []), b"hello"],
    "chunks": [(200, [(b"content-type", b"text/event-stream")]), b"a" * 20, b"", b"b", b""],
    "chunked by itself": [(200, [(b"Transfer-Encoding", b"Chunked")]), b"hello"],
    "another coding": [(200, [(b"transfer-encoding", b"gzip")]), b"hello"],
    "chunks and a length": [(200, [_CHUNKED, _LENGTH_5]), b"hello"],
    "a length and chunks": [(200, [_LENGTH_5, _CHUNKED]), b"hello"],
    "two lengths": [(200, [_LENGTH_5, (b"content-length", b"7")]), b"hello"],
    "no content": [(204, []), b""],
    "no content, with some": [(204, []), b"hello"],
    "not modified": [(304, [(b"etag", b'"a"')]), b""],
    "not modified, with a length": [(304, [_LENGTH_5]), b""],
    "large letters": [(200, [(b"Content-Length", b"5"), (b"X-Note", b"A")]), b"hello"],
    "closing": [(200, [_LENGTH_5, (b"Connection", b"keep-alive, Close")]), b"hello"],
    "keeping": [(200, [_LENGTH_5, (b"connection", b"keep-alive")]), b"hello"],
    "a phrase of its own": [(299, [_LENGTH_5]), b"hello"],
    "no status": [(99, [_LENGTH_5]), b"hello"],
    "cookies": [(200, [(b"set-cookie", b"a"), (b"set-cookie", b"b"), _LENGTH_5]), b"hello"],
    "too long": [(200, [_LENGTH_5]), b"hello, world"],
    "too long at last": [(200, [_LENGTH_5]), b"hell", b"o, world"],
    "too short": [(200, [_LENGTH_5]), b"hell"],
    "no length": [(200, [(b"content-length", b"many")]), b"hello"],
    "a bad name": [(200, [(b"x note", b"a"), _LENGTH_5]), b"hello"],
    "a line in a value": [(200, [(b"x-note", b"a\r\nset-cookie: b"), _LENGTH_5]), b"hello"],
    "a length with a line": [(200, [(b"content-length", b"5\r\nx: y")]), b"hello"],
    "no head": [b"hello"],
    "two heads": [(200, [_LENGTH_5]), (200, [_LENGTH_5]), b"hello"],
    "open": [(200, [_LENGTH_5]), b"he", None],
    "head alone": [(200, [_LENGTH_5]), None],
    "nothing": [None],
    "much": [(200, [(b"content-length", b"3000000")]), b"m" * 3_000_000],
}

#: The answers that a connection outlives.
_FINE = [
    "whole", "in parts", "ended by nothing", "empty", "chunked", "chunks", "chunked by itself",
    "chunks and a length", "no content", "not modified", "large letters", "keeping",
    "a phrase of its own", "cookies", "much",
]  # fmt: skip


def _messages(parts: list[Any]) -> list[Message]:
    whole = parts[-1] is not None
    parts = parts if whole else parts[:-1]
    return [
        {"type": BODY, "body": part, "more_body": not (whole and index == len(parts) - 1)}
        if isinstance(part, bytes)
        else {"type": START, "status": part[0], "headers": part[1]}
        for index, part in enumerate(parts)
    ]


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the path says; with a query, take a turn of the loop between parts."""
    for message in _messages(_ANSWERS[scope["path"][1:]]):
        await send(message)
        if scope["query_string"]:
            await asyncio.sleep(0)


def _ask(answer: str, method: str = "GET", version: str = "1.1", more: str = "") -> bytes:
    path = answer.replace(" ", "%20")
    return f"{method} /{path} HTTP/{version}\r\nhost: a\r\n{more}\r\n".encode()


_LAST = _ask("whole", more="connection: close\r\n")


@pytest.mark.parametrize("answer", _ANSWERS)
async def test_an_answer_is_uvicorns(answer: str) -> None:
    for method in ("GET", "HEAD"):
        for said in (
            _ask(answer, method, more="connection: close\r\n"),
            _ask(answer, method, "1.0"),
            # Kept alive, and another one after it; servers close after broken answers.
            _ask(answer, method) + _LAST,
            _ask(answer + "?", method).replace(b"?", b"?turns") + _LAST,
        ):
            own = await converse(_app, Protocol, said)
            assert own == await converse(_app, HttpToolsProtocol, said), said


async def test_answers_follow_each_other_on_one_connection() -> None:
    said = b"".join(map(_ask, _FINE))
    assert len(said) < 60_000
    heard = await converse(_app, Protocol, said + _LAST)
    assert heard == await converse(_app, HttpToolsProtocol, said + _LAST)
    assert heard.count(b"HTTP/1.1 ") == len(_FINE) + 1


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("whole", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"),
        (
            "chunked",
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n",
        ),
        ("no content", b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
        (
            "a phrase of its own",
            b"HTTP/1.1 299 \r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
        ),
        ("a line in a value", b""),
        ("a length with a line", b""),
        ("too short", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhell"),
    ],
)
async def test_an_answer_is_this(answer: str, wanted: bytes) -> None:
    assert await converse(_app, Protocol, _ask(answer, more="connection: close\r\n")) == wanted


async def test_a_mistake_is_told_to_the_application() -> None:
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        head, body, *_ = _messages(_ANSWERS["whole"])
        long: Message = {"type": BODY, "body": b"hello, world", "more_body": False}
        nothing: Message = {"type": BODY, "body": b""}
        for message in (body, head, head, long, body, body, nothing, head):
            try:
                await send(message)
            except RuntimeError as error:
                heard.append(str(error))

    await converse(app, Protocol, _LAST)
    own = list(heard)
    heard.clear()
    await converse(app, HttpToolsProtocol, _LAST)
    assert own == heard
    assert len(own) == 6


async def test_a_head_does_not_wait_for_its_body() -> None:
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        head, body = _messages(_ANSWERS["whole"])
        await send(head)
        await go_on.wait()
        await send(body)

    async with running(configuration(app)) as url, calling(url) as wire:
        wire.say(_ask("whole"))
        assert b"content-length: 5" in await wire.hear(b"\r\n\r\n")
        go_on.set()
        assert await wire.take(5) == b"hello"


@pytest.mark.parametrize("framed", [True, False])
async def test_a_slow_reader_holds_the_application_up(framed: bool) -> None:
    piece, count = b"p" * 65_536, 300
    sent = itertools.count(1)
    seen = 0
    over = asyncio.Event()
    headers = [(b"content-length", b"%d" % (len(piece) * count))] if framed else []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        await send({"type": START, "status": 200, "headers": headers})
        for number in range(count):
            await send({"type": BODY, "body": piece, "more_body": number < count - 1})
            seen = next(sent)
        over.set()

    config = configuration(app)
    async with running(config) as url, calling(url) as wire:
        wire.say(_ask("whole", more="connection: close\r\n"))
        await wire.hear(b"\r\n\r\n")
        before = -1
        while seen != before:  # Until what the kernel takes in is full.
            before = seen
            await asyncio.sleep(0.05)
        assert seen < count
        assert not over.is_set()
        rest = await wire.hear_out()
        assert over.is_set()
    assert rest.count(b"p") == len(piece) * count


async def test_the_last_part_waits_for_a_slow_reader_too() -> None:
    many = 16_000_000
    first, last = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = (b"content-length", b"%d" % (many + 1))
        await send({"type": START, "status": 200, "headers": [length]})
        await send({"type": BODY, "body": b"p" * many, "more_body": True})
        first.set()
        await send({"type": BODY, "body": b"q"})
        last.set()

    async with running(configuration(app)) as url, calling(url) as wire:
        wire.say(_ask("whole", more="connection: close\r\n"))
        await first.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not last.is_set()
        assert (await wire.hear_out()).endswith(b"pq")
        assert last.is_set()


async def test_who_reads_on_is_told_that_the_answer_is_over() -> None:
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        more = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        for message in _messages(_ANSWERS["whole"]):
            await send(message)
        heard.append(await asyncio.wait_for(more, 20))

    protocol, line = connect(app)
    protocol.data_received(_ask("whole"))
    while protocol.tasks:
        await asyncio.sleep(0)
    assert heard == [{"type": "http.disconnect"}]
    assert line.sent.get_nowait().endswith(b"hello")


async def test_nothing_is_written_for_one_who_left() -> None:
    protocol, line = connect(_app)
    protocol.data_received(_ask("whole"))
    protocol.connection_lost(ConnectionResetError())
    while protocol.tasks:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert line.sent.empty()
    assert protocol.server_state.total_requests == 0


async def test_a_body_is_not_asked_for_after_the_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in _messages(_ANSWERS["whole"]):
            await send(message)
        await receive()

    protocol, line = connect(app)
    protocol.data_received(_ask("whole", "POST", more="expect: 100-continue\r\n"))
    while protocol.tasks:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    heard = line.sent.get_nowait()
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert heard.endswith(b"\r\n\r\nhello")
    assert line.sent.empty()
    protocol.connection_lost(None)


async def test_who_leaves_is_told_of_and_nothing_more_is_written() -> None:
    begun, over = asyncio.Event(), asyncio.Event()
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        head, body = _messages(_ANSWERS["whole"])
        heard.append((await receive())["type"])
        begun.set()
        heard.append((await receive())["type"])
        await send(head)
        await send(body)
        over.set()

    async with running(configuration(app)) as url, calling(url) as wire:
        wire.say(_ask("whole"))
        await begun.wait()
        wire.leave()
        await asyncio.wait_for(over.wait(), 20)
    assert heard == ["http.request", "http.disconnect"]


async def test_a_body_is_asked_for_when_it_is_read() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        assert body == b"hello"
        for message in _messages(_ANSWERS["whole"]):
            await send(message)

    async with running(configuration(app)) as url, calling(url) as wire:
        for answer in ("HTTP/1.1 100 Continue\r\n\r\n", ""):
            more = "expect: 100-Continue\r\n" if answer else ""
            wire.say(_ask("whole", "POST", more=f"{more}content-length: 5\r\n"))
            if answer:
                assert await wire.hear(b"\r\n\r\n") == answer.encode()
            wire.say(b"hello")
            assert (await wire.hear(b"\r\n\r\nhello")).startswith(b"HTTP/1.1 200 OK\r\n")


#: Answers as `Cycle.answer` takes them: a status, headers, a body, more headers.
_WHOLES: dict[str, tuple[int, list[tuple[bytes, bytes]], bytes, list[tuple[bytes, bytes]]]] = {
    "usual": (200, [(b"content-type", b"text/plain")], b"hello", [(b"x-more", b"a")]),
    "empty": (200, [(b"content-type", b"text/plain")], b"", []),
    "much": (200, [(b"content-type", b"text/plain")], b"m" * 3_000_000, []),
    "a phrase of its own": (299, [], b"hello", []),
    "no status": (99, [], b"hello", []),
    "no content": (204, [], b"", []),
    "not modified": (304, [], b"", []),
    "a line in a value": (200, [(b"x-note", b"a\r\nset-cookie: b")], b"hello", []),
    "half a line in each": (200, [(b"x-note", b"a\r")], b"hello", [(b"x-more", b"\nb")]),
    "a bad name": (200, [(b"x note", b"a")], b"hello", []),
    "closing": (200, [], b"hello", [(b"connection", b"close")]),
    "another length": (200, [], b"hello", [(b"content-length", b"7")]),
    "another coding": (200, [(b"transfer-encoding", b"chunked")], b"hello", []),
}
_USUAL = {"usual", "empty", "much", "a phrase of its own"}


@pytest.mark.parametrize("answer", _WHOLES)
async def test_an_answer_in_one_step_is_that_of_messages(answer: str) -> None:
    status, headers, body, more = _WHOLES[answer]
    length = (b"content-length", b"%d" % len(body))
    ways: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        cycle = cycle_of(receive, send)
        if cycle is not None:
            ways.append(cycle.answer(status, list(headers), body, more))
            if ways[-1]:
                return
        await send({"type": START, "status": status, "headers": [*headers, length, *more]})
        await send({"type": BODY, "body": body})

    for method in ("GET", "HEAD"):
        ways.clear()
        for said in (
            _ask(answer, method, more="connection: close\r\n"),
            _ask(answer, method, "1.0"),
            _ask(answer, method) + _LAST,
        ):
            own = await converse(app, Protocol, said)
            assert own == await converse(app, HttpToolsProtocol, said), said
        # The first answer of all may have names that were not met before.
        assert all(ways[1:3]) == (answer in _USUAL and method == "GET")


async def test_nothing_is_answered_twice_or_to_nobody() -> None:
    heard: list[bool] = []
    over = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        cycle = cycle_of(receive, send)
        assert cycle is not None
        if scope["path"] == "/left":
            while (await receive())["type"] != "http.disconnect":
                pass
            heard.append(cycle.answer(200, [], b"hello"))
            over.set()
            return
        heard.append(cycle.answer(200, [], b"hello"))
        heard.append(cycle.answer(200, [], b"again"))

    assert (await converse(app, Protocol, _LAST)).endswith(b"\r\n\r\nhello")
    async with running(configuration(app)) as url, calling(url) as wire:
        wire.say(_ask("left"))
        wire.leave()
        await asyncio.wait_for(over.wait(), 20)
    assert heard == [True, False, False]


async def test_a_cycle_is_found_where_nobody_stands_between() -> None:
    found: list[Cycle | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def through(message: Message) -> None:
            await send(message)

        async def taken() -> Message:
            return await receive()

        found.extend((cycle_of(receive, send), cycle_of(taken, send), cycle_of(receive, through)))
        for message in _messages(_ANSWERS["whole"]):
            await send(message)

    await converse(app, Protocol, _LAST)
    (own, *others) = found
    assert own is not None
    assert own.task is not None
    assert others == [None, None]
    found.clear()
    await converse(app, HttpToolsProtocol, _LAST)
    assert found == [None, None, None]


@pytest.mark.parametrize("expects", ["", "expect: 100-continue\r\n"])
@pytest.mark.parametrize("size", [0, 5, 300_000])
async def test_a_body_that_is_here_is_taken_once(size: int, expects: str) -> None:
    taken: list[bytes | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        cycle = cycle_of(receive, send)
        body = None if cycle is None else cycle.take_body()
        taken.append(body)
        more = body is None
        while more:
            message = await receive()
            body, more = (body or b"") + message["body"], message["more_body"]
        assert cycle is None or cycle.take_body() is None
        assert body == b"b" * size
        for message in _messages(_ANSWERS["whole"]):
            await send(message)

    said = _ask("whole", "POST", more=f"content-length: {size}\r\n{expects}") + b"b" * size + _LAST

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await app(scope, receive, send)
            return
        cycle = cycle_of(receive, send)
        assert cycle is None or cycle.take_body() == b""  # A GET has none.
        for message in _messages(_ANSWERS["whole"]):
            await send(message)

    own = await converse(either, Protocol, said)
    if size < 300_000:
        assert taken == [None if expects else b"b" * size]
    assert own == await converse(either, HttpToolsProtocol, said)


async def test_a_bell_wakes_who_waits_and_can_be_cleared() -> None:
    bell = Bell()
    first = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not first.done()
    bell.set()
    await asyncio.wait_for(first, 20)
    assert bell.is_set()
    await bell.wait()
    bell.clear()
    assert not bell.is_set()
    second = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not second.done()
    bell.set()
    await asyncio.wait_for(second, 20)
