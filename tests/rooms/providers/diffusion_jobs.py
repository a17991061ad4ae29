"""Jobs for backends that run a diffusion model, with stored parents of real pictures."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from gesso.domain.channel import Channel
from gesso.domain.provider import Job, Material, Progress, Stage
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus

SIZE = (128, 64)


def picture(size: tuple[int, int] = SIZE, red: int = 200) -> bytes:
    """A picture whose every pixel is different from its neighbours."""
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    pixels = np.stack([np.full_like(rows, red), rows * 3 % 256, columns * 2 % 256], axis=-1)
    return _png(Image.fromarray(pixels.astype(np.uint8)))


def left_half(size: tuple[int, int] = SIZE) -> bytes:
    """A mask that repaints the left half."""
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return _png(mask)


def pixels(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


STORED = {"0": picture((256, 128)), **{str(n): picture(red=n * 40) for n in range(1, 5)}}
CLIP = {"0": picture(), "1": b"a clip"}


def parent(kind: str = "grid") -> Task:
    """A finished task: a grid, a single picture or a clip."""
    positions = {"grid": range(5), "single": range(1), "clip": range(2)}[kind]
    mimes = ["image/png", "video/mp4" if kind == "clip" else "image/png"]
    shown = tuple(
        Picture(n, f"{kind}/{n}", mimes[min(n, 1)], *SIZE, len(STORED[str(n)])) for n in positions
    )
    return _task(Action.VIDEO if kind == "clip" else Action.IMAGINE, pictures=shown, id=1)


async def read_blob(key: str) -> bytes:
    kind, _, name = key.partition("/")
    if kind == "clip":
        return CLIP[name]
    return STORED["1"] if kind == "single" else STORED[name]


def _task(action: Action, **changes: Any) -> Task:
    values: dict[str, Any] = {
        "id": 1234567890123456,
        "account_id": "acc",
        "key_id": "key",
        "action": action,
        "status": TaskStatus.SUBMITTING,
        "lane": Lane.FAST,
        "submitted_at": datetime.now(UTC),
        "channel_id": "ch",
        "final_prompt": "a boat --ar 2:1 --no fog",
    }
    return Task(**(values | changes))


def job(
    url: str = "",
    action: Action = Action.IMAGINE,
    *,
    of: Task | None = None,
    pictures: Sequence[bytes] = (),
    mask: bytes | None = None,
    prompt: str = "a boat --ar 2:1 --no fog",
    options: dict[str, Any] | None = None,
    **order: Any,
) -> Job:
    channel = Channel("ch", "ch", "p", base_url=url, options={"size": "128x64", **(options or {})})
    task = _task(action, order={"seed": 7, **order}, final_prompt=prompt)
    base = None if order.get("deed") == "reroll" else of
    material = Material(pictures, mask=mask, parent=of, base=base, read_blob=read_blob)
    return Job(task, channel, f"{task.id}-1", material)


async def finish(provider: Any, one: Job, limit_s: float = 20) -> Progress:
    upstream_id = await provider.submit(one)
    async with asyncio.timeout(limit_s):
        while True:
            progress: Progress = await provider.poll(one, upstream_id)
            if progress.stage is not Stage.WORKING:
                return progress
            await asyncio.sleep(0.005)
