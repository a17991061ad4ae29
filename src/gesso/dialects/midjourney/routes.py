"""The paths of the Midjourney-proxy wire, bare and below /mj-fast, /mj-relax, /mj-turbo."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gesso.dialects.midjourney import bodies, endpoints, wire
from gesso.dialects.midjourney.accounts import Accounts
from gesso.dialects.midjourney.endpoints import Endpoint
from gesso.dialects.midjourney.follow_ups import FollowUps
from gesso.dialects.midjourney.hall import Hall, answer_json, is_english, refuse
from gesso.dialects.midjourney.new_pictures import NewPictures
from gesso.dialects.midjourney.reception import NAME, Reception, Services
from gesso.dialects.midjourney.uploads import Uploads
from gesso.dialects.midjourney.words import say
from gesso.domain import ids
from gesso.domain.errors import InvalidOrder, NotFound
from gesso.http.answering import Answering
from gesso.http.events import EventRoom
from gesso.http.openapi import Operation
from gesso.http.pictures import PictureRoom
from gesso.services.manage_channels import ChannelDesk

PREFIXES = ("/mj", "/mj-fast/mj", "/mj-relax/mj", "/mj-turbo/mj")
_ALL = ["GET", "POST", "PUT", "DELETE", "PATCH"]
#: Most rows of `task/list`, which has no paging.
_LIST = 100


class MidjourneyRoutes:
    """The site map of this wire, and the handlers that ask for tasks."""

    def __init__(
        self,
        hall: Hall,
        services: Services,
        room: PictureRoom,
        events: EventRoom,
        desk: ChannelDesk,
    ) -> None:
        """Take what the handlers share, the services that they call and who changes channels."""
        self._events = events
        self._hall = hall
        self._services = services
        reception = Reception(hall, services)
        self._pictures = NewPictures(reception)
        self._follow_ups = FollowUps(reception)
        self._uploads = Uploads(reception)
        self._accounts = Accounts(hall, desk)
        self._room = room

    def table(self) -> list[Endpoint]:
        """Return everything that this wire can do, as it is routed and as it is described."""
        return [
            *endpoints.submits(self._pictures, self._follow_ups, self._uploads),
            endpoints.swap(self._pictures.swap),
            *endpoints.tasks(
                fetch=self.fetch,
                list_tasks=self.list_tasks,
                list_by_ids=self.list_by_ids,
                query=self.query,
                queue=self.queue,
                cancel=self.cancel,
                image_seed=self.image_seed,
                image=self.image,
                events=self.events,
            ),
            *endpoints.accounts(self._accounts),
        ]

    def operations(self) -> list[Operation]:
        """Return how every route is documented, without the prefixes that fix a speed."""
        return [endpoint.operation(PREFIXES[0]) for endpoint in self.table()]

    def routes(self) -> list[BaseRoute]:
        """Return every path of this wire in its four speeds."""
        unknown = Answering(self.unknown, refuse)
        return [
            *(
                Route(prefix + one.path, Answering(one.handler, refuse), methods=[one.method])
                for prefix in PREFIXES
                for one in self.table()
            ),
            *(Route(f"{p}/{{rest:path}}", unknown, methods=_ALL) for p in PREFIXES),
        ]

    async def fetch(self, request: Request) -> Response:
        """GET /task/{id}/fetch: the task; an unknown id answers code 3."""
        key = await self._hall.admit(request)
        task = await self._hall.finder.get(key, _task_id(request))
        return answer_json(wire.write_task(task, self._hall.links))

    async def list_tasks(self, request: Request) -> Response:
        """GET /task/list: the account's newest tasks (source page 002)."""
        key = await self._hall.admit(request)
        found = await self._hall.finder.newest(key, limit=min(_LIST, self._hall.bounds.rows))
        return answer_json(wire.write_tasks(found, self._hall.links))

    async def list_by_ids(self, request: Request) -> Response:
        """POST /task/list-by-condition: unknown ids are left out."""
        key, _, body = await self._hall.read(request, bodies.IdsBody)
        wanted = body.ids or []
        if len(wanted) > self._hall.bounds.rows:
            raise InvalidOrder(f"at most {self._hall.bounds.rows} ids at once", param="ids")
        found = await self._hall.finder.find_many(key, bodies.readable(wanted))
        # The published admin screen asks by this name and shows what it finds as it stands.
        screen = request.url.path.endswith("/list-by-ids")
        return answer_json(wire.write_tasks(found, self._hall.links, displays=screen))

    async def query(self, request: Request) -> Response:
        """POST /task/query: Page«任务» (section 3.6)."""
        key, _, body = await self._hall.read(request, bodies.QueryBody)
        search = body.search(self._hall.bounds.rows)
        page = await self._hall.finder.search(key, search)
        return answer_json(wire.write_page(page, search, self._hall.links))

    async def queue(self, request: Request) -> Response:
        """GET /task/queue: waiting and running tasks, oldest first."""
        key = await self._hall.admit(request)
        found = await self._hall.finder.queue(key, limit=self._hall.bounds.rows)
        return answer_json(wire.write_tasks(found, self._hall.links))

    async def cancel(self, request: Request) -> Response:
        """POST /task/{id}/cancel: Message«Void»."""
        key = await self._hall.admit(request)
        await self._services.canceller.cancel(key, _task_id(request))
        return answer_json(wire.write_message(1, say("done", is_english(request))))

    async def image_seed(self, request: Request) -> Response:
        """GET /task/{id}/image-seed: the seed as text (section 4.3)."""
        key = await self._hall.admit(request)
        task = await self._hall.finder.get(key, _task_id(request))
        seed = task.result.get("seed")
        if seed is None:
            raise InvalidOrder(say("illegal_move", is_english(request)), param="id")
        return answer_json(wire.write_message(1, say("done", is_english(request)), str(seed)))

    async def image(self, request: Request) -> Response:
        """GET /image/{id}: the task's picture, for the key that owns it."""
        key = await self._hall.admit(request)
        task = await self._hall.finder.get(key, _task_id(request))
        blob = task.pictures[0].blob if task.pictures else task.preview_blob
        if blob is None:
            raise NotFound("the task has no picture yet")
        return await self._room.stream(request, blob, fresh=not task.is_final)

    async def events(self, request: Request) -> Response:
        """GET /task/{id}/events: server-sent snapshots of the task until its end."""
        key = await self._hall.admit(request)
        task = await self._hall.finder.get(key, _task_id(request))
        return await self._events.stream(request, task, NAME)

    async def unknown(self, request: Request) -> Response:
        """Answer a path that this wire does not have, in this wire's shape."""
        body = wire.write_answer(
            404,
            say("path_unknown", is_english(request)),
            None,
            {"error": "path_unknown", "charged": False, "retry": False},
        )
        return answer_json(body, 404)


def _task_id(request: Request) -> int:
    return ids.read_task_id(request.path_params["task_id"])
