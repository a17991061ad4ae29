"""From a finished task of the upstream to our own result: pictures, clips, texts, facts."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from gesso.domain.errors import Garbled
from gesso.domain.provider import Delivered, Job, Progress, Stage
from gesso.domain.task import Action
from gesso.upstream.parent import read_lines

Download = Callable[[str], Awaitable[bytes]]

_TEXTS = frozenset({Action.DESCRIBE, Action.SHORTEN})
#: One picture comes back, not a grid of four.
_SINGLES = frozenset({Action.UPSCALE, Action.SWAP_FACE})
#: Most pixels of a grid that is cut into four; nothing of this wire is larger than 4 x 2048².
_GRID_PIXELS = 64_000_000


async def collect(job: Job, upstream_id: str, task: Mapping[str, Any], get: Download) -> Progress:
    """Return the result of a task that has succeeded.

    Raises Unavailable when a download may be tried again and Garbled when it is no use.
    """
    facts = _read_facts(upstream_id, task)
    action = job.task.action
    if action in _TEXTS:
        return _collect_text(job, task, facts)
    clips = _urls(task, "videoUrl")
    if clips:
        return await _collect_video(job, task, clips, facts, get)
    url = task.get("imageUrl")
    if not isinstance(url, str) or not url:
        raise Garbled("a finished task without a picture")
    whole = Delivered(0, await get(url))
    if action in _SINGLES:
        return Progress(Stage.DONE, 100, pictures=[whole], facts=facts)
    tiles = _urls(task, "imageUrl")
    if len(tiles) > 1:
        files = [await get(one) for one in tiles[:4]]
    else:
        files = await asyncio.to_thread(cut, whole.data)
    singles = [Delivered(number, data) for number, data in enumerate(files, 1)]
    return Progress(Stage.DONE, 100, pictures=[whole, *singles], expected=4, facts=facts)


def cut(data: bytes) -> list[bytes]:
    """Return the four quarters of a grid as PNG; raises Garbled for a broken picture."""
    from PIL import Image

    quarters = []
    try:
        with Image.open(io.BytesIO(data)) as grid:
            wide, high = grid.width // 2, grid.height // 2
            if min(wide, high) < 1 or grid.width * grid.height > _GRID_PIXELS:
                raise Garbled(f"a grid of {grid.width}x{grid.height} pixels")
            for number in range(4):
                left, top = number % 2 * wide, number // 2 * high
                out = io.BytesIO()
                grid.crop((left, top, left + wide, top + high)).convert("RGB").save(out, "PNG")
                quarters.append(out.getvalue())
    except Garbled:
        raise
    except Exception as error:
        # Pillow raises many kinds for broken data; all of them mean the same here.
        raise Garbled(f"the upstream sent a broken picture: {error}") from error
    return quarters


def _collect_text(job: Job, task: Mapping[str, Any], facts: dict[str, Any]) -> Progress:
    text = str(_properties(task).get("finalPrompt") or task.get("promptEn") or "")
    if not text:
        raise Garbled("a finished task without its text")
    facts |= {"text": text, "lines": read_lines(text)}
    # A description is shown beside the picture that it describes.
    shown = job.material.pictures[:1] if job.task.action is Action.DESCRIBE else []
    pictures = [Delivered(0, one) for one in shown]
    return Progress(Stage.DONE, 100, pictures=pictures, facts=facts)


async def _collect_video(
    job: Job, task: Mapping[str, Any], urls: Sequence[str], facts: dict[str, Any], get: Download
) -> Progress:
    wanted = 1 if job.task.action is Action.UPSCALE else int(job.task.order.get("clips") or 4)
    clips = [Delivered(number, await get(url)) for number, url in enumerate(urls[:wanted], 1)]
    poster = task.get("imageUrl") or _thumbnail(task)
    pictures = [Delivered(0, await get(poster)), *clips] if poster else clips
    return Progress(Stage.DONE, 100, pictures=pictures, expected=wanted, facts=facts)


def _read_facts(upstream_id: str, task: Mapping[str, Any]) -> dict[str, Any]:
    properties = _properties(task)
    shown = task.get("buttons")
    custom_ids = [str(b.get("customId") or "") for b in _objects(shown)]
    facts = {
        "upstream_id": upstream_id,
        "buttons": [one for one in custom_ids if one],
        "message_hash": properties.get("messageHash"),
        "final_prompt": properties.get("finalPrompt"),
        "seed": _seed(properties.get("imageSeed") or task.get("seed")),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _seed(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def _properties(task: Mapping[str, Any]) -> Mapping[str, Any]:
    found = task.get("properties")
    return found if isinstance(found, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _urls(task: Mapping[str, Any], name: str) -> list[str]:
    """Return `imageUrls` or `videoUrls`, whose entries are URLs or objects with one.

    A single `videoUrl` counts as a list of one; a single `imageUrl` is the grid.
    """
    listed = task.get(f"{name}s")
    urls = [
        one if isinstance(one, str) else one.get("url")
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, str | dict)
    ]
    if not urls and name == "videoUrl":
        urls = [task.get(name)]
    return [url for url in urls if isinstance(url, str) and url]


def _thumbnail(task: Mapping[str, Any]) -> str | None:
    first = next(iter(_objects(task.get("videoUrls"))), {})
    found = first.get("thumbnail")
    return found if isinstance(found, str) and found else None
