"""Which requests take the short way."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from gesso.http.switchboard import Switchboard

pytestmark = pytest.mark.anyio


def named(name: str, heard: list[str]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(name)

    return app


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({}, "short"),
        ({"method": "GET"}, "long"),
        ({"path": "/v1/chat/completions/"}, "long"),
        ({"headers": [(b"origin", b"https://a.example")]}, "long"),
        ({"root_path": "/below"}, "long"),
        ({"type": "lifespan"}, "long"),
    ],
)
async def test_only_plain_posts_to_known_paths(fields: dict[str, Any], taken: str) -> None:
    heard: list[str] = []
    path = "/v1/chat/completions"
    board = Switchboard(named("long", heard), {path: named("short", heard)})
    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"accept", b"*/*")]}

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    await board(scope | fields, nothing, nothing)
    assert heard == [taken]
