"""The console's files: how they are found, cached, compressed and guarded."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette

from gesso.http.console import POLICY, ConsoleRoom
from tests.client import Client, Reply
from tests.serving import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "assets/a-1f.js"):
        path = tmp_path / name
        path.write_text(f"plain {name}")
        Path(f"{path}.br").write_bytes(b"br " + name.encode())
        Path(f"{path}.gz").write_bytes(gzip.compress(b"gz " + name.encode()))
    (tmp_path / "theme.js").write_text("theme")
    (tmp_path / "secret.txt").write_text("no kind that is served")
    return tmp_path


class Plain:
    """A client that shows compressed answers as they came."""

    def __init__(self, base: str) -> None:
        self._host = urlsplit(base).netloc

    async def call(self, method: str, path: str, headers: dict[str, str] | None = None) -> Reply:
        return await asyncio.to_thread(self._call, method, path, headers or {})

    def _call(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        connection = HTTPConnection(self._host, timeout=10)
        connection.request(method, path, headers={"accept-encoding": "identity"} | headers)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        reply = Reply(response.status, found, response.read())
        connection.close()
        return reply


@pytest.fixture
async def client(built: Path) -> AsyncIterator[Plain]:
    room = ConsoleRoom("http://me", built)
    async with serving(Starlette(routes=room.routes())) as base:
        yield Plain(base)


@pytest.mark.parametrize(
    "path", ["/", "/gallery", "/chat", "/prices", "/account", "/operations/queue"]
)
async def test_its_own_paths_lead_to_the_page(client: Plain, path: str) -> None:
    reply = await client.call("GET", path)
    assert (reply.status, reply.body) == (200, b"plain index.html")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"] == POLICY
    assert reply.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/nothing", "/assets/old-2e.js", "/secret.txt", "/index.html.br"])
async def test_other_paths_are_not_there(client: Plain, path: str) -> None:
    assert (await client.call("GET", path)).status == 404


async def test_hashed_files_are_kept_for_good(client: Plain) -> None:
    hashed = await client.call("GET", "/assets/a-1f.js")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (await client.call("GET", "/theme.js")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("identity", None),
        ("brotli", None),
    ],
)
async def test_the_best_form_that_the_client_takes(
    client: Plain, accepted: str, coding: str | None
) -> None:
    reply = await client.call("GET", "/assets/a-1f.js", headers={"accept-encoding": accepted})
    assert reply.headers.get("content-encoding") == coding
    if coding == "br":
        assert reply.body == b"br assets/a-1f.js"
    assert reply.headers["vary"] == "accept-encoding"


async def test_what_is_known_is_not_sent_again(client: Plain) -> None:
    etag = (await client.call("GET", "/")).headers["etag"]
    again = await client.call("GET", "/", headers={"if-none-match": f'W/"x", {etag}'})
    assert (again.status, again.body) == (304, b"")
    other = {"accept-encoding": "br", "if-none-match": etag}
    assert (await client.call("HEAD", "/", headers=other)).status == 200


async def test_without_files_it_tells_how_to_build_them(tmp_path: Path) -> None:
    room = ConsoleRoom("http://me", tmp_path / "none")
    async with serving(Starlette(routes=room.routes())) as base, Client(base, "") as client:
        page = await client.call("GET", "/")
        assert b"make console" in page.body
        assert b"curl http://me/mj/submit/imagine" in page.body
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert (await client.call("GET", "/gallery")).status == 404
