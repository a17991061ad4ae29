"""/tasks: tasks of every account."""

from __future__ import annotations

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.wire import Moment, Money, Page, Paged, Query, View, write_money
from gesso.domain import ids
from gesso.domain.permission import Permission
from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.http.pictures import PictureLinks
from gesso.services.browse import TaskFilter
from gesso.services.office import Office


class TaskQuery(Paged):
    """Which tasks; times are those of the submit."""

    status: TaskStatus | None = None
    action: Action | None = None
    account: Query = ""
    key: Query = ""
    channel: Query = ""
    prompt: Query = ""
    since: Moment | None = None
    until: Moment | None = None


class PictureView(View):
    """A stored result."""

    position: int
    url: str
    width: int
    height: int
    size_bytes: int


class TaskView(View):
    """A task as an operator sees it."""

    id: str
    ulid: str
    status: TaskStatus
    action: Action
    lane: Lane
    dialect: str
    account: str
    key: str
    channel: str | None
    prompt: str
    progress: int
    submitted_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    price: Money
    charged: Money
    price_key: str
    test: bool
    fail_code: str | None
    fail_reason: str | None
    parent: str | None
    callback_url: str | None
    pictures: list[PictureView]


class Tasks:
    """The handlers of this noun."""

    def __init__(self, office: Office, links: PictureLinks) -> None:
        """Hold the desks and who makes links."""
        self._desk = office.tasks
        self._links = links

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table, one = Table("tasks"), "/tasks/{task_id}"
        table.list("/tasks", self.page, "Search tasks", answer=Page[TaskView], query=TaskQuery)
        table.add("GET", one, self.get, "Get a task", permission=Permission.READ, answer=TaskView)
        table.add(
            "POST", one + "/cancel", self.cancel, "Cancel an open task and give its hold back",
            permission=Permission.TASKS, answer=TaskView, errors=(409,),
        )  # fmt: skip
        return table.rows

    async def page(self, call: Call[TaskQuery, None]) -> tuple[list[TaskView], str | None]:
        """GET /tasks."""
        query = call.query
        wanted = TaskFilter(
            status=query.status or "",
            action=query.action or "",
            account_id=query.account,
            key_id=query.key,
            channel_id=query.channel,
            prompt=query.prompt,
            since=query.since,
            until=query.until,
        )
        found, cursor = await self._desk.page(wanted, call.part)
        return [self._write(task) for task in found], cursor

    async def get(self, call: Call[None, None]) -> TaskView:
        """GET /tasks/{task_id}."""
        return self._write(await self._desk.get(ids.read_task_id(call.path["task_id"])))

    async def cancel(self, call: Call[None, None]) -> TaskView:
        """POST /tasks/{task_id}/cancel."""
        task_id = ids.read_task_id(call.path["task_id"])
        return self._write(await self._desk.cancel(call.actor, task_id))

    def _write(self, task: Task) -> TaskView:
        return TaskView(
            id=str(task.id),
            ulid=ids.write_ulid(task.id, task.submitted_at),
            status=task.status,
            action=task.action,
            lane=task.lane,
            dialect=task.dialect,
            account=task.account_id,
            key=task.key_id,
            channel=task.channel_id,
            prompt=task.prompt,
            progress=task.progress,
            submitted_at=task.submitted_at,
            started_at=task.started_at,
            finished_at=task.finished_at,
            price=write_money(task.price_nanos),
            charged=write_money(task.charged_nanos),
            price_key=task.price_key,
            test=task.sandboxed,
            fail_code=task.fail_code,
            fail_reason=task.fail_reason,
            parent=None if task.parent_id is None else str(task.parent_id),
            callback_url=task.notify_hook,
            pictures=[
                PictureView(
                    position=p.position,
                    url=self._links.to(task, p),
                    width=p.width,
                    height=p.height,
                    size_bytes=p.size_bytes,
                )
                for p in task.pictures
            ],
        )
