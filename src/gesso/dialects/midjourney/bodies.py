"""Requests of the Midjourney-proxy wire: JSON bodies as typed structs (section 4.1–4.3).

Pure translation; unknown fields are ignored, as every server of this wire does.
"""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from gesso.dialects.midjourney import wire
from gesso.domain import ids
from gesso.domain.errors import InvalidOrder, NotFound
from gesso.domain.order import Selection
from gesso.domain.search import Search
from gesso.domain.task import Action, Lane, TaskStatus

Id = str | int | None
#: Nobody turns so many pages; a larger number is a mistake that would only cost time.
_LAST_PAGE = 1_000_000
#: What a page may be sorted by; all mean the time of the submit.
_SORTS = ("id", "submitTime")


class AccountFilter(msgspec.Struct, rename="camel"):
    """账号筛选条件 (section 3.7)."""

    instance_id: str | None = None
    channel_id: str | None = None
    modes: list[str] | None = None
    remix: bool | None = None
    remix_auto_considered: bool | None = None
    remark: str | None = None

    def selection(self) -> Selection:
        """Return which channels are allowed."""
        return Selection(
            channel_id=self.instance_id or self.channel_id or "",
            remark=self.remark or "",
            remix=self.remix,
            auto_is_off=bool(self.remix_auto_considered),
        )

    def lane(self) -> Lane | None:
        """Return the first speed of `modes`."""
        return read_lane(self.modes[0]) if self.modes else None


class Submit(msgspec.Struct, rename="camel"):
    """What every submit may carry."""

    bot_type: str | None = None
    account_filter: AccountFilter | None = None
    notify_hook: str | None = None
    state: str | None = None


class ImagineBody(Submit, rename="camel"):
    """Imagine提交参数."""

    prompt: str | None = None
    base64_array: list[str] | None = None


class BlendBody(Submit, rename="camel"):
    """Blend提交参数."""

    base64_array: list[str] | None = None
    dimensions: str | None = None


class DescribeBody(Submit, rename="camel"):
    """Describe提交参数; `link` may stand for `base64`."""

    base64: str | None = None
    link: str | None = None
    language: str | None = None


class ShortenBody(Submit, rename="camel"):
    """Shorten提交参数."""

    prompt: str | None = None


class EditsBody(Submit, rename="camel"):
    """Edits提交参数 and Retexture提交参数; `image` is a link or base64."""

    prompt: str | None = None
    image: str | None = None
    mask_base64: str | None = None


class VideoBody(Submit, rename="camel"):
    """Video提交参数; `index` counts clips from 0."""

    prompt: str | None = None
    image: str | None = None
    end_image: str | None = None
    motion: str | None = None
    loop: bool | None = None
    video_type: str | None = None
    batch_size: int | None = None
    action: str | None = None
    task_id: Id = None
    index: int | None = None


class SwapBody(Submit, rename="camel"):
    """InsightFace提交参数: the face of `source` goes into `target`."""

    source_base64: str | None = None
    target_base64: str | None = None
    source_url: str | None = None
    target_url: str | None = None


class ActionBody(Submit, rename="camel"):
    """执行动作参数 (source page 001)."""

    task_id: Id = None
    custom_id: str | None = None
    choose_same_channel: bool | None = None
    enable_remix: bool | None = None


class ModalBody(Submit, rename="camel"):
    """弹窗提交参数 (source page 000)."""

    task_id: Id = None
    prompt: str | None = None
    mask_base64: str | None = None


class ChangeBody(Submit, rename="camel"):
    """变化任务提交参数."""

    task_id: Id = None
    action: str | None = None
    index: int | None = None


class SimpleChangeBody(Submit, rename="camel"):
    """Simple-change提交参数: `content` is `<taskId> U2`."""

    content: str | None = None


class UploadBody(msgspec.Struct, rename="camel"):
    """Upload提交参数."""

    base64_array: list[str] | None = None


class ShowBody(Submit, rename="camel"):
    """Show提交参数: the job's UUID or the link of a picture of ours."""

    job_id: str | None = None


