"""The description of every documented route: /openapi.json, and /docs to browse and try it."""

from __future__ import annotations

from collections.abc import Sequence
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
        """Describe the operations once; `error` is the type of the error envelope."""
        described = describe(operations, title="gesso", version=__version__, error=error)
        described["servers"] = [{"url": base_url}]
        self._document = msgspec.json.encode(described)
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
        return Response(self._document, media_type="application/json")

    async def page(self, request: Request) -> Response:
        """Return the page."""
        return self._answer("index.html")

    async def file(self, request: Request) -> Response:
        """Return a file of the page."""
        name = request.path_params["name"]
        return self._answer(name) if name in self._files else Response(status_code=404)

    def _answer(self, name: str) -> Response:
        headers = {
            "content-security-policy": _POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "no-cache",
        }
        return Response(self._files[name], headers=headers, media_type=_FILES[name])
