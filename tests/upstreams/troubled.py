"""The older upstreams of these tests, with the contract's troubles in front of them."""

from __future__ import annotations

from collections import deque
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gesso.testing.rig import Trouble
from tests.models import Models
from tests.upstream import Upstream
from tests.upstreams.imitation import Imitation, dropped


class Gate:
    """Lets a request through unless a trouble answers it."""

    def __init__(self, app: ASGIApp, imitation: Imitation, orders: str) -> None:
        self._app = app
        self._imitation = imitation
        self._orders = orders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["path"]
        answer: Response | None = None
        if not path.startswith(("/picture", "/clip")):
            order = path.startswith(self._orders)
            answer = await self._imitation.in_the_way(request, order=order)
            if order and answer is None:
                answer = await self._refusal(request)
        await (answer or self._app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        if self._imitation.trouble is not Trouble.REFUSE:
            return None
        await request.body()
        return JSONResponse({"code": 24, "description": self._imitation.complaint})


class MJProxy(Imitation):
    """A Midjourney proxy."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = Upstream(takes_s=0.05)

    @property
    def trouble(self) -> Trouble | None:
        return self._trouble

    @trouble.setter
    def trouble(self, value: Trouble | None) -> None:
        Imitation.trouble.fset(self, value)  # type: ignore[attr-defined]
        script = self.proxy.script
        script.stuck = value is Trouble.STUCK
        script.fails = self.complaint if value is Trouble.FAIL else ""
        script.losses = deque(["drop"] if value is Trouble.LOSE else [])
        broken = [(200, b"none")] * (20 if value is Trouble.BROKEN else 0)
        script.pictures = deque(broken)

    started = property(lambda self: len(self.proxy.jobs), lambda self, value: None)
    stopped = property(lambda self: bool(self.proxy.cancelled), lambda self, value: None)

    def app(self) -> Starlette:
        return Starlette(routes=[Mount("/", Gate(self.proxy.app(), self, "/mj/submit"))])


class TroubledModels(Imitation):
    """An upstream of the OpenAI wire."""

    def __init__(self) -> None:
        super().__init__()
        self.models = Models()

    async def _list(self, request: Request) -> Response:
        listed: dict[str, Any] = {"object": "list", "data": []}
        return await self.in_the_way(request) or JSONResponse(listed)

    async def _lose(self, request: Request) -> Response:
        failure = await self.in_the_way(request, order=True)
        if failure is None and self.trouble is Trouble.LOSE:
            return dropped()
        return failure or await self.models.chat(request)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._list),
                Route("/v1/chat/completions", self._lose, methods=["POST"]),
            ]
        )