class IdsBody(msgspec.Struct):
    """Body of list-by-condition."""

    ids: list[str | int] | None = None


class QueryBody(msgspec.Struct, rename="camel"):
    """任务查询参数: text fields match anywhere in the text."""

    page_number: int = 0
    page_size: int = 10
    sort: str | None = None
    id: Id = None
    ids: list[str | int] | None = None
    action: str | None = None
    status: str | None = None
    status_set: list[str] | None = None
    instance_id: str | None = None
    prompt: str | None = None
    prompt_en: str | None = None
    description: str | None = None
    state: str | None = None
    fail_reason: str | None = None

    def search(self, most: int) -> Search:
        """Return the search that this body asks for; raises InvalidOrder for a bad page."""
        page = paging(self.page_number, self.page_size, most)
        name, _, way = (self.sort or "id,desc").partition(",")
        if name.strip() not in _SORTS or way.strip().lower() not in {"", "asc", "desc"}:
            raise InvalidOrder(
                f"sort must be one of {', '.join(_SORTS)} and asc or desc", param="sort"
            )
        wanted = [*(self.ids or ()), *((self.id,) if self.id else ())]
        return replace(
            page,
            oldest_first=way.strip().lower() == "asc",
            ids=tuple(readable(wanted)) if wanted else None,
            statuses=_statuses([*(self.status_set or ()), self.status or ""]),
            actions=_actions(self.action),
            channel_id=self.instance_id or "",
            contains={
                name: text
                for name, text in (
                    ("prompt", self.prompt),
                    ("final_prompt", self.prompt_en),
                    ("description", self.description),
                    ("state", self.state),
                    ("fail_reason", self.fail_reason),
                )
                if text
            },
        )


def paging(number: int, size: int, most: int) -> Search:
    """Return the page that is asked for; raises InvalidOrder when there cannot be one."""
    if not 0 <= number <= _LAST_PAGE or not 1 <= size <= most:
        raise InvalidOrder(f"pageNumber is 0–{_LAST_PAGE} and pageSize 1–{most}", param="pageSize")
    return Search(number=number, size=size)


def _statuses(names: list[str]) -> tuple[TaskStatus, ...]:
    """Return our statuses for published ones; SUBMITTED and IN_PROGRESS are one to us."""
    wanted = {name.strip().upper() for name in names if name.strip()}
    known = {*wire.STATUS.values(), "SUBMITTED"}
    if not wanted <= known:
        raise InvalidOrder(f"status must be one of {', '.join(sorted(known))}", param="status")
    if "SUBMITTED" in wanted:
        wanted.add("IN_PROGRESS")
    return tuple(ours for ours, published in wire.STATUS.items() if published in wanted)


def _actions(name: str | None) -> tuple[Action, ...]:
    wanted = (name or "").strip().upper()
    found = tuple(ours for ours, published in wire.ACTION.items() if published == wanted)
    if wanted and not found:
        known = ", ".join(sorted(set(wire.ACTION.values())))
        raise InvalidOrder(f"action must be one of {known}", param="action")
    return found


def read_lane(mode: str) -> Lane:
    """Return the lane of a mode such as FAST; raises InvalidOrder for another word."""
    try:
        return Lane(mode.strip().lower())
    except ValueError:
        raise InvalidOrder(
            f"accountFilter.modes must be RELAX, FAST or TURBO, not {mode[:20]!r}",
            param="accountFilter.modes",
        ) from None


def read_change(content: str | None) -> tuple[str, str, int | None] | None:
    """Return (task id, action, index) of `<taskId> U2`; None for another form (section 4.1)."""
    match = re.fullmatch(r"(\S+) ([uvUV])([1-4])|(\S+) ([rR])", (content or "").strip())
    if match is None:
        return None
    if match[5]:
        return match[4], "REROLL", None
    return match[1], {"u": "UPSCALE", "v": "VARIATION"}[match[2].lower()], int(match[3])


def readable(wanted: list[str | int]) -> list[int]:
    """Return the ids of either face that are ids at all."""
    found = []
    for one in wanted:
        try:
            found.append(ids.read_task_id(str(one)))
        except NotFound:
            continue
    return found
