"""Answers of the APIMart wire as typed structs (sections 6–9, 11 and 13).

What is encoded and what the API description shows are the same types, so they cannot drift.
Times are seconds since the epoch, costs US dollars, credits ten to the dollar.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")


class MartFault(msgspec.Struct):
    """The `error` object of a refusal (section 8.1); `code` is the HTTP status."""

    code: int
    message: str
    type: str
    param: str | UnsetType = UNSET


class MartError(msgspec.Struct):
    """The envelope of every refusal."""

    error: MartFault


class Done(msgspec.Struct, Generic[T]):
    """The envelope of a success."""

    code: int
    data: T


class AcceptedTask(msgspec.Struct):
    """A task that was taken; `status` is `modal` when it waits for an answer."""

    status: str
    task_id: str


class TaskFiles(msgspec.Struct):
    """Links of results, and until when they work."""

    url: list[str]
    expires_at: int | None


class TaskResult(msgspec.Struct):
    """What a finished task made."""

    videos: list[TaskFiles] | UnsetType = UNSET
    images: list[TaskFiles] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    lines: list[Any] | UnsetType = UNSET


class TaskFault(msgspec.Struct):
    """Why a task failed, in the language asked for."""

    message: str
    type: str
    param: str
    code: str


class UnifiedTask(msgspec.Struct):
    """A task in the unified shape (section 6.2), which webhooks get without envelope."""

    id: str
    status: str
    progress: int
    cost: float
    credits_cost: float
    created: int | None
    estimated_time: int
    result: TaskResult | UnsetType = UNSET
    completed: int | UnsetType | None = UNSET
    actual_time: int | UnsetType = UNSET
    error: TaskFault | UnsetType = UNSET


class UnknownTask(msgspec.Struct):
    """What stands in a batch for an id that the caller has no task of."""

    id: str
    status: str
    error: MartFault


class BatchTask(msgspec.Struct, kw_only=True):
    """One place of a batch: a task, or its id with `not_found` and why.

    It describes `UnifiedTask` and `UnknownTask` together, which have no field that tells them
    apart by itself.
    """

    id: str
    status: str
    progress: int | UnsetType = UNSET
    cost: float | UnsetType = UNSET
    credits_cost: float | UnsetType = UNSET
    created: int | UnsetType | None = UNSET
    estimated_time: int | UnsetType = UNSET
    result: TaskResult | UnsetType = UNSET
    completed: int | UnsetType | None = UNSET
    actual_time: int | UnsetType = UNSET
    error: dict[str, Any] | UnsetType = UNSET


class FlatButton(msgspec.Struct):
    """A button; send `customId` as `custom_id`."""

    custom_id: str = msgspec.field(name="customId")
    label: str
    emoji: str
    style: int
    type: int


class FlatTask(msgspec.Struct, kw_only=True):
    """A task in the shape of `/v1/midjourney/{id}` (section 6.1)."""

    id: str
    status: str
    action: str
    mode: str
    progress: str
    video_url: str | UnsetType = UNSET
    video_urls: list[str] | UnsetType = UNSET
    grid_image_url: str | UnsetType = UNSET
    image_urls: list[str] | UnsetType = UNSET
    buttons: list[FlatButton]
    prompt: str
    prompt_en: str
    description: str
    fail_reason: str
    quota: int
    cost: float
    credits_cost: float
    created_at: int | None
    finished_at: int | None
    metadata: dict[str, Any] | UnsetType = UNSET


class FoundTasks(msgspec.Struct):
    """A page of tasks, newest first."""

    items: list[UnifiedTask]
    page: int
    page_size: int
    total: int


class TaskSeed(msgspec.Struct):
    """The seed that makes the same pictures again."""

    id: str
    seed: int | str


class ReceiptEntry(msgspec.Struct):
    """One posting of the books; amounts are US dollars as text."""

    reference: str
    verb: str
    source: str = msgspec.field(name="from")
    destination: str = msgspec.field(name="to")
    amount: str
    price_key: str
    posted_at: int | None


class Receipt(msgspec.Struct):
    """What a task cost, why, and every posting of it."""

    id: str
    status: str
    price_key: str
    currency: str
    held: str
    charged: str
    released: str
    open: str
    explanation: str
    entries: list[ReceiptEntry]


class FamilyTask(msgspec.Struct):
    """A task of a family with what was made of it."""

    id: str
    action: str
    status: str
    index: int | None
    created_at: int | None
    children: list[FamilyTask]


class Family(msgspec.Struct):
    """Where the task `id` comes from and what was made of it."""

    id: str
    root: FamilyTask


class QuotedChannel(msgspec.Struct):
    """The channel that would serve an order now."""

    id: str
    name: str


class QuoteAnswer(msgspec.Struct):
    """What an order would cost and meet; times are seconds, null while nothing is known."""

    action: str
    price_key: str
    cost: float
    credits_cost: float
    currency: str
    speed: str
    channel: QuotedChannel
    queue_place: int
    expected_s: float | None
    expected_wait_s: float | None
    expected_run_s: float | None
    samples: int
    billed_at: str


class BalanceAnswer(msgspec.Struct):
    """What may be spent and was; `-1` is without limit."""

    success: bool
    remain_balance: float
    used_balance: float
    remain_credits: float
    used_credits: float
    unlimited_quota: bool


class UsageSum(msgspec.Struct):
    """What was charged."""

    amount_usd: float
    credits: float
    requests: int
    prompt_tokens: int
    completion_tokens: int


class UsageItem(UsageSum):
    """What was charged of one model, on one date, or both; in the order of `group_by`."""

    model: str | UnsetType = UNSET
    date: str | UnsetType = UNSET


class UsageAnswer(msgspec.Struct):
    """Charges of a time, booked at the end of each task."""

    start: int | None
    end: int | None
    tz: str
    scope: str
    total: UsageSum
    items: list[UsageItem]


class ModelPath(msgspec.Struct):
    """Where a model is ordered."""

    method: str
    path: str


class ModelParameters(msgspec.Struct):
    """What an order of a model takes, as a JSON schema."""

    operation: str
    endpoint: ModelPath
    input_schema: dict[str, Any]


class ImageModelEntry(msgspec.Struct):
    """A model; `expand` adds the last three."""

    id: str
    object: str
    created: int
    owned_by: str
    supported_endpoint_types: list[str]
    category: str | UnsetType = UNSET
    capability_tags: list[str] | UnsetType = UNSET
    parameters: ModelParameters | UnsetType = UNSET


class ImageModelList(msgspec.Struct):
    """The image models."""

    object: str
    success: bool
    data: list[ImageModelEntry]


class ModelSchema(msgspec.Struct):
    """What an order of a model takes (section 13)."""

    object: str
    model: str
    operation: str
    endpoint: ModelPath
    input_schema: dict[str, Any]
    idempotency: dict[str, Any]
    response_contract: dict[str, Any]
    schema_version: int
    source: str


class UploadedPicture(msgspec.Struct):
    """A stored file and its link, which works for the hours set."""

    url: str
    filename: str
    content_type: str
    bytes: int
    created_at: int | None
