"""What all handlers of this wire share: who asks, what the body says, how errors look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import bodies, wire
from gesso.dialects.midjourney.words import say
from gesso.domain import ids
from gesso.domain.caller import ApiKey
from gesso.domain.errors import GessoError, InvalidOrder
from gesso.domain.task import Lane, Task
from gesso.http.auth import Doorkeeper
from gesso.http.json_body import decode
from gesso.http.limits import read_body
from gesso.http.pictures import PictureLinks
from gesso.services.look_up import Finder

B = TypeVar("B")
#: Speeds that a path fixes (section 2).
_LANES = tuple((f"/mj-{lane.value}/", lane) for lane in Lane)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of this wire, from the settings."""

    body_bytes: int
    prompt_chars: int
    pictures: int
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
        return key, raw, await decode(raw, kind)

    async def task(self, request: Request, key: ApiKey, task_id: bodies.Id) -> Task:
        """Return the task that a body names; raises InvalidOrder or NotFound."""
        return await self.finder.get(key, self.task_id(request, task_id))

    def task_id(self, request: Request, task_id: bodies.Id) -> int:
        """Return the task id of a body; raises InvalidOrder when there is none."""
        if task_id in (None, ""):
            raise InvalidOrder(say("task_id_missing", is_english(request)), param="taskId")
        return ids.read_task_id(str(task_id).strip())

    async def size_before(self, task: Task) -> tuple[int, int] | None:
        """Return width and height of the picture that a task works on, if there is one."""
        parent = await self.finder.find_any(task.parent_id) if task.parent_id else None
        wanted = task.parent_index if parent and len(parent.pictures) > 1 else 0
        found = [p for p in (parent.pictures if parent else ()) if p.position == wanted]
        return (found[0].width, found[0].height) if found else None

    async def find_shown(self, key: ApiKey, job: str) -> Task | None:
        """Return the caller's task with this job UUID, or that one of our links shows."""
        if job.startswith(self.links.base_url):
            match = re.search(r"/(?:pictures|mj/image)/([1-9]\d{15})\b", job, re.ASCII)
            return await self.finder.find(key, int(match[1])) if match else None
        return await self.finder.find(key, ids.read_uuid(job))


def refuse(request: Request, error: GessoError) -> Response:
    """Return the answer to a refused request, in the shape of this wire."""
    kinds = type(error).__mro__
    ours = 500 if type(error) is GessoError else 200
    status = next((wire.STATUSES[k] for k in kinds if k in wire.STATUSES), ours)
    return answer_json(wire.write_error(error, is_english(request)), status)


def answer_json(body: bytes, status: int = 200) -> Response:
    """Return JSON bytes as an answer."""
    return Response(body, status, media_type="application/json")


def is_english(request: Request) -> bool:
    """Say whether the caller asks for English descriptions."""
    return request.headers.get("accept-language", "").strip().lower().startswith("en")


def path_lane(request: Request) -> Lane | None:
    """Return the speed that the path fixes (section 2)."""
    path = request.scope["path"]
    return next((lane for prefix, lane in _LANES if path.startswith(prefix)), None)
