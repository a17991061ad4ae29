"""Turn a handler into an application that answers every error in its wire's shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gesso.domain.errors import GessoError

log = structlog.get_logger()

Handler = Callable[[Request], Awaitable[Response]]
#: Writes the answer to a refused request; a plain GessoError stands for a bug of ours.
Refuse = Callable[[Request, GessoError], Response]


class Answering:
    """An ASGI application around one handler; a class, so that a route takes it as one."""

    def __init__(self, handler: Handler, refuse: Refuse) -> None:
        """Hold the handler and how its wire refuses."""
        self._handler = handler
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        request = Request(scope, receive, send)
        try:
            response = await self._handler(request)
        except GessoError as error:
            response = self._refuse(request, error)
        except ClientDisconnect:
            return
        except Exception:
            log.exception("request_failed", path=scope["path"])
            response = self._refuse(request, GessoError())
        await response(scope, receive, send)
