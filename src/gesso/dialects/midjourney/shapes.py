"""Answers of the Midjourney-proxy wire as typed structs (section 3), and their published names.

What is encoded and what the API description shows are the same types, so they cannot drift.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class SubmitResult(msgspec.Struct):
    """提交结果 (section 3.1): the answer of every submit and of every refusal."""

    code: int
    description: str
    result: str | list[str] | None = None
    properties: dict[str, Any] = {}


class Message(msgspec.Struct):
    """Message (section 3.2): answers of cancel, of image-seed and of the accounts."""

    code: int
    description: str
    result: Any = None


class Button(msgspec.Struct, rename="camel"):
    """可执行按钮 (section 3.4): send `customId` to action; style 3 is set or used."""

    custom_id: str
    emoji: str
    label: str
    style: int
    type: int


class ImageUrl(msgspec.Struct):
    """One picture or clip, and a small one of it."""

    url: str
    thumbnail: str


class Displays(msgspec.Struct, rename="camel"):
    """Texts that screens show."""

    action: str
    status: str
    submit_time: str
    start_time: str
    finish_time: str
    discord_instance_id: str


class Task(msgspec.Struct, rename="camel"):
    """任务 (section 3.3): first the published fields, then our additions; times are epoch ms."""

    id: str
    action: str
    status: str
    prompt: str
    prompt_en: str
    description: str
    state: str | None
    submit_time: int | None
    start_time: int | None
    finish_time: int | None
    image_url: str | None
    progress: str | None
    fail_reason: str | None
    properties: dict[str, Any]
    buttons: list[Button]
    task_id: str
    parent_id: str | None
    bot_type: str
    mode: str
    custom_id: str | None
    seed: int | None
    image_urls: list[ImageUrl]
    image_width: int | None
    image_height: int | None
    video_url: str | None
    video_urls: list[ImageUrl]
    displays: Displays | msgspec.UnsetType = msgspec.UNSET


class Sort(msgspec.Struct):
    """How a page is sorted."""

    empty: bool = False
    sorted: bool = True
    unsorted: bool = False


class Pageable(msgspec.Struct, rename="camel"):
    """Which page was asked for."""

    sort: Sort
    offset: int
    page_number: int
    page_size: int
    paged: bool = True
    unpaged: bool = False


class Page(msgspec.Struct, rename="camel"):
    """Page«任务» in the shape of Spring (section 3.6)."""

    content: list[Any]
    pageable: Pageable
    total_elements: int
    total_pages: int
    last: bool
    size: int
    number: int
    sort: Sort
    first: bool
    number_of_elements: int
    empty: bool


class TaskPage(Page, rename="camel"):
    """Page«任务»."""

    content: list[Task]


def titled(kind: Any, title: str) -> Any:
    """Return a type under its published name."""
    return Annotated[kind, Meta(title=title)]
