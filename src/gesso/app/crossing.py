"""Where two wires share a path: which of them answers (wire/decisions 16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gesso.dialects.openai.strays import WireRoute
from gesso.domain.model import SANDBOX_MODELS
from gesso.http.openapi import Operation, shown_path
from gesso.services.picture_mode import BY_TASK

#: Paths below /v1 that the OpenAI wire and the APIMart wire both have.
SHARED = frozenset({"/v1/images/generations", "/v1/models", "/v1/models/{model}"})


class ModelLists:
    """`GET /v1/models`: the APIMart wire answers who asks in its words, OpenAI's all others."""

    def __init__(self, openai: ASGIApp, apimart: ASGIApp) -> None:
        """Hold both lists."""
        self._openai = openai
        self._apimart = apimart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the query: only one of them knows `category` and `expand`."""
        query = scope.get("query_string", b"")
        theirs = b"category=" in query or b"expand=" in query
        await (self._apimart if theirs else self._openai)(scope, receive, send)


class OneModel:
    """`GET /v1/models/{model}`: models of task backends are the APIMart wire's to describe."""

    def __init__(self, openai: ASGIApp, apimart: ASGIApp) -> None:
        """Hold both descriptions."""
        self._openai = openai
        self._apimart = apimart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the model's name; the longer description holds all of the shorter one."""
        name = str(scope["path_params"]["model"])
        theirs = name.startswith(BY_TASK) and name not in SANDBOX_MODELS.values()
        await (self._apimart if theirs else self._openai)(scope, receive, send)


def app_of(routes: Sequence[BaseRoute], path: str, method: str) -> ASGIApp:
    """Return what answers one path of a wire."""
    for route in routes:
        if isinstance(route, Route) and route.path == path and method in (route.methods or ()):
            return route.app
    raise LookupError(path)


def join(openai: Sequence[BaseRoute], apimart: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return the routes of both wires with the shared paths decided."""
    lists = ModelLists(app_of(openai, "/v1/models", "GET"), app_of(apimart, "/v1/models", "GET"))
    one = OneModel(
        app_of(openai, "/v1/models/{model:path}", "GET"),
        app_of(apimart, "/v1/models/{model}", "GET"),
    )
    own = [r for r in apimart if not (isinstance(r, Route) and r.path in SHARED)]
    first = [
        WireRoute("/v1/models", lists, methods=["GET"]),
        WireRoute("/v1/models/{model}", one, methods=["GET"]),
    ]
    return [*first, *own, *openai]


def describe_both(openai: Sequence[Operation], apimart: Sequence[Operation]) -> list[Operation]:
    """Return how both wires are documented, a shared path once with what either says of it."""
    theirs = {(one.method, shown_path(one.path)): one for one in apimart}
    found = []
    for one in openai:
        other = theirs.pop((one.method, shown_path(one.path)), None)
        found.append(one if other is None else _both(one, other))
    return [*found, *theirs.values()]


def _both(openai: Operation, apimart: Operation) -> Operation:
    bodies = (openai.body, apimart.body) if openai.body and apimart.body else openai.body
    summary = f"{openai.summary}; or: {apimart.summary}"
    about = f"{openai.description} The APIMart wire has this path too. {apimart.description}"
    return replace(
        openai,
        summary=summary,
        description=about.strip(),
        body=bodies,
        query=apimart.query,
        answer=(openai.answer, apimart.answer),
        refusals=tuple({*(openai.refusals or ()), *(apimart.refusals or ())}),
        error=(openai.error, apimart.error),
    )
