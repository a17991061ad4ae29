"""Paths and methods that are not there are errors that an SDK can read."""

from __future__ import annotations

import json

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gesso.dialects.openai.strays import WireRoute, lost
from gesso.http.dispatch import Dispatcher
from tests.client import Client
from tests.serving import serving

pytestmark = pytest.mark.anyio


async def _answer(request: Request) -> Response:
    return PlainTextResponse("here")


ROUTES = [
    WireRoute("/v1/models/{model}", _answer, methods=["GET"]),
    WireRoute("/v1/things", _answer, methods=["GET"]),
    WireRoute("/v1/things", _answer, methods=["DELETE"]),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/models/a", 200, None),
        ("DELETE", "/v1/things", 200, None),
        ("DELETE", "/v1/models/a", 405, "method_not_supported"),
        ("POST", "/v1/nothing/at/all", 404, "unknown_url"),
        ("GET", "/nothing", 404, None),
    ],
)
async def test_what_is_not_there_is_said(
    method: str, path: str, status: int, code: str | None
) -> None:
    async with serving(Dispatcher(ROUTES, lost)) as url:
        reply = await Client(url, "").call(method, path)
    assert reply.status == status
    if code is None:
        assert reply.body in (b"here", b"Not Found")
        return
    error = json.loads(reply.body)["error"]
    assert error["code"] == code
    assert error["type"] == "invalid_request_error"
    assert path in error["message"]
