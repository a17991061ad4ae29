"""What a client hears that asks below /v1 for what is not there: an error it can read."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from gesso.dialects.openai import wire

_KIND = "invalid_request_error"
_plain = Router().not_found


class WireRoute(Route):
    """A route of this wire; another method on its path is refused in the wire's shape."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say which methods there are."""
        allowed = self.methods or set()
        if scope["method"] in allowed:
            await super().handle(scope, receive, send)
            return
        ways = ", ".join(sorted(allowed - {"HEAD"}))
        message = f"{scope['path'][:200]} takes {ways}, not {scope['method']}"
        body = wire.write_error(message, _KIND, code="method_not_supported")
        headers = {"allow": ", ".join(sorted(allowed))}
        answer = Response(body, 405, headers, "application/json")
        await answer(scope, receive, send)


async def lost(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a path that nobody serves: below /v1 in the shape of this wire."""
    if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
        await _plain(scope, receive, send)
        return
    message = f"there is no {scope['method']} {scope['path'][:200]} here; /docs lists every path"
    body = wire.write_error(message, _KIND, code="unknown_url")
    await Response(body, 404, media_type="application/json")(scope, receive, send)
