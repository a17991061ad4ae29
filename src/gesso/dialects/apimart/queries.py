"""Handlers that ask for tasks: one, many, receipts, families, seeds; and cancel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import bodies, shapes, wire
from gesso.dialects.apimart.hall import Hall, answer_json
from gesso.dialects.apimart.orders import NAME
from gesso.dialects.apimart.submits import Services
from gesso.dialects.apimart.words import read_language
from gesso.domain.errors import GessoError, InvalidOrder
from gesso.domain.search import Search
from gesso.domain.task import Action, Task, TaskStatus
from gesso.services.spending import Posting, write_dollars

#: Shown while nothing is learnt yet; the wire's own sample value (section 6.2).
_ESTIMATE_S = 60
#: Most tasks of one family that are shown. Answers nest, and JSON only so deep.
_FAMILY = 300
_PAGE, _MOST_PAGES = 20, 100_000


class Queries:
    """Answers questions about tasks."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Hold what all handlers share and the services."""
        self._hall = hall
        self._services = services

    async def flat(self, request: Request) -> Response:
        """GET /v1/midjourney/{id} (6.1)."""
        _, task = await self._named(request)
        return answer_json(wire.write(wire.flat(task, self._hall.links)))

    async def unified(self, request: Request) -> Response:
        """GET /v1/tasks/{id} (6.2)."""
        _, task = await self._named(request)
        return answer_json(wire.write_data(self._unified(request, task)))

    async def batch(self, request: Request) -> Response:
        """POST /v1/tasks/batch: tasks in the order of their ids, unknown ones marked."""
        key, _, body = await self._hall.read(request, bodies.Batch)
        most = self._hall.bounds.rows
        if not body.ids or len(body.ids) > most:
            raise InvalidOrder(f"ids holds 1-{most} task ids", param="ids")
        show = self._shower(request)
        found = await self._hall.tasks(key, body.ids)
        return answer_json(
            wire.write_data(
                [
                    show(one) if isinstance(one, Task) else _unknown(named, one)
                    for named, one in zip(body.ids, found, strict=True)
                ]
            )
        )

    async def events(self, request: Request) -> Response:
        """GET /v1/tasks/{id}/events: server-sent snapshots of the task until its end."""
        _, task = await self._named(request)
        return await self._services.events.stream(request, task, NAME)

    async def search(self, request: Request) -> Response:
        """GET /v1/tasks: one page of the account's tasks, newest first."""
        key = await self._hall.admit(request)
        wanted = request.query_params
        number = _whole(wanted.get("page"), "page", 1, _MOST_PAGES, 1)
        size = _whole(wanted.get("page_size"), "page_size", 1, self._hall.bounds.rows, _PAGE)
        page = await self._hall.finder.search(
            key,
            Search(
                number=number - 1,
                size=size,
                statuses=_statuses(wanted.get("status")),
                actions=_actions(wanted.get("action")),
            ),
        )
        items = [self._unified(request, task) for task in page.tasks]
        return answer_json(wire.write_data(shapes.FoundTasks(items, number, size, page.total)))

    async def cancel(self, request: Request) -> Response:
        """POST /v1/tasks/{id}/cancel: any open task, its hold released."""
        key, task = await self._named(request)
        ended = await self._services.canceller.cancel(key, task.id)
        return answer_json(wire.write_data(self._unified(request, ended)))

    async def seed(self, request: Request) -> Response:
        """GET /v1/tasks/{id}/seed: the seed that paints the same pictures again."""
        _, task = await self._named(request)
        seed = task.result.get("seed")
        if seed is None:
            raise InvalidOrder("the task has no seed (yet)", param="task_id")
        return answer_json(wire.write_data(shapes.TaskSeed(wire.face(task), seed)))

    async def receipt(self, request: Request) -> Response:
        """GET /v1/tasks/{id}/receipt: every posting of a task and what they mean."""
        _, task = await self._named(request)
        postings = await self._services.spending.receipt(task)
        sums = {verb: 0 for verb in ("hold", "capture", "release")}
        for posting in postings:
            sums[posting.verb] = sums.get(posting.verb, 0) + posting.amount_nanos
        receipt = shapes.Receipt(
            id=wire.face(task),
            status=wire.UNIFIED[task.status],
            price_key=task.price_key,
            currency="USD",
            held=write_dollars(sums["hold"]),
            charged=write_dollars(sums["capture"]),
            released=write_dollars(sums["release"]),
            open=write_dollars(sums["hold"] - sums["capture"] - sums["release"]),
            explanation=_explain(task, sums),
            entries=[_entry(posting) for posting in postings],
        )
        return answer_json(wire.write_data(receipt))

    async def tree(self, request: Request) -> Response:
        """GET /v1/tasks/{id}/tree: where a task comes from and what was made of it."""
        _, task = await self._named(request)
        family = await self._hall.finder.family(task, limit=_FAMILY)
        return answer_json(wire.write_data(shapes.Family(wire.face(task), _nest(family))))

    async def _named(self, request: Request) -> tuple[Any, Task]:
        key = await self._hall.admit(request)
        return key, await self._hall.task(key, request.path_params["task_id"], "query")

    def _unified(self, request: Request, task: Task) -> shapes.UnifiedTask:
        return self._shower(request)(task)

    def _shower(self, request: Request) -> Callable[[Task], shapes.UnifiedTask]:
        """Return what writes tasks in the language of a request."""
        language = read_language(request.query_params.get("language"))

        def show(task: Task) -> shapes.UnifiedTask:
            pace = self._services.quoter.known_pace(task.channel_id, task.action, task.lane)
            estimated_s = round(pace.run_s) if pace and pace.run_s else _ESTIMATE_S
            return wire.unified(task, self._hall.links, language=language, estimated_s=estimated_s)

        return show


