"""A visit is answered in the same words over gesso's own server and over uvicorn's."""

from __future__ import annotations

import asyncio
import re

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gesso.dialects.openai.door import Door, Visit, WhileHere
from gesso.domain.errors import QueueFull
from gesso.domain.limits import Allowance, What
from gesso.http.auth import Doorkeeper
from gesso.http.limits import Pace
from gesso.http.protocol import Protocol
from gesso.services.authenticate import Authenticator
from tests.rooms.customer import Customer
from tests.rooms.http.sockets import calling, configuration, converse
from tests.serving import running

pytestmark = pytest.mark.anyio

_PROTOCOLS = (Protocol, HttpToolsProtocol)
#: What differs from answer to answer.
_OWN = re.compile(rb"(x-request-id: req_|openai-processing-ms: )\w+")


@pytest.fixture
def door(small_customer: Customer) -> Door:
    return Door(Doorkeeper(Authenticator(small_customer.house.database), Pace()))


async def _answer(visit: Visit) -> None:
    """Answer as the path says."""
    key = await visit.admit()
    body = await visit.read(10)
    assert visit.key is key
    assert visit.request.method == "POST"
    if visit.scope["path"] == "/full":
        raise QueueFull("come again")
    if visit.scope["path"] == "/broken":
        raise ValueError("broken")
    if visit.scope["path"] == "/rates":
        visit.allowances = (Allowance(What.TOKENS, 100, 60, 1.5),)
    kind = "text/\u20ac" if visit.scope["path"] == "/kind" else "text/plain"
    await visit.answer(201, b"<" + body + b">", kind, [(b"x-more", b"yes")])


def _ask(path: str, secret: str, body: bytes = b"hello", more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\n{more}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def test_both_servers_give_the_same_answers(door: Door, small_customer: Customer) -> None:
    secret = small_customer.secret
    said = [
        _ask(path, secret) for path in ("/plain", "/rates", "/kind", "/full", "/broken", "/plain")
    ]
    said += [
        _ask("/none", secret, b""),
        _ask("/much", secret, b"much too long"),
        _ask("/huge", secret, b"h" * 300_000),
        _ask("/stranger", "sk-stranger"),
        _ask("/waits", secret, more="expect: 100-continue\r\n"),
        _ask("/last", secret, more="connection: close\r\n"),
    ]
    app = door.open(_answer)
    own, others = [
        _OWN.sub(rb"\1", await converse(app, protocol, b"".join(said))) for protocol in _PROTOCOLS
    ]
    assert own == others
    assert own.count(b"HTTP/1.1 ") == len(said) + 1  # One is a 100.
    assert own.count(b"HTTP/1.1 413 ") == 2
    assert own.startswith(
        b"HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\nx-request-id: req_\r\n"
        b"openai-processing-ms: \r\ncontent-length: 7\r\nx-more: yes\r\n\r\n<hello>HTTP/1.1 201 "
    )


@pytest.mark.parametrize("protocol", _PROTOCOLS)
async def test_work_ends_when_its_caller_leaves(
    door: Door, small_customer: Customer, protocol: type[HttpToolsProtocol]
) -> None:
    begun, stopped, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(visit: Visit) -> None:
        await visit.read(10)
        with WhileHere(visit):
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                stopped.set()
                raise
        # The task goes on: it was not it that was to end.
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        over.set()

    app = door.open(handle)
    async with running(configuration(app, protocol)) as url, calling(url) as wire:
        wire.say(_ask("/", small_customer.secret))
        await begun.wait()
        wire.leave()
        await asyncio.wait_for(over.wait(), 20)
    assert stopped.is_set()


async def test_what_is_cancelled_by_others_stays_cancelled(door: Door) -> None:
    async def handle(visit: Visit) -> None:
        with WhileHere(visit):
            await asyncio.Event().wait()

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    asgi: tuple[Scope, Receive, Send] = (scope, receive, send)
    task = asyncio.ensure_future(door.open(handle)(*asgi))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_error_ends_the_watch(door: Door) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    visit = Visit(scope, receive, send, door)
    with pytest.raises(ValueError, match="broken"), WhileHere(visit):
        raise ValueError("broken")
    assert not visit.patience._due
