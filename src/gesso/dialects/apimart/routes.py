"""The paths of the APIMart wire."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from gesso.dialects.apimart import endpoints
from gesso.dialects.apimart.endpoints import Endpoint
from gesso.dialects.apimart.hall import Hall, answer_json, refuse
from gesso.dialects.apimart.models import Models
from gesso.dialects.apimart.money import Money
from gesso.dialects.apimart.queries import Queries
from gesso.dialects.apimart.shapes import MartError, MartFault
from gesso.dialects.apimart.submits import Services, Submits
from gesso.dialects.apimart.uploads import Uploads
from gesso.dialects.apimart.wire import write
from gesso.http.answering import Answering
from gesso.http.openapi import Operation

_ALL = ["GET", "POST", "PUT", "DELETE", "PATCH"]
#: Below these every path belongs to this wire, and so does the answer that there is none.
_OWN = ("/v1/midjourney", "/v1/tasks", "/v1/uploads", "/v1/usage", "/v1/balance", "/v1/quote")


class ApimartRoutes:
    """The site map of this wire."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Take what the handlers share and the services that they call."""
        self._submits = Submits(hall, services)
        self._queries = Queries(hall, services)
        self._money = Money(hall, services)
        self._models = Models(hall, services, self._submits)
        self._uploads = Uploads(hall, services)

    def table(self) -> list[Endpoint]:
        """Return everything that this wire can do, as it is routed and as it is described."""
        return [
            *endpoints.submit_table(self._submits),
            *endpoints.order_table(self._submits),
            *endpoints.task_table(self._queries),
            *endpoints.money_table(self._money),
            *endpoints.model_table(self._models, self._uploads.upload),
        ]

    def operations(self) -> list[Operation]:
        """Return how every route is documented, each once."""
        return [one.operation for one in self.table()]

    def routes(self) -> list[Route]:
        """Return the routes, with an answer of this wire for every other path below its own."""
        routes = [
            Route(path, Answering(one.handler, refuse), methods=[one.method])
            for one in self.table()
            for path in one.paths
        ]
        beyond = _Beyond(routes)
        return [
            *routes,
            *(Route(p, beyond.answer, methods=_ALL) for p in _OWN),
            *(Route(p + "/{rest:path}", beyond.answer, methods=_ALL) for p in _OWN),
        ]


class _Beyond:
    """Answers what no route answers: another method, or no such path."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = routes

    async def answer(self, request: Request) -> Response:
        methods: set[str] = set()
        for route in self._routes:
            if route.matches(request.scope)[0] is Match.PARTIAL:
                methods |= route.methods or set()
        if methods:
            response = _refuse(405, f"{request.method} is not allowed here")
            response.headers["allow"] = ", ".join(sorted(methods))
            return response
        return _refuse(404, f"there is no path {request.url.path[:100]}")


def _refuse(status: int, message: str) -> Response:
    kind = "not_found_error" if status == 404 else "invalid_request_error"
    return answer_json(write(MartError(MartFault(status, message, kind))), status)
