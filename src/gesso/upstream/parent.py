"""What follow-ups need of their parent on wires of the Midjourney family.

A parent that this very upstream made has its id and its buttons there; of one that was made
elsewhere only what we stored can be used.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from gesso.domain import buttons
from gesso.domain.buttons import Deed
from gesso.domain.errors import InvalidOrder
from gesso.domain.provider import Delivered, Job, Progress, Stage

_MAGIC = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))
_LINE = re.compile(r"^\s*([1-5])(?:\ufe0f?\u20e3|[.)])\s*(.+?)\s*$", re.MULTILINE)


def deed_of(job: Job) -> Deed | None:
    """Return which button the job presses, if it is a follow-up."""
    name = job.task.order.get("deed")
    return Deed(name) if name else None


def upstream_of_parent(job: Job) -> str | None:
    """Return the parent's id at this very upstream; None when it was made elsewhere."""
    parent = job.material.parent
    if parent is None or parent.channel_id != job.channel.id:
        return None
    upstream_id = parent.result.get("upstream_id")
    return str(upstream_id) if upstream_id else None


def find_button(result: Mapping[str, Any], deed: Deed, index: object) -> str | None:
    """Return the upstream's own customId for a deed, out of a stored result."""
    for custom_id in result.get("buttons", ()):
        try:
            press = buttons.read(str(custom_id))
        except InvalidOrder:
            continue  # A button that we do not know is none that we show.
        if press.deed is deed and (index is None or press.index == index):
            return str(custom_id)
    return None


def data_url(data: bytes) -> str:
    """Return a picture as this wire carries it."""
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def read_lines(text: str) -> list[str]:
    """Return the numbered prompts of a describe or shorten text, without their numbers."""
    return [match[2] for match in _LINE.finditer(text)]


async def take_stored(job: Job, position: int) -> Progress:
    """U1–U4 of a result that was made elsewhere: its stored tile or clip, to the byte."""
    parent, read = job.material.parent, job.material.read_blob
    pictures = parent.pictures if parent is not None else ()
    tile = next((p for p in pictures if p.position == position), None)
    if tile is None or read is None:
        reason = f"the parent has no picture {position}"
        return Progress(Stage.FAILED, code="refused", reason=reason)
    data = await read(tile.blob)
    if tile.mime.startswith("image/"):
        return Progress(Stage.DONE, 100, pictures=[Delivered(0, data)])
    poster = [Delivered(0, await read(p.blob)) for p in pictures if p.position == 0]
    return Progress(Stage.DONE, 100, pictures=[*poster, Delivered(1, data)], expected=1)
