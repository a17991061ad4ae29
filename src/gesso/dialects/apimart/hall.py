"""What all handlers of this wire share: who asks, what the body says, how errors look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import bodies, wire
from gesso.dialects.apimart.words import read_language
from gesso.domain import ids
from gesso.domain.caller import ApiKey
from gesso.domain.errors import CallerError, GessoError, InvalidOrder, NotFound
from gesso.domain.order import Accepted
from gesso.domain.task import Task
from gesso.domain.terms import Terms
from gesso.http.auth import Doorkeeper
from gesso.http.json_body import decode
from gesso.http.limits import read_body
from gesso.http.pictures import PictureLinks
from gesso.kit import clock
from gesso.services.look_up import Finder

B = TypeVar("B")
#: An Idempotency-Key as section 12 defines it.
_LANGUAGE_CHARS, _URL_CHARS, _METADATA_BYTES = 20, 1900, 16 * 1024
#: Furthest deadline, in seconds: a task lives no longer than this anyway.
_LATEST_S = 30 * 86400
#: Dearest ceiling that is taken; one order never costs as much.
_MOST_DOLLARS = 10**9


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of this wire, from the settings."""

    body_bytes: int
    prompt_chars: int
    rows: int


class Hall:
    """Lets callers in and finds what they name."""

    def __init__(
        self, doorkeeper: Doorkeeper, finder: Finder, links: PictureLinks, bounds: Bounds
    ) -> None:
        """Hold the door, the tasks, the links and the limits."""
        self._doorkeeper = doorkeeper
        self.finder = finder
        self.links = links
        self.bounds = bounds

    async def admit(self, request: Request) -> ApiKey:
        """Return the caller's key; raises NotAuthenticated and its kin."""
        return await self._doorkeeper.admit(request)

    async def read(self, request: Request, kind: type[B]) -> tuple[ApiKey, bytes, B]:
        """Return the caller's key, the raw body and the body as it was read."""
        key = await self.admit(request)
        raw = await read_body(request, self.bounds.body_bytes)
        return key, raw, await self.decode(raw, kind)

    async def decode(self, raw: bytes, kind: type[B]) -> B:
        """Return a body as it was read."""
        return await decode(raw, kind, strict=False)

    async def task(self, key: ApiKey, named: bodies.Id, action: str = "") -> Task:
        """Return the caller's task by either face of its id.

        Raises InvalidOrder when none is named, NotFound, and NotAllowed for another
        account's task.
        """
        task_id = _read_id(named, action)
        try:
            return await self.finder.get_own(key, task_id)
        except NotFound:
            raise _no_task(named) from None

    async def tasks(self, key: ApiKey, named: Sequence[bodies.Id]) -> list[Task | CallerError]:
        """Return for each id its task, or why there is none; all are read at once."""
        asked = [_id_or_error(one) for one in named]
        known = [one for one in asked if isinstance(one, int)]
        found = await self.finder.find_each_own(key, known)
        return [
            (found.get(one) or _no_task(shown)) if isinstance(one, int) else one
            for one, shown in zip(asked, named, strict=True)
        ]

    def terms(self, request: Request, body: bodies.Submit) -> Terms:
        """Return the terms of a submit; raises InvalidOrder naming the field at fault."""
        return Terms(
            webhook=_webhook(body.webhook),
            language=read_language((body.language or "")[:_LANGUAGE_CHARS]),
            metadata=_metadata(body),
            start_by=_start_by(request, body),
            max_nanos=_max_nanos(body.max_cost),
            moderate=bool(body.nsfw_check),
        )


def _read_id(named: bodies.Id, action: str) -> int:
    if named in (None, ""):
        raise InvalidOrder(f"task_id is required for {action}", param="task_id")
    try:
        return ids.read_task_id(str(named).strip())
    except NotFound:
        raise _no_task(named) from None


def _id_or_error(named: bodies.Id) -> int | CallerError:
    try:
        return _read_id(named, "batch")
    except CallerError as error:
        return error


def _no_task(named: bodies.Id) -> NotFound:
    return NotFound(f"task {str(named).strip()[:60]} not found")


def accepted_answer(accepted: Accepted) -> Response:
    """Return the answer to an accepted submit, marked when it is a repeated one."""
    response = answer_json(wire.write_accepted(accepted))
    if accepted.replayed:
        response.headers["idempotency-replayed"] = "true"
    return response


def refuse(request: Request, error: GessoError) -> Response:
    """Return the answer to a refused request, in the shape of this wire."""
    response = answer_json(wire.write_error(error), wire.status_of(error)[0])
    wait_s = error.facts.get("retry_after_s")
    if isinstance(wait_s, int | float):
        response.headers["retry-after"] = str(max(1, round(wait_s)))
    return response


def answer_json(body: bytes, status: int = 200) -> Response:
    """Return JSON bytes as an answer."""
    return Response(body, status, media_type="application/json")


def _webhook(value: str | None) -> str:
    base = (value or "").strip()
    if not base:
        return ""
    if len(base) > _URL_CHARS or not base.startswith(("http://", "https://")):
        raise InvalidOrder(
            f"webhook is an http:// or https:// URL of at most {_URL_CHARS} characters",
            param="webhook",
        )
    return base.rstrip("/") + "/callback"


def _metadata(body: bodies.Submit) -> dict[str, object] | None:
    if body.metadata and len(msgspec.json.encode(body.metadata)) > _METADATA_BYTES:
        raise InvalidOrder(f"metadata may have {_METADATA_BYTES} bytes", param="metadata")
    return body.metadata or None


def _max_nanos(value: float | str | None) -> int | None:
    if value is None or value == "":
        return None
    try:
        dollars = Decimal(str(value))
    except InvalidOperation:
        dollars = Decimal(-1)
    if not (dollars.is_finite() and 0 <= dollars <= _MOST_DOLLARS):
        raise InvalidOrder("max_cost is an amount of US dollars", param="max_cost")
    return int(dollars * wire.NANOS)


def _start_by(request: Request, body: bodies.Submit) -> datetime | None:
    """Return until when the work must have begun: `deadline`, or `Cancel-After` in seconds."""
    now, after = clock.now(), request.headers.get("cancel-after", "").strip()
    if body.deadline not in (None, ""):
        moment = read_moment(body.deadline, "deadline")
    elif after:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", after):
            raise InvalidOrder("Cancel-After is a number of seconds", param="Cancel-After")
        moment = now + timedelta(seconds=min(float(after), _LATEST_S))
    else:
        return None
    if moment <= now or moment > now + timedelta(seconds=_LATEST_S):
        raise InvalidOrder("deadline lies within the next 30 days", param="deadline")
    return moment


def read_moment(value: float | str | None, name: str) -> datetime:
    """Return a time given in seconds since the epoch or as RFC 3339; raises InvalidOrder."""
    text = str(value).strip()
    try:
        if re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,9})?", text):
            return datetime.fromtimestamp(float(text), clock.now().tzinfo)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except (ValueError, OverflowError):
        pass
    raise InvalidOrder(f"{name} is a time in Unix seconds or RFC 3339 with a zone", param=name)
