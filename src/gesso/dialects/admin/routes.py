"""The paths of the admin API, made from one table: so is their description."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, compile_path

from gesso.dialects.admin import csv_export, wire
from gesso.dialects.admin.accounts import Accounts
from gesso.dialects.admin.catalogue import Catalogue
from gesso.dialects.admin.channels import Channels
from gesso.dialects.admin.deliveries import Deliveries
from gesso.dialects.admin.desk import CSV, ROOT, Call, Endpoint
from gesso.dialects.admin.installation import Installation
from gesso.dialects.admin.keys import Keys
from gesso.dialects.admin.ledger import Ledger
from gesso.dialects.admin.logins import Logins
from gesso.dialects.admin.tasks import Tasks
from gesso.dialects.admin.users import Users
from gesso.domain import permission
from gesso.domain.actor import Actor, ActorKind
from gesso.domain.caller import ApiKey
from gesso.domain.errors import GessoError, InvalidOrder, NotFound
from gesso.http.answering import Answering
from gesso.http.auth import Doorkeeper
from gesso.http.faults import status_of
from gesso.http.limits import read_body
from gesso.http.openapi import Operation
from gesso.http.pictures import PictureLinks
from gesso.services.office import Office
from gesso.services.page import Slice

log = structlog.get_logger()

#: Rows that a CSV export reads at once.
_CSV_ROWS = 500
_PARAM_CHARS = 200
_encoder = msgspec.json.Encoder()


class AdminRoutes:
    """The door of the admin API."""

    def __init__(
        self, doorkeeper: Doorkeeper, office: Office, links: PictureLinks, body_bytes: int
    ) -> None:
        """Take who lets callers in, the desks, and the largest body."""
        self._doorkeeper = doorkeeper
        self._body_bytes = body_bytes
        self.table: list[Endpoint] = [
            *Accounts(office).table(),
            *Keys(office).table(),
            *Logins(office).table(),
            *Users(office).table(),
            *Channels(office).table(),
            *Catalogue(office).table(),
            *Tasks(office, links).table(),
            *Ledger(office).table(),
            *Deliveries(office).table(),
            *Installation(office).table(),
        ]
        self._patterns = [(compile_path(e.operation.path)[0], e.operation) for e in self.table]

    def operations(self) -> list[Operation]:
        """Return how every route is documented."""
        return [endpoint.operation for endpoint in self.table]

    def routes(self) -> list[BaseRoute]:
        """Return every route, and an answer for paths that there are not."""
        made: list[BaseRoute] = [
            Route(
                e.operation.path,
                Answering(partial(self._serve, e), _refuse),
                methods=[e.operation.method],
            )
            for e in self.table
        ]
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [*made, Route(ROOT + "/{rest:path}", self.unknown, methods=methods)]

    async def unknown(self, request: Request) -> Response:
        """Answer a path or a method that there is not."""
        path = request.url.path
        known = sorted({o.method for p, o in self._patterns if p.match(path)})
        if not known:
            return write_refusal(NotFound(f"there is no {path[:200]}"))
        fault = wire.Fault(
            code="method_not_allowed",
            message=f"this path takes {', '.join(known)}",
            param=None,
            charged=False,
            retry=False,
        )
        allow = {"allow": ", ".join(known)}
        return _json(wire.ErrorEnvelope(error=fault), 405, allow)

    async def _serve(self, endpoint: Endpoint, request: Request) -> Response:
        operation = endpoint.operation
        key = None if operation.public else await self._doorkeeper.admit(request)
        if key is not None and endpoint.permission is not None:
            permission.check(key, endpoint.permission)
        call: Call[Any, Any] = Call(
            caller=key,
            actor=_actor(key, request),
            path=_path(request),
            query=_query(request, operation),
            body=await self._body(request, operation),
        )
        if CSV in operation.media:
            return await _list(endpoint, call)
        result = await endpoint.handle(call)
        if result is None:
            return Response(status_code=operation.status)
        # Answers may hold a secret that is shown once.
        return _json(result, operation.status)

    async def _body(self, request: Request, operation: Operation) -> Any:
        if operation.body is None:
            return None
        raw = await read_body(request, self._body_bytes)
        try:
            return msgspec.json.decode(raw or b"{}", type=operation.body)
        except msgspec.ValidationError as error:
            raise InvalidOrder(*_place(error)[:1], param=_place(error)[1]) from error
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise InvalidOrder(f"the body is not JSON: {str(error)[:200]}") from error


async def _list(endpoint: Endpoint, call: Call[Any, Any]) -> Response:
    """Answer a page as JSON, or every row as CSV."""
    query: wire.Paged = call.query
    if query.format == "json":
        part = Slice(query.limit, query.cursor)
        items, cursor = await endpoint.handle(replace(call, part=part))
        return _json(wire.Page(items=items, next=cursor), 200)

    async def fetch(cursor: str) -> Any:
        return await endpoint.handle(replace(call, part=Slice(_CSV_ROWS, cursor)))

    # The first page comes before the answer begins, so that a refusal still has a status.
    first = await fetch(query.cursor)
    view = endpoint.operation.answer.__args__[0]
    name = endpoint.operation.path.rpartition("/")[2]
    headers = {
        "content-disposition": f'attachment; filename="{name}.csv"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    rows = csv_export.stream(view, first, fetch)
    return StreamingResponse(rows, 200, headers, f"{CSV}; charset=utf-8")


def _actor(key: ApiKey | None, request: Request) -> Actor:
    address = request.client.host if request.client else ""
    if key is None:
        return Actor(ActorKind.USER, "", "", address)
    kind = ActorKind.USER if key.user_id else ActorKind.KEY
    return Actor(kind, key.id, key.user_id or "", address)


def _path(request: Request) -> dict[str, str]:
    found = {name: str(value) for name, value in request.path_params.items()}
    for name, value in found.items():
        # PostgreSQL stores no zero character, so nothing can be found by one.
        if "\x00" in value or len(value) > _PARAM_CHARS:
            raise NotFound(f"there is no such {name.removesuffix('_id')}")
    return found


def _query(request: Request, operation: Operation) -> Any:
    if operation.query is None:
        return None
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs):
        raise InvalidOrder("a query parameter is given twice")
    try:
        return msgspec.convert(values, operation.query, strict=False)
    except msgspec.ValidationError as error:
        message, param = _place(error)
        raise InvalidOrder(message, param=param) from error


def _place(error: msgspec.ValidationError) -> tuple[str, str | None]:
    """Return the message and the field that it names, such as `amount.usd`."""
    message, _, place = str(error)[:300].partition(" - at `$")
    if place:
        return message, place.rstrip("`").lstrip(".") or None
    if message.startswith(("Object contains unknown field `", "Object missing required field `")):
        return message, message.split("`")[1]
    return message, None


def _refuse(_: Request, error: GessoError) -> Response:
    return write_refusal(error)


def write_refusal(error: GessoError) -> Response:
    """Return the envelope of an error with its status."""
    headers = {}
    if wait_s := error.facts.get("retry_after_s"):
        headers["retry-after"] = str(max(1, round(float(str(wait_s)))))
    return _json(wire.write_error(error), status_of(error), headers)


def _json(value: Any, status: int, headers: dict[str, str] | None = None) -> Response:
    kept = {"cache-control": "no-store"} | (headers or {})
    return Response(_encoder.encode(value), status, kept, "application/json")