def _unknown(named: bodies.Id, error: GessoError) -> shapes.UnknownTask:
    return shapes.UnknownTask(str(named)[:60], "not_found", wire.fault(error))


def _entry(posting: Posting) -> shapes.ReceiptEntry:
    return shapes.ReceiptEntry(
        reference=posting.reference,
        verb=posting.verb,
        source=posting.source,
        destination=posting.destination,
        amount=write_dollars(posting.amount_nanos),
        price_key=posting.price_key,
        posted_at=wire.seconds(posting.posted_at),
    )


def _explain(task: Task, sums: dict[str, int]) -> str:
    held, charged, released = sums["hold"], sums["capture"], sums["release"]
    price = write_dollars(held)
    if task.sandboxed:
        return "a test key pays nothing"
    if not held:
        waits = task.status is TaskStatus.NEEDS_INPUT
        return "held when the dialog is answered" if waits else "nothing was ever held"
    if not task.is_final:
        return f"${price} are held until the task ends"
    if task.status is not TaskStatus.SUCCEEDED:
        return f"nothing was delivered; all of ${price} went back"
    if released:
        part = f"${write_dollars(charged)} of ${price} were charged, the rest went back"
        return f"{task.fail_reason or 'only a part was delivered'}: {part}"
    return f"everything was delivered; ${price} were charged"


def _nest(family: Sequence[Task]) -> shapes.FamilyTask:
    """Return the first task with its children, and theirs, in the order of their submits."""
    nodes = {
        task.id: shapes.FamilyTask(
            id=wire.face(task),
            action=wire.action_of(task),
            status=wire.STATUS[task.status],
            index=task.parent_index,
            created_at=wire.seconds(task.submitted_at),
            children=[],
        )
        for task in family
    }
    first, *others = family
    for task in others:
        parent = nodes.get(task.parent_id or first.id, nodes[first.id])
        parent.children.append(nodes[task.id])
    return nodes[first.id]


def _whole(text: str | None, name: str, low: int, high: int, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high):
        raise InvalidOrder(f"{name} must be {low}-{high}", param=name)
    return int(text)


def _statuses(text: str | None) -> tuple[TaskStatus, ...]:
    """Return our statuses for a list of published ones, of either shape."""
    wanted = {name.strip().lower() for name in (text or "").split(",") if name.strip()}
    shapes = (wire.UNIFIED, wire.STATUS)
    known = {word.lower() for shape in shapes for word in shape.values()}
    if not wanted <= known:
        raise InvalidOrder(f"status must be one of {', '.join(sorted(known))}", param="status")
    return tuple(s for s in TaskStatus if wanted & {shape[s].lower() for shape in shapes})


def _actions(text: str | None) -> tuple[Action, ...]:
    wanted = {name.strip().upper() for name in (text or "").split(",") if name.strip()}
    if not wanted <= set(Action):
        known = ", ".join(Action).lower()
        raise InvalidOrder(f"action must be one of {known}", param="action")
    return tuple(action for action in Action if action in wanted)
