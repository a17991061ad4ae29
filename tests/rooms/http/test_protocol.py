"""Requests reach the application as over uvicorn's own protocol; connections live as long."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gesso.http.protocol import Protocol, _aim
from tests.rooms.http.sockets import BODY, START, calling, configuration, connect, converse
from tests.serving import running

pytestmark = pytest.mark.anyio

_CLOSE = "connection: close\r\n"
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"


async def _tell(send: Send, text: str) -> None:
    body = text.encode()
    length = (b"content-length", b"%d" % len(body))
    await send({"type": START, "status": 200, "headers": [length]})
    await send({"type": BODY, "body": body})


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what was asked."""
    body, more = b"", scope["path"] != "/unread"
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    asked = {name: scope[name] for name in sorted(scope) if name not in ("server", "client")}
    host, port = scope["client"]
    told = (host, port if port < 1024 else "any", len(body), body[:40])
    await _tell(send, f"{asked} {told}")


async def _ok(scope: Scope, receive: Receive, send: Send) -> None:
    await _tell(send, "ok")


def _get(path: str = "/", more: str = "", version: str = "1.1") -> bytes:
    return f"GET {path} HTTP/{version}\r\nhost: a\r\n{more}\r\n".encode()


def _post(body: bytes, path: str = "/", more: str = "") -> bytes:
    length = f"content-length: {len(body)}\r\n"
    return _get(path, length + more).replace(b"GET", b"POST", 1) + body


_CHUNKED = (
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-trailer: 9\r\n\r\n"
)


