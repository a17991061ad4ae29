"""The paths of the APIMart wire."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from gesso.dialects.apimart.hall import Hall, answer_json, refuse
from gesso.dialects.apimart.models import Models
from gesso.dialects.apimart.money import Money
from gesso.dialects.apimart.queries import Queries
from gesso.dialects.apimart.shapes import MartError, MartFault
from gesso.dialects.apimart.submits import Services, Submits
from gesso.dialects.apimart.uploads import Uploads
from gesso.dialects.apimart.wire import write
from gesso.http.answering import Answering, Handler

GENERATIONS = "/v1/midjourney/generations"
#: Submits by their last path part, which is the billing name with hyphens.
ACTIONS = (
    "imagine", "blend", "describe", "edits", "upscale", "variation", "high-variation",
    "low-variation", "reroll", "zoom", "pan", "inpaint", "video", "remix-strong",
    "remix-subtle", "shorten",
)  # fmt: skip
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

    def table(self) -> list[tuple[str, str, Handler]]:
        """Return method, path and handler of everything that this wire can do."""
        queries, money, submits = self._queries, self._money, self._submits
        return [
            *self._submit_table(),
            ("POST", "/v1/images/generations", submits.submit("images")),
            ("POST", "/v1/quote", submits.quote),
            ("GET", "/v1/midjourney/{task_id}", queries.flat),
            ("POST", "/v1/tasks/batch", queries.batch),
            ("GET", "/v1/tasks", queries.search),
            ("GET", "/v1/tasks/{task_id}", queries.unified),
            ("POST", "/v1/tasks/{task_id}/cancel", queries.cancel),
            ("GET", "/v1/tasks/{task_id}/seed", queries.seed),
            ("GET", "/v1/tasks/{task_id}/events", queries.events),
            ("GET", "/v1/tasks/{task_id}/receipt", queries.receipt),
            ("GET", "/v1/tasks/{task_id}/tree", queries.tree),
            ("POST", "/v1/tasks/{task_id}/rerun", submits.rerun),
            ("POST", "/v1/uploads/images", self._uploads.upload),
            ("GET", "/v1/balance", money.balance),
            ("GET", "/balance", money.balance),
            ("GET", "/v1/user/balance", money.user_balance),
            ("GET", "/user/balance", money.user_balance),
            ("GET", "/v1/usage", money.usage),
            ("GET", "/usage", money.usage),
            ("GET", "/v1/models", self._models.listed),
            ("GET", "/v1/models/{model}", self._models.shown),
            ("GET", "/v1/models/{model}/schema", self._models.schema),
            ("GET", "/v1/model-schema", self._models.schema),
        ]

    def _submit_table(self) -> list[tuple[str, str, Handler]]:
        found = [("POST", GENERATIONS, self._submits.submit("imagine"))]
        named = {a: self._submits.submit(a.replace("-", "_")) for a in ACTIONS}
        named["modal"] = self._submits.modal
        for name, handler in named.items():
            # The short form is ours: the wire has no page for shorten, and so no long one.
            found.append(("POST", f"{GENERATIONS}/{name}", handler))
            found.append(("POST", f"/v1/midjourney/{name}", handler))
        return found

    def routes(self) -> list[Route]:
        """Return the routes, with an answer of this wire for every other path below its own."""
        routes = [
            Route(path, Answering(handler, refuse), methods=[method])
            for method, path, handler in self.table()
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
