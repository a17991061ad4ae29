"""Whatever a handler raises gets an answer in the shape of its wire."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gesso.domain.errors import GessoError, NotFound
from gesso.http.answering import Answering
from tests.client import Client
from tests.serving import serving

pytestmark = pytest.mark.anyio


def _refuse(_: Request, error: GessoError) -> Response:
    return PlainTextResponse(error.code, 404 if isinstance(error, NotFound) else 500)


@pytest.mark.parametrize(
    ("raised", "status", "text"),
    [(None, 200, "fine"), (NotFound("gone"), 404, "not_found"), (ValueError("bug"), 500, None)],
)
async def test_an_error_is_refused(raised: Exception | None, status: int, text: str | None) -> None:
    async def handler(request: Request) -> Response:
        if raised is not None:
            raise raised
        return PlainTextResponse("fine")

    async with serving(Answering(handler, _refuse)) as base, Client(base, "") as client:
        got = await client.call("GET", "/")
    assert got.status == status
    assert got.body.decode() == (text or GessoError().code)
    assert b"bug" not in got.body
