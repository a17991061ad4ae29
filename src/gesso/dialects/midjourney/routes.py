"""The paths of the Midjourney-proxy wire, bare and below /mj-fast, /mj-relax, /mj-turbo."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gesso.dialects.midjourney import wire
from gesso.dialects.midjourney.words import say
from gesso.domain import buttons, ids, prompt
from gesso.domain.caller import ApiKey
from gesso.domain.errors import GessoError, InvalidOrder, NotFound, PictureRejected
from gesso.domain.order import Order, Repeatable
from gesso.domain.task import Action, BotType, Lane
from gesso.http.auth import Doorkeeper
from gesso.http.limits import read_body
from gesso.http.pictures import PictureLinks, PictureRoom
from gesso.services.cancel import Canceller
from gesso.services.follow_up import follow_up, version_of
from gesso.services.intake import Intake
from gesso.services.look_up import Finder
from gesso.services.submit import Submitter

log = structlog.get_logger()
B = TypeVar("B")
Handler = Callable[[Request], Awaitable[Response]]

NAME = "midjourney"
#: The longest opaque values that a caller may have stored with a task (section 1).
_STATE_CHARS, _HOOK_CHARS, _KEY_CHARS = 255, 2000, 255


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of this wire, from the settings."""

    body_bytes: int
    prompt_chars: int
    pictures: int
    rows: int


