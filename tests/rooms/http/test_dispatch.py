"""The dispatcher answers exactly as a list of routes would, whatever the path looks like."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from gesso.http.dispatch import Dispatcher
from tests.client import Client
from tests.serving import serving

pytestmark = pytest.mark.anyio


def _named(path: str, *methods: str) -> Route:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(f"{path} {dict(request.path_params)}")

    return Route(path, answer, methods=list(methods))


ROUTES = [
    _named("/", "GET"),
    _named("/mj/submit/imagine", "POST"),
    _named("/mj/task/{id}/fetch", "GET"),
    _named("/mj/task/list", "GET"),
    _named("/mj/task/list", "POST"),
    _named("/v1/models/{model}", "GET"),
    _named("/v1/models/shadowed", "GET"),
    _named("/v1/early", "GET"),
    _named("/v1/{name}", "GET", "DELETE"),
    _named("/v1/late", "GET"),
    _named("/{any}/{thing}", "GET"),
    _named("/v1/files/{rest:path}", "GET"),
    _named("/mj/{rest:path}", "GET", "POST"),
    _named("/late/prefix-{name}", "GET"),
]
ASKED = [
    ("GET", "/"),
    ("POST", "/mj/submit/imagine"),
    ("GET", "/mj/submit/imagine"),
    ("DELETE", "/mj/submit/imagine"),
    ("GET", "/mj/task/12/fetch"),
    ("HEAD", "/mj/task/12/fetch"),
    ("PUT", "/mj/task/12/fetch"),
    ("POST", "/mj/task/list"),
    ("GET", "/mj/task/list/"),
    ("GET", "/mj/one/two/three/four/five"),
    ("GET", "/v1/models/shadowed"),
    ("GET", "/v1/models/x%2Fy"),
    ("GET", "/v1/early"),
    ("GET", "/v1/early/"),
    ("GET", "/v1/late"),
    ("DELETE", "/v1/late"),
    ("GET", "/v1/files/a/b/c"),
    ("GET", "/v1/files"),
    ("GET", "/other/thing"),
    ("GET", "/late/prefix-a"),
    ("GET", "/nothing"),
    ("GET", "/nothing/at/all/here"),
    ("GET", "//"),
]


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_a_dispatcher_answers_as_a_plain_router_does(method: str, path: str) -> None:
    answers = []
    for router in (Router(ROUTES), Dispatcher(ROUTES)):
        async with serving(router) as base, Client(base, "") as client:
            got = await client.call(method, path)
            location = got.headers.get("location", "").removeprefix(base)
            answers.append((got.status, got.body, location))
    assert answers[0] == answers[1]
