"""Requests of the APIMart wire as typed structs (wire/apimart sections 4, 5 and 12).

Pure translation. Unknown fields are ignored; a number may come as text, as there.
"""

from __future__ import annotations

from typing import Any

import msgspec

Id = str | int | None


class Submit(msgspec.Struct):
    """What every submit may carry.

    `notifyHook`, `max_cost` and `deadline` are ours; `webhook` and `language` are the
    platform's, for every submit (wire/decisions 15).
    """

    speed: str | None = None
    metadata: dict[str, Any] | None = None
    nsfw_check: bool | None = None
    webhook: str | None = None
    language: str | None = None
    notify_hook: str | None = msgspec.field(name="notifyHook", default=None)
    state: str | None = None
    max_cost: float | str | None = None
    deadline: float | str | None = None


class Flagged(Submit):
    """Structured prompt fields (section 5): each wins over its flag in the prompt."""

    prompt: str | None = None
    image_urls: list[str] | None = None
    size: str | None = None
    quality: float | str | None = None
    style: str | None = None
    version: float | str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    stylize: int | None = None
    chaos: int | None = None
    weird: int | None = None
    tile: bool | None = None
    niji: bool | None = None
    iw: float | None = None
    cw: int | None = None
    sw: int | None = None
    cref: str | None = None
    sref: str | None = None
    dref: str | None = None
    dw: float | None = None
    repeat: int | None = None
    raw: bool | None = None
    draft: bool | None = None
    hd: bool | None = None
    stop: int | None = None
    extra: str | None = None


class Imagine(Flagged):
    """4.1: four pictures by words."""


class Edits(Flagged):
    """4.4: a picture made over by words."""


class Blend(Submit):
    """4.2: two to four pictures in one."""

    image_urls: list[str] | None = None
    dimensions: str | None = None
    size: str | None = None


class Describe(Submit):
    """4.3: four prompts for a picture."""

    image_urls: list[str] | None = None


class Shorten(Submit):
    """Up to five shorter prompts; the wire has a price for it and no page."""

    prompt: str | None = None


class FollowUp(Submit):
    """What every action on a finished task takes; `custom_id` wins over all other choices."""

    task_id: Id = None
    index: int | None = None
    custom_id: str | None = None


class Zoom(FollowUp):
    """4.8: below 2 zooms out 1.5 times, else 2 times."""

    zoom_ratio: float | None = None


class Pan(FollowUp):
    """4.9: more of one side."""

    direction: str | None = None


class Remix(FollowUp):
    """4.13: a variation with an edited prompt."""

    prompt: str | None = None


class Video(FollowUp):
    """4.12: clips from a picture or from a task; `index` is 0–3 here."""

    prompt: str | None = None
    image_urls: list[str] | None = None
    video_type: str | None = None
    animate_mode: str | None = None
    motion: str | None = None
    batch_size: int | None = None
    end_url: str | None = None


class Modal(Submit):
    """4.11: the answer to a dialog."""

    task_id: Id = None
    prompt: str | None = None
    mask_url: str | None = None


class Images(Submit):
    """Section 12: any image model by one form."""

    model: str | None = None
    prompt: str | None = None
    n: int | None = None
    size: str | None = None
    resolution: str | None = None
    quality: str | None = None
    image_urls: list[str] | None = None
    mask_url: str | None = None


class Batch(msgspec.Struct):
    """Ids of either face, in the order of the answer."""

    ids: list[str | int] | None = None


class Quoted(msgspec.Struct):
    """Which submit is to be quoted; the rest of the body is that submit's own."""

    action: str | None = None
