"""No user-given URL reaches a private address."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gesso.kit.web import Guard, WebRefused, WebUnavailable
from tests.conftest import free_port

pytestmark = pytest.mark.anyio

LOOPBACK = frozenset({ipaddress.ip_network("127.0.0.1/32")})


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello " + request.headers["host"])


async def move(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"])


async def loop(request: Request) -> Response:
    return RedirectResponse("/loop")


async def large(request: Request) -> Response:
    return Response(b"x" * 100_000)


async def slow(request: Request) -> Response:
    await asyncio.sleep(30)
    return Response()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    chosen = free_port()
    handlers = (hello, move, loop, large, slow)
    app = Starlette(routes=[Route(f"/{h.__name__}", h, methods=["GET", "POST"]) for h in handlers])
    config = uvicorn.Config(app, port=chosen, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    yield chosen
    server.force_exit = server.should_exit = True
    await serving


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.1.2.3/",
        "http://192.168.0.1/", "http://169.254.169.254/latest", "http://100.64.0.1/",
        "http://0.0.0.0/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
        "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
        "http://[fe80::1]/", "http://[fc00::1]/", "http://224.0.0.1/", "http://255.255.255.255/",
    ],
)  # fmt: skip
async def test_private_addresses_in_every_spelling(url: str) -> None:
    with pytest.raises(WebRefused) as refusal:
        await Guard().get(url, max_bytes=10, timeout_s=5)
    assert refusal.value.reason == "private_address"


@pytest.mark.parametrize(
    "url", ["ftp://x/", "file:///etc/passwd", "http://", "http://a:b@c/", "http://[x/", "x", ""]
)
async def test_urls_that_are_not_called(url: str) -> None:
    with pytest.raises(WebRefused) as refusal:
        await Guard().get(url, max_bytes=10, timeout_s=5)
    assert refusal.value.reason == "bad_url"


async def test_a_name_with_one_private_address_is_a_trap(port: int) -> None:
    async def resolver(host: str, _: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(WebRefused):
        await Guard(resolver=resolver).get(f"http://x.test:{port}/hello", max_bytes=9, timeout_s=5)


async def test_the_checked_address_is_the_one_that_is_called(port: int) -> None:
    async def resolver(host: str, _: int) -> list[str]:
        return ["127.0.0.1"]

    guard = Guard(allow_private=LOOPBACK, resolver=resolver)
    answer = await guard.get(f"http://x.test:{port}/hello", max_bytes=99, timeout_s=5)
    assert answer.body == f"hello x.test:{port}".encode()


async def test_redirects_are_checked_at_each_hop(port: int) -> None:
    guard = Guard(allow_private=LOOPBACK)
    base = f"http://127.0.0.1:{port}"
    fine = await guard.get(f"{base}/move?to=/hello", max_bytes=99, timeout_s=5)
    assert fine.status == 200
    with pytest.raises(WebRefused):
        await guard.get(f"{base}/move?to=http://127.0.0.2:{port}/hello", max_bytes=9, timeout_s=5)
    with pytest.raises(WebRefused) as refusal:
        await guard.get(f"{base}/loop", max_bytes=9, timeout_s=5)
    assert refusal.value.reason == "too_many_redirects"


async def test_limits_of_size_and_time(port: int) -> None:
    guard = Guard(allow_private=LOOPBACK)
    with pytest.raises(WebRefused) as refusal:
        await guard.get(f"http://127.0.0.1:{port}/large", max_bytes=99_999, timeout_s=5)
    assert refusal.value.reason == "too_large"
    with pytest.raises(WebUnavailable):
        await guard.get(f"http://127.0.0.1:{port}/slow", max_bytes=9, timeout_s=0.2)
    with pytest.raises(WebUnavailable):
        await guard.get(f"http://127.0.0.1:{free_port()}/", max_bytes=9, timeout_s=2)


async def test_post_does_not_follow(port: int) -> None:
    guard = Guard(allow_private=LOOPBACK)
    url = f"http://127.0.0.1:{port}/move?to=/hello"
    answer = await guard.post(url, b"{}", headers={}, timeout_s=5)
    assert answer.status == 307