class MidjourneyRoutes:
    """The handlers of this wire."""

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        submitter: Submitter,
        finder: Finder,
        canceller: Canceller,
        intake: Intake,
        links: PictureLinks,
        room: PictureRoom,
        bounds: Bounds,
    ) -> None:
        """Take the services that the handlers call."""
        self._doorkeeper = doorkeeper
        self._submitter = submitter
        self._finder = finder
        self._canceller = canceller
        self._intake = intake
        self._links = links
        self._room = room
        self._bounds = bounds

    def routes(self) -> list[BaseRoute]:
        """Return every path of this wire in its four speeds."""
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/submit/imagine", self.imagine),
            ("POST", "/submit/action", self.action),
            ("GET", "/task/list", self.list_tasks),
            ("POST", "/task/list-by-condition", self.list_by_ids),
            ("POST", "/task/list-by-ids", self.list_by_ids),
            ("GET", "/task/queue", self.queue),
            ("GET", "/task/{task_id}/fetch", self.fetch),
            ("POST", "/task/{task_id}/cancel", self.cancel),
            ("GET", "/image/{task_id}", self.image),
        ]
        prefixes = ("/mj", "/mj-fast/mj", "/mj-relax/mj", "/mj-turbo/mj")
        return [
            *(
                Route(prefix + path, self._answering(handler), methods=[method])
                for prefix in prefixes
                for method, path, handler in table
            ),
            *(Route(f"{p}/{{rest:path}}", self.unknown, methods=_ALL) for p in prefixes),
        ]

    # Submitting -------------------------------------------------------------------------

    async def imagine(self, request: Request) -> Response:
        """POST /submit/imagine (section 4.1)."""
        key = await self._doorkeeper.admit(request)
        raw = await read_body(request, self._bounds.body_bytes)
        body = await self._decode(raw, wire.ImagineBody)
        parsed = self._prompt(body.prompt, bool(body.base64_array), _english(request))
        bot = _bot(body.bot_type, parsed)
        if bot is BotType.NIJI_JOURNEY and parsed.flags.niji is None:
            parsed = parsed.as_niji()
        account_filter = body.account_filter or wire.AccountFilter()
        order = Order(
            action=Action.IMAGINE,
            price_action="imagine",
            dialect=NAME,
            description=f"/imagine {(body.prompt or '').strip()}",
            prompt=(body.prompt or "").strip(),
            final_prompt=parsed.strip_speed().write(),
            version=version_of(parsed),
            lane=_lane(request, account_filter, parsed),
            bot=bot,
            pictures=await self._pictures(body.base64_array),
            state=_opaque(body.state, "state", _STATE_CHARS),
            notify_hook=_hook(body.notify_hook),
            channel_id=account_filter.instance_id or account_filter.channel_id or None,
            remark=account_filter.remark or "",
            details={"seed": _seed(parsed)},
        )
        return await self._submit(request, key, order, raw)

    async def action(self, request: Request) -> Response:
        """POST /submit/action (section 7, source page 001)."""
        key = await self._doorkeeper.admit(request)
        raw = await read_body(request, self._bounds.body_bytes)
        body = await self._decode(raw, wire.ActionBody)
        english = _english(request)
        if body.task_id in (None, ""):
            raise InvalidOrder(say("task_id_missing", english), param="taskId")
        if not body.custom_id:
            raise InvalidOrder(say("custom_id_missing", english), param="customId")
        press = buttons.read(body.custom_id.strip())
        parent = await self._finder.get(key, ids.read_task_id(str(body.task_id).strip()))
        order = follow_up(
            parent,
            press,
            dialect=NAME,
            custom_id=body.custom_id.strip(),
            lane=_path_lane(request),
            state=_opaque(body.state, "state", _STATE_CHARS),
            notify_hook=_hook(body.notify_hook),
            seed=secrets.randbelow(2**32),
        )
        return await self._submit(request, key, order, raw)

    async def _submit(self, request: Request, key: ApiKey, order: Order, raw: bytes) -> Response:
        accepted = await self._submitter.submit(key, order, _repeatable(request, raw))
        response = _json(wire.write_accepted(accepted, _english(request)))
        if accepted.replayed:
            response.headers["idempotency-replayed"] = "true"
        return response

    # Asking -----------------------------------------------------------------------------

    async def fetch(self, request: Request) -> Response:
        """GET /task/{id}/fetch: the task; an unknown id answers code 3."""
        key = await self._doorkeeper.admit(request)
        task = await self._finder.get(key, ids.read_task_id(request.path_params["task_id"]))
        return _json(wire.write_task(task, self._links))

    async def list_tasks(self, request: Request) -> Response:
        """GET /task/list: the account's newest tasks (source page 002)."""
        key = await self._doorkeeper.admit(request)
        found = await self._finder.newest(key, limit=min(100, self._bounds.rows))
        return _json(wire.write_tasks(found, self._links))

    async def list_by_ids(self, request: Request) -> Response:
        """POST /task/list-by-condition: unknown ids are left out."""
        key = await self._doorkeeper.admit(request)
        raw = await read_body(request, self._bounds.body_bytes)
        wanted = (await self._decode(raw, wire.IdsBody)).ids or []
        if len(wanted) > self._bounds.rows:
            raise InvalidOrder(f"at most {self._bounds.rows} ids at once", param="ids")
        found = await self._finder.find_many(key, _readable(wanted))
        return _json(wire.write_tasks(found, self._links))

    async def queue(self, request: Request) -> Response:
        """GET /task/queue: waiting and running tasks, oldest first."""
        key = await self._doorkeeper.admit(request)
        found = await self._finder.queue(key, limit=self._bounds.rows)
        return _json(wire.write_tasks(found, self._links))

    async def cancel(self, request: Request) -> Response:
        """POST /task/{id}/cancel: Message«Void»."""
        key = await self._doorkeeper.admit(request)
        await self._canceller.cancel(key, ids.read_task_id(request.path_params["task_id"]))
        return _json(wire.write_message(1, say("done", _english(request))))

    async def image(self, request: Request) -> Response:
        """GET /image/{id}: the task's picture, for the key that owns it."""
        key = await self._doorkeeper.admit(request)
        task = await self._finder.get(key, ids.read_task_id(request.path_params["task_id"]))
        blob = task.pictures[0].blob if task.pictures else task.preview_blob
        if blob is None:
            raise NotFound("the task has no picture yet")
        return await self._room.stream(request, blob, fresh=not task.is_final)

    async def unknown(self, request: Request) -> Response:
        """Answer a path that this wire does not have, in this wire's shape."""
        body = wire.write_answer(
            404,
            say("path_unknown", _english(request)),
            None,
            {"error": "path_unknown", "charged": False, "retry": False},
        )
        return _json(body, 404)

    # Reading ----------------------------------------------------------------------------

    async def _decode(self, raw: bytes, kind: type[B]) -> B:
        # A body of many megabytes is read in a thread, so that nobody else waits for it.
        if len(raw) > 256 * 1024:
            return await asyncio.to_thread(wire.read_body, raw, kind)
        return wire.read_body(raw, kind)

    def _prompt(self, text: str | None, has_pictures: bool, english: bool) -> prompt.Prompt:
        if not (text or "").strip():
            raise InvalidOrder(say("prompt_missing", english), param="prompt")
        return prompt.parse(text or "", max_chars=self._bounds.prompt_chars)

    async def _pictures(self, encoded: list[str] | None) -> tuple[str, ...]:
        encoded = encoded or []
        if len(encoded) > self._bounds.pictures:
            raise PictureRejected(f"at most {self._bounds.pictures} pictures", param="base64Array")
        return await self._intake.keep_base64(encoded, param="base64Array")

    def _answering(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except GessoError as error:
                kinds = type(error).__mro__
                status = next((wire.STATUSES[k] for k in kinds if k in wire.STATUSES), 200)
                return _json(wire.write_error(error, _english(request)), status)
            except Exception:
                log.exception("request_failed", path=request.url.path)
                return _json(wire.write_error(GessoError(), _english(request)), 500)

        return answer


_ALL = ["GET", "POST", "PUT", "DELETE", "PATCH"]


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _english(request: Request) -> bool:
    return request.headers.get("accept-language", "").strip().lower().startswith("en")


def _path_lane(request: Request) -> Lane | None:
    mode = request.url.path.partition("/mj-")[2].partition("/")[0]
    return Lane(mode) if mode in {lane.value for lane in Lane} else None


def _lane(request: Request, wanted: wire.AccountFilter, parsed: prompt.Prompt) -> Lane:
    """Path first, then the account filter, then a flag in the prompt (section 2)."""
    modes = [wire.read_lane(mode) for mode in wanted.modes or []]
    flag = Lane(parsed.speed) if parsed.speed else None
    return next((lane for lane in (_path_lane(request), *modes, flag) if lane), Lane.FAST)


def _bot(name: str | None, parsed: prompt.Prompt) -> BotType:
    names = {
        "": BotType.NIJI_JOURNEY if parsed.flags.niji is not None else BotType.MID_JOURNEY,
        "MID_JOURNEY": BotType.MID_JOURNEY,
        "MJ": BotType.MID_JOURNEY,
        "NIJI_JOURNEY": BotType.NIJI_JOURNEY,
        "NIJI": BotType.NIJI_JOURNEY,
    }
    bot = names.get((name or "").strip().upper())
    if bot is None:
        raise InvalidOrder("botType must be MID_JOURNEY or NIJI_JOURNEY", param="botType")
    return bot


def _opaque(value: str | None, name: str, most: int) -> str | None:
    if value is not None and len(value) > most:
        raise InvalidOrder(f"{name} may have {most} characters", param=name)
    return value


def _hook(value: str | None) -> str | None:
    hook = (_opaque(value, "notifyHook", _HOOK_CHARS) or "").strip()
    if hook and not hook.startswith(("http://", "https://")):
        raise InvalidOrder("notifyHook must start with http:// or https://", param="notifyHook")
    return hook or None


def _seed(parsed: prompt.Prompt) -> int:
    # Drawn at submit and stored, so that a second try after a crash paints the same pictures.
    return parsed.flags.seed if parsed.flags.seed is not None else secrets.randbelow(2**32)


def _readable(wanted: list[str | int]) -> list[int]:
    found = []
    for one in wanted:
        try:
            found.append(ids.read_task_id(str(one)))
        except NotFound:
            continue
    return found


def _repeatable(request: Request, raw: bytes) -> Repeatable | None:
    name = request.headers.get("idempotency-key", "").strip()
    if not name:
        return None
    if len(name) > _KEY_CHARS or not name.isprintable():
        raise InvalidOrder(
            f"Idempotency-Key may have {_KEY_CHARS} visible characters", param="Idempotency-Key"
        )
    # The path is part of the request: the same body on another path asks for something else.
    return Repeatable(name, hashlib.sha256(request.url.path.encode() + b"\0" + raw).digest())
