"""Find a path's route in one step, however many routes there are.

Starlette tries one pattern after the other. With five wires that is a few hundred patterns,
which cost more than the rest of a request (bench `submits`). Here a path without parameters
is looked up, and routes with parameters stand in small groups by the shape of their paths.
The order given decides, as everywhere. Groups are made when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

#: How many segments a path has and what the first one is; None stands for any text.
Shape = tuple[int, str | None]


class Dispatcher(Router):
    """A router that looks paths up."""

    def __init__(self, routes: Sequence[BaseRoute], lost: ASGIApp | None = None) -> None:
        """Note the shape of every route; `lost` answers paths that no route has."""
        super().__init__(routes, default=lost)
        self._shapes = [_shape(route) for route in routes]
        self._known = set(self._shapes)
        self._fixed: dict[tuple[str, str], ASGIApp | None] = {
            (method, route.path): None
            for route in routes
            if isinstance(route, Route) and "{" not in route.path
            for method in route.methods or ()
        }
        self._groups: dict[Shape, Router] = {}

    # Not a coroutine of its own, which every step of a request would pass through.
    def __call__(  # type: ignore[override]
        self, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Hand a request to the route of its path."""
        if scope["type"] != "http":
            return super().app(scope, receive, send)
        name = (scope["method"], scope["path"])
        if name in self._fixed:
            scope["path_params"] = {}
            return (self._fixed[name] or self._fix(*name))(scope, receive, send)
        group = self._group(scope["path"])
        return (group.app if group else super().app)(scope, receive, send)

    def _fix(self, method: str, path: str) -> ASGIApp:
        """Remember what answers a path without parameters."""
        group = self._group(path) or self
        scope = {"type": "http", "method": method, "path": path, "headers": []}
        first = next(r for r in group.routes if r.matches(scope)[0] is Match.FULL)
        found: ASGIApp = group.app
        if isinstance(first, Route) and first.path == path:
            found = first.app
        self._fixed[method, path] = found
        return found

    def _group(self, path: str) -> Router | None:
        """Return the routes that may serve a path; None when only those of any length may."""
        parts = path.split("/")
        count, first = len(parts), parts[1] if len(parts) > 1 else ""
        shape: Shape = (count, first if (count, first) in self._known else None)
        if shape not in self._known:
            return None
        if shape not in self._groups:
            pairs = zip(self.routes, self._shapes, strict=True)
            # What no route of a group serves may differ from one by a slash at its end.
            self._groups[shape] = Router(
                [route for route, own in pairs if own in (None, shape, (count, None))],
                redirect_slashes=False,
                default=super().app,
            )
        return self._groups[shape]


def _shape(route: BaseRoute) -> Shape | None:
    """Return the shape of a route's path; None when it may have any length."""
    if not isinstance(route, Route) or ":path}" in route.path:
        return None
    parts = route.path.split("/")
    return len(parts), None if "{" in parts[1] else parts[1]