@pytest.mark.parametrize(
    "said",
    [
        _get("/a/b?c=d&e=%20#f"),
        _get("/a%2Fb%20%C3%A9%ff"),
        _get("//host.example/a"),
        _get("http://host.example:80/a?b"),
        _get("http://host.example"),
        _get("*"),
        _get("/" + "long" * 1000 + "?" + "q" * 1000),
        _get("/\xe9"),
        _get("/", "X-Large: Letters\r\nx-two: 1\r\nx-two: 2\r\nx-empty:\r\n"),
        _get("/", "x-forwarded-for: 9.9.9.9\r\nx-forwarded-proto: https\r\n"),
        _get("/", "X-Forwarded-For: 8.8.8.8:17, 127.0.0.1\r\nX-FORWARDED-FOR: 127.0.0.1\r\n"),
        _get("/", "x-forwarded-proto: gopher\r\nx-forwarded-for: \r\n"),
        _get("/", "x-forwarded-for: 9.9.9.9\r\n") + _get("/") + _get("/", version="1.0"),
        _get("/", "connection: keep-alive\r\n", "1.0"),
        _get("/", _CLOSE) + _get("/never"),
        _get("/", "connection: Keep-Alive, Close\r\n") + _get("/never"),
        _post(b"hello"),
        _post(b"h" * 300_000),
        _post(b""),
        _post(b"hello" * 20_000, "/unread"),
        _post(b"hello") + _post(b"again") + _get("/"),
        _CHUNKED,
        b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"NONSENSE / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/3.7\r\n\r\n",
        b"GET / HTTP/1.1\r\nx y: z\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
    ids=range(28),
)
async def test_a_request_is_taken_as_uvicorn_does(said: bytes) -> None:
    said += _get("/last", _CLOSE)
    own = await converse(_echo, Protocol, said)
    assert own.startswith(b"HTTP/1.1 ")
    assert own == await converse(_echo, HttpToolsProtocol, said)


@pytest.mark.parametrize("wanted", ["websocket", "h2c"])
async def test_no_other_protocol_is_spoken(wanted: str) -> None:
    """The request is answered; what follows it is not read as requests."""
    asked = _get("/", f"connection: upgrade\r\nupgrade: {wanted}\r\n")
    for protocol in (Protocol, HttpToolsProtocol):
        async with running(configuration(_ok, protocol)) as url, calling(url) as wire:
            wire.say(asked)
            assert (await wire.hear(b"\r\nok")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_address_is_taken_apart() -> None:
    assert _aim(b"/a%20b?c=%20") == ("/a b", b"/a%20b", b"c=%20")
    assert _aim(b"/a") == ("/a", b"/a", b"")
    before = _aim.cache_info().currsize
    long = _get("/" + "x" * 300, _CLOSE)
    assert b"'/" + b"x" * 300 in await converse(_echo, Protocol, long)
    assert _aim.cache_info().currsize == before  # What is long is not kept.


async def test_a_proxy_is_heard_when_it_speaks_and_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default who calls from this machine may; FORWARDED_ALLOW_IPS names others."""
    visits: list[Any] = []
    visit = ProxyHeadersMiddleware.__call__

    async def note(self: ProxyHeadersMiddleware, *asgi: Any) -> None:
        visits.append(asgi)
        await visit(self, *asgi)

    monkeypatch.setattr(ProxyHeadersMiddleware, "__call__", note)
    plain, named = _get("/", _CLOSE), _get("/", "X-Forwarded-For: 9.9.9.9\r\n" + _CLOSE)
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert b"('127.0.0.1', 'any'" in await converse(_echo, Protocol, plain)
    assert not visits
    assert b"('9.9.9.9', 0" in await converse(_echo, Protocol, named)
    assert len(visits) == 1
    # Proxies do not look at what follows a body, so it does not come from them.
    trailed = _CHUNKED.replace(b"x-trailer", b"x-forwarded-for") + plain
    assert (await converse(_echo, Protocol, trailed)).count(b"('127.0.0.1', 'any'") == 2
    assert len(visits) == 1
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.1")
    assert b"('127.0.0.1', 'any'" in await converse(_echo, Protocol, named)


async def test_requests_at_once_are_answered_one_after_the_other() -> None:
    events: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        events.append(f"begin {scope['path']}")
        for _ in range(5):
            await asyncio.sleep(0)
        events.append(f"end {scope['path']}")
        await _tell(send, scope["path"])

    said = b"".join(_get(f"/{number}") for number in range(4)) + _get("/last", _CLOSE)
    heard = await converse(app, Protocol, said)
    assert [part[:2] for part in heard.split(b"\r\n\r\n")[1:-1]] == [b"/0", b"/1", b"/2", b"/3"]
    assert heard.endswith(b"/last")
    assert events == [f"{what} /{n}" for n in (0, 1, 2, 3, "last") for what in ("begin", "end")]


async def test_a_request_may_come_in_pieces() -> None:
    async with running(configuration(_echo)) as url, calling(url) as wire:
        for byte in _post(b"hello", "/a?b"):
            wire.say(bytes([byte]))
            await asyncio.sleep(0)
        assert b"b'hello'" in await wire.hear(b"b'hello')")


async def test_head_and_body_are_one_write() -> None:
    protocol, line = connect(_ok)
    for _ in range(2):
        protocol.data_received(_get("/"))
        assert await asyncio.wait_for(line.sent.get(), 20) == _OK + b"\r\nok"
        assert line.sent.empty()
    protocol.connection_lost(OSError())
    assert protocol.timeout_keep_alive_task is None


async def test_nothing_is_read_while_requests_wait() -> None:
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await _tell(send, "ok")

    protocol, line = connect(app)
    protocol.data_received(_get("/") * 3)
    assert line.events == ["pause"]
    go_on.set()
    heard = b""
    while heard.count(b"ok") < 3:
        heard += await asyncio.wait_for(line.sent.get(), 20)
    assert line.events == ["pause", "resume"]
    protocol.connection_lost(None)


async def test_what_waits_behind_a_close_is_never_begun() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": START, "status": 200, "headers": headers})
        await send({"type": BODY, "body": b""})

    protocol, line = connect(app)
    protocol.data_received(_get("/a") + _get("/b"))
    while protocol.tasks:
        await asyncio.sleep(0)
    assert begun == ["/a"]
    assert line.events == ["pause", "close"]
    assert protocol.timeout_keep_alive_task is None


async def test_an_idle_connection_is_closed_in_time() -> None:
    config = configuration(_ok)
    config.timeout_keep_alive = cast("Any", 0.1)
    loop = asyncio.get_running_loop()
    async with running(config) as url, calling(url) as wire:
        wire.say(_get("/"))
        await wire.hear(b"ok")
        since = loop.time()
        assert await wire.hear_out() == b""
        assert 0.05 < loop.time() - since < 15


async def test_one_timer_serves_all_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Protocol] = []
    made = Protocol.connection_made

    def note(self: Protocol, transport: asyncio.BaseTransport) -> None:
        found.append(self)
        made(self, transport)

    monkeypatch.setattr(Protocol, "connection_made", note)
    async with running(configuration(_ok)) as url, calling(url) as wire:
        wire.say(_get("/"))
        await wire.hear(b"ok")
        (connection,) = found
        timer = connection.timeout_keep_alive_task
        assert timer is not None
        wire.say(_get("/"))
        await wire.hear(b"ok")
        assert connection.timeout_keep_alive_task is timer
        # It rings: the last answer was a moment ago, so the connection stays for the rest.
        timer.cancel()
        connection.timeout_keep_alive_handler()
        again = connection.timeout_keep_alive_task
        assert again is not None
        assert again is not timer
        assert 74 < again.when() - asyncio.get_running_loop().time() <= 75
        # It rings while a request is on its way: the end of the answer sets it anew.
        again.cancel()
        wire.say(b"GET / HTTP/1.1\r\n")
        while connection._idle_since_s is not None:
            await asyncio.sleep(0)
        connection.timeout_keep_alive = 0
        connection.timeout_keep_alive_handler()
        assert connection.timeout_keep_alive_task is None
        connection.timeout_keep_alive = 75
        wire.say(b"host: a\r\n\r\n")
        await wire.hear(b"ok")
        last = connection.timeout_keep_alive_task
        assert last is not None
        # It rings when time is up.
        last.cancel()
        connection.timeout_keep_alive = 0
        connection.timeout_keep_alive_handler()
        assert await wire.hear_out() == b""
    assert connection.timeout_keep_alive_task is None


async def test_shutting_down_ends_what_is_idle_and_waits_for_the_rest() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    state: set[Protocol] = set()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            begun.set()
            await go_on.wait()
        await _tell(send, "ok")

    class Kept(Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            state.add(self)

    async with (
        running(configuration(app, Kept)) as url,
        calling(url) as idle,
        calling(url) as busy,
    ):
        idle.say(_get("/"))
        await idle.hear(b"ok")
        busy.say(_get("/slow"))
        await begun.wait()
        for connection in list(state):
            connection.shutdown()
        assert await idle.hear_out() == b""
        go_on.set()
        heard = await busy.hear_out()
        assert b"\r\nconnection: close\r\n" in heard
        assert heard.endswith(b"\r\n\r\nok")


async def test_an_application_that_fails_is_answered_for() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    heard = await converse(app, Protocol, _get("/"))
    assert heard.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert heard == await converse(app, HttpToolsProtocol, _get("/"))
