"""The site map of this wire: one table from which routes and their description are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gesso.dialects.apimart import bodies, shapes
from gesso.http.answering import Handler
from gesso.http.openapi import File, Operation

if TYPE_CHECKING:
    from gesso.dialects.apimart.models import Models
    from gesso.dialects.apimart.money import Money
    from gesso.dialects.apimart.queries import Queries
    from gesso.dialects.apimart.submits import Submits

GENERATIONS = "/v1/midjourney/generations"
_SUBMIT, _TASKS = "APIMart: submits", "APIMart: tasks"
_MONEY, _MODELS = "APIMart: money", "APIMart: models and uploads"
_TASK = "task_01KAHXTS80XCCXJZHGFGYJJTC1"
_LINK = "https://example.com/fox.png"
_TERMS = (
    "Takes `Idempotency-Key`, `webhook`, `notifyHook`, `metadata`, `max_cost`, `deadline` (or the "
    "header `Cancel-After`)."
)
#: Refusals of what is read, what is written, and what is ordered.
_READS = (400, 401, 403, 404, 429)
_WRITES = (400, 401, 403, 404, 409, 413, 429)
_ORDERS = (400, 401, 402, 403, 404, 409, 413, 422, 429, 503)

Accepted = shapes.Done[list[shapes.AcceptedTask]]
OneTask = shapes.Done[shapes.UnifiedTask]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of this wire, and the other paths where it is found too."""

    method: str
    path: str
    handler: Handler
    tag: str
    summary: str
    answer: Any
    body: Any = None
    example: Any = None
    form: Any = None
    query: type[msgspec.Struct] | None = None
    refusals: tuple[int, ...] = _READS
    also: tuple[str, ...] = ()
    description: str = ""
    media: tuple[str, ...] = ("application/json",)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path of this route."""
        return (self.path, *self.also)

    @property
    def operation(self) -> Operation:
        """Return how this route is documented."""
        about = [self.description] if self.description else []
        if self.also:
            about.append(f"Also at {', '.join(f'`{path}`' for path in self.also)}.")
        return Operation(
            method=self.method,
            path=self.path,
            tag=self.tag,
            wire="APIMart",
            summary=self.summary,
            answer=self.answer,
            body=self.body,
            form=self.form,
            query=self.query,
            media=self.media,
            refusals=self.refusals,
            error=shapes.MartError,
            example=self.example,
            description=" ".join(about),
        )


class LanguageQuery(msgspec.Struct):
    """In which language failures are told."""

    language: str = "en"


class TasksQuery(msgspec.Struct):
    """Which tasks; lists are separated by commas."""

    page: int = 1
    page_size: int = 20
    status: str = ""
    action: str = ""
    language: str = "en"


class UsageQuery(msgspec.Struct):
    """Of which time; without one, the last 31 days."""

    start: str = ""
    end: str = ""
    tz: str = "Asia/Shanghai"
    scope: str = "key"
    group_by: str = "none"
    model: str = ""


class ModelsQuery(msgspec.Struct):
    """Which models, and what of them beside their names."""

    category: str = ""
    expand: str = ""


class OperationQuery(msgspec.Struct):
    """For which submit."""

    operation: str = "images"


class SchemaQuery(OperationQuery):
    """Of which model, and for which submit."""

    model: str = ""


class UploadForm(msgspec.Struct):
    """A picture of at most 20 MB: JPEG, PNG, GIF or WebP."""

    file: File


class QuoteBody(bodies.Quoted):
    """`action` and the body of that submit."""

    prompt: str | None = None
    task_id: str | int | None = None
    index: int | None = None
    speed: str | None = None
    image_urls: list[str] | None = None


#: Submits by their last path part, which is the billing name with hyphens: what they do and
#: a body that works, once the ids and links in it are the caller's own.
SUBMITS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "imagine": ("Four pictures from words", {"prompt": "a red fox in the snow", "size": "3:2"}),
    "blend": ("Two to four pictures in one", {"image_urls": [_LINK, _LINK]}),
    "describe": ("Four prompts for a picture", {"image_urls": [_LINK]}),
    "edits": ("A picture made over", {"prompt": "add a lighthouse", "image_urls": [_LINK]}),
    "upscale": ("One picture of a grid", {"task_id": _TASK, "index": 2}),
    "variation": ("Pictures like one of a grid", {"task_id": _TASK, "index": 2}),
    "high-variation": ("Quite different ones", {"task_id": _TASK, "index": 2}),
    "low-variation": ("Hardly different ones", {"task_id": _TASK, "index": 2}),
    "reroll": ("The same order once more", {"task_id": _TASK}),
    "zoom": ("More on all sides", {"task_id": _TASK, "zoom_ratio": 2}),
    "pan": ("More on one side", {"task_id": _TASK, "direction": "left"}),
    "inpaint": ("Open the dialog to repaint a part", {"task_id": _TASK}),
    "video": ("Clips of a picture or a task", {"prompt": "slow waves", "image_urls": [_LINK]}),
    "remix-strong": (
        "Another prompt, far from it",
        {"task_id": _TASK, "index": 2, "prompt": "a fox"},
    ),
    "remix-subtle": (
        "Another prompt, close to it",
        {"task_id": _TASK, "index": 2, "prompt": "a fox"},
    ),
    "shorten": ("Shorter prompts", {"prompt": "a very beautiful red fox in deep white snow"}),
}


def submit_table(submits: Submits) -> list[Endpoint]:
    """Return the submits (section 4), and the answer to a dialog."""
    found = []
    for name, (summary, example) in SUBMITS.items():
        action = name.replace("-", "_")
        path = f"{GENERATIONS}/{name}"
        # The short form is ours: the wire has no page for shorten, and so no long one.
        also = [GENERATIONS] if name == "imagine" else []
        found.append(
            Endpoint(
                "POST", path, submits.submit(action), _SUBMIT, summary, Accepted,
                body=submits.table[action][0], example=example, refusals=_ORDERS,
                also=(*also, f"/v1/midjourney/{name}"), description=_TERMS,
            )
        )  # fmt: skip
    found.append(
        Endpoint(
            "POST", f"{GENERATIONS}/modal", submits.modal, _SUBMIT, "Answer a dialog", Accepted,
            body=bodies.Modal, example={"task_id": _TASK, "prompt": "a red hat"},
            refusals=_ORDERS, also=("/v1/midjourney/modal",), description=_TERMS,
        )
    )  # fmt: skip
    return found


def order_table(submits: Submits) -> list[Endpoint]:
    """Return the general image form, quotes and repeated orders."""
    return [
        Endpoint("POST", "/v1/images/generations", submits.submit("images"), _SUBMIT,
                 "Pictures of any image model, as a task", Accepted, body=bodies.Images,
                 example={"model": "midjourney", "prompt": "a red fox", "size": "3:2"},
                 refusals=_ORDERS, description=_TERMS),
        Endpoint("POST", "/v1/quote", submits.quote, _SUBMIT,
                 "What a submit would cost and meet; nothing is stored or held",
                 shapes.Done[shapes.QuoteAnswer], body=QuoteBody,
                 example={"action": "imagine", "prompt": "a red fox"}, refusals=_ORDERS),
        Endpoint("POST", "/v1/tasks/{task_id}/rerun", submits.rerun, _SUBMIT,
                 "The same work once more, with the same seed", Accepted, body=bodies.Submit,
                 example={}, refusals=_ORDERS, description=_TERMS),
    ]  # fmt: skip


def task_table(queries: Queries) -> list[Endpoint]:
    """Return what asks for tasks (sections 6 and 7)."""
    one = "/v1/tasks/{task_id}"
    return [
        Endpoint("GET", "/v1/midjourney/{task_id}", queries.flat, _TASKS,
                 "One task, flat, with its buttons", shapes.FlatTask),
        Endpoint("GET", one, queries.unified, _TASKS, "One task", OneTask, query=LanguageQuery),
        Endpoint("POST", "/v1/tasks/batch", queries.batch, _TASKS,
                 "Tasks by id, in the order of the ids",
                 shapes.Done[list[shapes.BatchTask]], body=bodies.Batch,
                 example={"ids": [_TASK]}, query=LanguageQuery,
                 refusals=_WRITES),
        Endpoint("GET", "/v1/tasks", queries.search, _TASKS, "A page of tasks, newest first",
                 shapes.Done[shapes.FoundTasks], query=TasksQuery),
        Endpoint("POST", one + "/cancel", queries.cancel, _TASKS,
                 "Cancel an open task; its hold goes back", OneTask, query=LanguageQuery,
                 refusals=_WRITES),
        Endpoint("GET", one + "/seed", queries.seed, _TASKS, "The seed of a task",
                 shapes.Done[shapes.TaskSeed]),
        Endpoint("GET", one + "/events", queries.events, _TASKS,
                 "Server-sent events of a task until its end", None,
                 media=("text/event-stream",)),
        Endpoint("GET", one + "/receipt", queries.receipt, _TASKS,
                 "What a task cost and why, with every posting", shapes.Done[shapes.Receipt]),
        Endpoint("GET", one + "/tree", queries.tree, _TASKS,
                 "Where a task comes from and what was made of it", shapes.Done[shapes.Family]),
    ]  # fmt: skip


def money_table(money: Money) -> list[Endpoint]:
    """Return balances and usage (section 13)."""
    return [
        Endpoint("GET", "/v1/balance", money.balance, _MONEY, "What this key may still spend",
                 shapes.BalanceAnswer, also=("/balance",)),
        Endpoint("GET", "/v1/user/balance", money.user_balance, _MONEY,
                 "What the account can spend", shapes.BalanceAnswer, also=("/user/balance",)),
        Endpoint("GET", "/v1/usage", money.usage, _MONEY, "What was charged",
                 shapes.Done[shapes.UsageAnswer], query=UsageQuery, also=("/usage",)),
    ]  # fmt: skip


def model_table(models: Models, upload: Handler) -> list[Endpoint]:
    """Return the catalogue (section 13) and the upload (section 11)."""
    return [
        Endpoint("POST", "/v1/uploads/images", upload, _MODELS,
                 "Store a picture and get a link to order with", shapes.UploadedPicture,
                 form=UploadForm, refusals=_WRITES),
        Endpoint("GET", "/v1/models", models.listed, _MODELS, "Image models",
                 shapes.ImageModelList, query=ModelsQuery),
        Endpoint("GET", "/v1/models/{model}", models.shown, _MODELS, "One image model",
                 shapes.ImageModelEntry),
        Endpoint("GET", "/v1/models/{model}/schema", models.schema, _MODELS,
                 "What an order of a model takes", shapes.ModelSchema, query=OperationQuery),
        Endpoint("GET", "/v1/model-schema", models.schema, _MODELS,
                 "What an order of a model takes, named in the query", shapes.ModelSchema,
                 query=SchemaQuery),
    ]  # fmt: skip
