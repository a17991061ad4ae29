"""The description of every documented route: /openapi.json, and /docs to browse and try it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gesso import __version__
from gesso.http.openapi import Operation, describe

_FILES = {
    "index.html": "text/html; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
}
#: Nothing from elsewhere, nothing inline: a key is typed into this page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DocsRoom:
    """Serves the description and the page that shows it."""

    def __init__(self, operations: Sequence[Operation], base_url: str, error: Any) -> None:
        """Take what is to be described; `error` is the type of the error envelope."""
        self._operations, self._base_url, self._error = operations, base_url, error
        folder = resources.files("gesso.http") / "static"
        self._files = {name: (folder / name).read_bytes() for name in _FILES}

    def routes(self) -> list[Route]:
        """Return `/openapi.json`, `/docs` and its files."""
        return [
            Route("/openapi.json", self.document),
            Route("/docs", self.page),
            Route("/docs/{name}", self.file),
        ]

    async def document(self, request: Request) -> Response:
        """Return the OpenAPI document."""
        # Made when it is first asked for: it takes a third of a second, which no start waits for.
        document = await asyncio.to_thread(lambda: self._document)
        return Response(document, media_type="application/json")

    async def page(self, request: Request) -> Response:
        """Return the page."""
        return self._answer("index.html")

    async def file(self, request: Request) -> Response:
        """Return a file of the page."""
        name = request.path_params["name"]
        return self._answer(name) if name in self._files else Response(status_code=404)

    @cached_property
    def _document(self) -> bytes:
        described = describe(
            self._operations, title="gesso", version=__version__, error=self._error
        )
        described["servers"] = [{"url": self._base_url}]
        return msgspec.json.encode(described)

    def _answer(self, name: str) -> Response:
        headers = {
            "content-security-policy": _POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "no-cache",
        }
        return Response(self._files[name], headers=headers, media_type=_FILES[name])
