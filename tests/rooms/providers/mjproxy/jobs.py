"""Jobs as the step hands them to a provider."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.provider import Job, Material
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus
from gesso.kit import clock
from tests.upstream import CLIP, png

UUID = "11111111-2222-3333-4444-555555555555"
STORED = {"grid": png(8, 8), "tile": png(4, 4), "clip": CLIP + b"stored"}


def task(action: Action = Action.IMAGINE, **changes: Any) -> Task:
    values: dict[str, Any] = {
        "id": 1234567890123456,
        "account_id": "acc",
        "key_id": "key",
        "action": action,
        "status": TaskStatus.SUBMITTING,
        "lane": Lane.FAST,
        "submitted_at": clock.now(),
        "channel_id": "ch_up",
        "final_prompt": "a boat --ar 3:2",
    }
    return Task(**(values | changes))


def parent(*, here: bool = True, video: bool = False, buttons: Sequence[str] = ()) -> Task:
    """A finished task of this channel, or of another one with its pictures in our store."""
    kinds = [("grid", "image/png"), *[("clip", "video/mp4") if video else ("tile", "image/png")]]
    pictures = tuple(
        Picture(position, name, mime, 8, 8, len(STORED[name]))
        for position, (name, mime) in enumerate([kinds[0], *[kinds[1]] * 4])
    )
    made = task(Action.VIDEO if video else Action.IMAGINE, id=1, pictures=pictures)
    result = {"upstream_id": "1000", "buttons": list(buttons)}
    return dataclasses.replace(made, result=result, channel_id="ch_up" if here else "ch_other")


async def read_blob(key: str) -> bytes:
    return STORED[key]


def job(
    url: str,
    action: Action = Action.IMAGINE,
    *,
    pictures: Sequence[bytes] = (),
    of: Task | None = None,
    mask: bytes | None = None,
    options: dict[str, Any] | None = None,
    prompt: str = "a boat --ar 3:2",
    **order: Any,
) -> Job:
    made = task(action, order=order, final_prompt=prompt, parent_id=of.id if of else None)
    channel = Channel("ch_up", "up", "mjproxy", base_url=url, options=options or {})
    material = Material(pictures, mask=mask, parent=of, base=of, read_blob=read_blob)
    return Job(made, channel, f"{made.id}-1", material)
