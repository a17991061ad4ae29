"""Pages of other sites may call: they, and caches, are told so."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from gesso.http.origins import Origins
from tests.client import Client
from tests.serving import serving

pytestmark = pytest.mark.anyio


async def _answer(request: Request) -> Response:
    return PlainTextResponse("fine")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_is_let_in_and_a_cache_is_told(method: str) -> None:
    app = Origins(Router([Route("/", _answer, methods=["GET", "POST"])]))
    async with serving(app) as base, Client(base, "") as client:
        page = await client.call(method, "/", headers={"origin": "https://site.example"})
        assert (page.body, page.headers["access-control-allow-origin"]) == (b"fine", "*")
        plain = await client.call(method, "/")
        assert (plain.status, plain.body) == (200, b"fine")
        assert "access-control-allow-origin" not in plain.headers
        assert ("vary" in plain.headers) == (method == "GET")
        asked = {
            "origin": "https://site.example",
            "access-control-request-method": method,
            "access-control-request-headers": "authorization",
        }
        before = await client.call("OPTIONS", "/", headers=asked)
        assert before.status == 200
        assert before.headers["access-control-allow-headers"] == "authorization"
