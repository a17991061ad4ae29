"""Callbacks: in order, signed, retried, the last one exactly once per event id."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gesso.kit import signing
from tests.conftest import Gateway, free_port

pytestmark = pytest.mark.anyio


class Receiver:
    """A real HTTP server that remembers what it was told."""

    def __init__(self) -> None:
        self.port = free_port()
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.fail_first = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def hook(self, request: Request) -> Response:
        body = await request.body()
        if self.fail_first > 0:
            self.fail_first -= 1
            return Response(status_code=503)
        self.heard.append((dict(request.headers), body))
        return Response(status_code=204)

    async def until_final(self) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            while True:
                bodies = [json.loads(body) for _, body in self.heard]
                if bodies and bodies[-1]["status"] in {"SUCCESS", "FAILURE", "CANCEL"}:
                    return bodies
                await asyncio.sleep(0.02)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = Starlette(routes=[Route("/hook", made.hook, methods=["POST"])])
    config = uvicorn.Config(app, port=made.port, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    yield made
    server.should_exit = True
    await serving


async def test_callbacks_in_order_and_signed(gateway: Gateway, receiver: Receiver) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox slow:1", notifyHook=receiver.url)
    bodies = await receiver.until_final()
    order = {"SUBMITTED": 1, "IN_PROGRESS": 2, "SUCCESS": 3}
    shown = [(order[b["status"]], int(b["progress"].rstrip("%"))) for b in bodies]
    assert shown == sorted(shown)
    assert shown[-1] == (3, 100)
    assert len(bodies) >= 3
    fetched = await gateway.client.get(f"/mj/task/{task_id}/fetch")
    assert bodies[-1] == fetched
    ids = [headers["webhook-id"] for headers, _ in receiver.heard]
    assert len(set(ids)) == len(ids)
    for headers, body in receiver.heard:
        secret = gateway.house.hook_secret
        assert signing.verify(secret, headers, body, now=int(time.time()))


async def test_a_receiver_that_was_down_hears_it_later(
    gateway: Gateway, receiver: Receiver
) -> None:
    receiver.fail_first = 2
    await gateway.client.imagine("a boat --sandbox fail:moderated", notifyHook=receiver.url)
    bodies = await receiver.until_final()
    assert bodies[-1]["status"] == "FAILURE"
    assert [b["status"] for b in bodies].count("FAILURE") == 1


async def test_private_addresses_are_not_called(gateway: Gateway) -> None:
    url = "http://169.254.169.254/latest"
    task_id = await gateway.client.imagine("a boat --sandbox blank", notifyHook=url)
    assert (await gateway.client.until(task_id))["status"] == "SUCCESS"
