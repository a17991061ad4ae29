"""Find a path's route in one step, however many routes there are.

Starlette tries one pattern after the other. With five wires that is a few hundred patterns,
which cost more than the rest of a request (bench `submits`). Here a path without parameters
is looked up, and routes with parameters stand in small groups by the shape of their paths.
The order given decides, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

#: How many segments, the first one and the last one; None stands for any text.
Shape = tuple[int, str | None, str | None]


class Dispatcher(Router):
    """A router that looks paths up."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        """Index the routes."""
        super().__init__(routes)
        shapes = {_shape(route) for route in routes}
        self._groups = {
            shape: self._group([r for r in routes if _may_serve(r, shape)])
            for shape in shapes
            if shape is not None
        }
        self._fixed = {
            (method, route.path): found
            for route in routes
            if isinstance(route, Route) and "{" not in route.path
            for method in route.methods or ()
            if (found := self._first(method, route.path))
        }

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the route of its path."""
        if scope["type"] != "http":
            await super().app(scope, receive, send)
            return
        path = scope["path"]
        fixed = self._fixed.get((scope["method"], path))
        if fixed is not None:
            scope["path_params"] = {}
            await fixed(scope, receive, send)
            return
        group = self._find(path)
        await (group.app if group else super().app)(scope, receive, send)

    def _first(self, method: str, path: str) -> ASGIApp | None:
        scope = {"type": "http", "method": method, "path": path, "headers": []}
        first = next(r for r in self.routes if r.matches(scope)[0] is Match.FULL)
        return first.app if isinstance(first, Route) and first.path == path else None

    def _group(self, routes: Sequence[BaseRoute]) -> Router:
        # What no route of a group serves may differ from one by a slash at its end.
        return Router(routes, redirect_slashes=False, default=super().app)

    def _find(self, path: str) -> Router | None:
        parts = path.split("/")
        count, first, last = len(parts), parts[1] if len(parts) > 1 else "", parts[-1]
        groups = self._groups
        return (
            groups.get((count, first, last))
            or groups.get((count, first, None))
            or groups.get((count, None, None))
        )


def _shape(route: BaseRoute) -> Shape | None:
    """Return the shape of a route's path; None when it may have any length."""
    if not isinstance(route, Route) or ":path}" in route.path:
        return None
    parts = route.path.split("/")
    first, last = (None if "{" in part else part for part in (parts[1], parts[-1]))
    return (len(parts), first, last if first is not None else None)


def _may_serve(route: BaseRoute, shape: Shape) -> bool:
    """Say whether a route may serve some path of a shape."""
    own = _shape(route)
    if own is None:
        return True
    return all(mine is None or mine == wanted for mine, wanted in zip(own, shape, strict=True))
