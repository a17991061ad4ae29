"""From a job to the call that starts it: pure translation (wire/apimart sections 3 and 4).

A follow-up goes on from the upstream's own task when the upstream made the parent. When it
did not, the parent's stored picture stands in for it where that is honest, and nothing is
sent where it is not.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gesso.domain import buttons, prompt
from gesso.domain.buttons import Deed, Press
from gesso.domain.errors import InvalidOrder, Refused
from gesso.domain.provider import Job
from gesso.domain.task import Action
from gesso.domain.version import Version
from gesso.upstream import option
from gesso.upstream.parent import data_url, deed_of, find_button, upstream_of_parent

ACTIONS = frozenset(Action) - {Action.SHORTEN, Action.SWAP_FACE, Action.RETEXTURE}
_ROOT = "/v1/midjourney/generations/"
_VARY = {
    Deed.VARIATION: "variation", Deed.HIGH_VARIATION: "high-variation",
    Deed.LOW_VARIATION: "low-variation",
}  # fmt: skip
_PANS = {
    Deed.PAN_LEFT: "left", Deed.PAN_RIGHT: "right", Deed.PAN_UP: "up", Deed.PAN_DOWN: "down",
}  # fmt: skip
_LARGER = frozenset({Deed.UPSCALE_SUBTLE, Deed.UPSCALE_CREATIVE, Deed.UPSCALE_2X, Deed.UPSCALE_4X})
_ANIMATE = {Deed.ANIMATE_HIGH: "high", Deed.ANIMATE_LOW: "low"}
_EXTEND = frozenset({Deed.EXTEND_HIGH, Deed.EXTEND_LOW})
#: Work from the words and the first order's own pictures; the parent's result plays no part.
_FRESH = frozenset({Deed.DESCRIBE_PICK, Deed.SHORTEN_PICK, Deed.DESCRIBE_RETRY})
_OF_TILES = frozenset({Deed.UPSAMPLE, Deed.VIDEO_UPSCALE, Deed.VARIATION})


@dataclass(frozen=True, slots=True)
class Call:
    """One POST that starts work."""

    path: str
    body: dict[str, Any] = field(default_factory=dict)


def is_stored(job: Job) -> bool:
    """Say whether the result lies in our own store already; clips always do on this wire."""
    deed = deed_of(job)
    elsewhere = deed is Deed.UPSAMPLE and upstream_of_parent(job) is None
    return elsewhere or deed is Deed.VIDEO_UPSCALE


def wanted_tile(job: Job) -> int:
    """Return the position of the parent's picture that the job works on; 0 is the only one."""
    deed, of = deed_of(job), job.material.parent
    single = of is not None and {p.position for p in of.pictures} == {0}
    tiles = deed in _OF_TILES or (deed is None and job.task.action is Action.VIDEO)
    return int(job.task.order.get("index") or 0) if tiles and not single else 0


async def read_stored(job: Job) -> bytes | None:
    """Return the parent's stored picture, for work that starts from a picture."""
    of, read = job.material.parent, job.material.read_blob
    if of is None or read is None:
        return None
    position = wanted_tile(job)
    tile = next((p for p in of.pictures if p.position == position), None)
    return await read(tile.blob) if tile and tile.mime.startswith("image/") else None


def write(job: Job, stored: bytes | None = None) -> Call:
    """Return the call that starts a job; raises Refused when this wire cannot do it.

    `stored` is the parent's picture.
    """
    deed = deed_of(job)
    if deed is None or deed in _FRESH:
        call = _submit(job, stored)
    elif deed in _ANIMATE or deed in _EXTEND:
        call = _video(job, stored)
    else:
        upstream_id = upstream_of_parent(job)
        call = _press(job, deed, upstream_id) if upstream_id else _stand_in(job, deed, stored)
    body = dict(call.body)
    if job.task.action is not Action.VIDEO:
        body["speed"] = job.task.lane.value
    if job.task.action not in {Action.VIDEO, Action.REMIX}:
        body["metadata"] = {"gesso": job.reference}
    return Call(_ROOT + call.path, body)


def write_modal(job: Job, upstream_id: str) -> Call:
    """Return the call that answers the dialog of a region, with words and mask."""
    body: dict[str, Any] = {"task_id": upstream_id, "speed": job.task.lane.value}
    if words := _words(job):
        body["prompt"] = words
    if job.material.mask is None:
        raise Refused("a region needs its mask")
    polarity = option.text(job.channel, "mask", "transparent")
    if polarity not in {"transparent", "light"}:
        raise Refused("the channel's option mask must be transparent or light")
    body["mask_url"] = data_url(_mask(job.material.mask, light=polarity == "light"))
    return Call(_ROOT + "modal", body)


# First orders --------------------------------------------------------------------------


def _submit(job: Job, stored: bytes | None) -> Call:
    if job.task.action is Action.VIDEO:
        return _video(job, stored)
    if job.task.action is Action.REMIX:
        raise Refused("a remix needs the upstream's own picture")
    writer = _SUBMITS.get(job.task.action)
    if writer is None:
        raise Refused(f"this wire has no {job.task.action.lower()} without a parent")
    return writer(job, [data_url(one) for one in job.material.pictures])


def _imagine(job: Job, urls: Sequence[str]) -> Call:
    return Call("imagine", {"prompt": _words(job)} | ({"image_urls": urls} if urls else {}))


def _blend(job: Job, urls: Sequence[str]) -> Call:
    if not 2 <= len(urls) <= 4:
        raise Refused("a blend of this wire takes two to four pictures")
    width, height = prompt.parse(job.task.final_prompt, need_words=False).aspect
    return Call("blend", {"image_urls": urls, "size": f"{width}:{height}"})


def _describe(job: Job, urls: Sequence[str]) -> Call:
    return Call("describe", {"image_urls": _some(urls)[:1]})


def _edit(job: Job, urls: Sequence[str]) -> Call:
    if job.material.mask is not None:
        raise Refused("edits of this wire take no mask")
    return Call("edits", {"prompt": _words(job), "image_urls": _some(urls)})


_SUBMITS: dict[Action, Callable[[Job, Sequence[str]], Call]] = {
    Action.IMAGINE: _imagine,
    Action.BLEND: _blend,
    Action.DESCRIBE: _describe,
    Action.EDITS: _edit,
}


def _video(job: Job, stored: bytes | None) -> Call:
    order, deed = job.task.order, deed_of(job)
    if order.get("extend") or deed in _EXTEND:
        raise Refused("this wire cannot extend a video")
    if order.get("loop"):
        raise Refused("this wire films no loops")
    urls = [data_url(one) for one in job.material.pictures]
    if not urls and stored is not None:
        urls = [data_url(stored)]
    body: dict[str, Any] = {
        "prompt": _words(job),
        "image_urls": _some(urls)[:1],
        "video_type": f"vid_1.1_i2v_{order.get('size') or 480}",
        "motion": _ANIMATE.get(deed) if deed in _ANIMATE else order.get("motion") or "low",
        "batch_size": int(order.get("clips") or 1),
    }
    if order.get("end_frame") and len(urls) > 1:
        body["end_url"] = urls[-1]
    return Call("video", body)


# Follow-ups ----------------------------------------------------------------------------


def _press(job: Job, deed: Deed, upstream_id: str) -> Call:
    order = job.task.order
    body: dict[str, Any] = {"task_id": upstream_id}
    index = int(order.get("index") or 1)
    if job.task.action is Action.REMIX:
        kind = "subtle" if order.get("strength") == "subtle" else "strong"
        return Call(f"remix-{kind}", body | {"index": index, "prompt": _words(job)})
    if deed in _VARY:
        return Call(_VARY[deed], body | {"index": index})
    if deed is Deed.UPSAMPLE:
        return Call("upscale", body | {"index": index})
    if deed in _LARGER:
        return Call("upscale", body | {"custom_id": _larger_id(job, deed, index)})
    if deed is Deed.REROLL:
        return Call("reroll", body)
    if deed in _PANS:
        return Call("pan", body | {"direction": _PANS[deed]})
    if deed is Deed.INPAINT:
        return Call("inpaint", body)
    return Call("zoom", body | _zoom(job, deed))


def _zoom(job: Job, deed: Deed) -> dict[str, Any]:
    custom_id = _shown(job, deed)
    if custom_id:
        return {"custom_id": custom_id}
    factors = {Deed.ZOOM_OUT_2X: 2.0, Deed.ZOOM_OUT_1_5X: 1.5}
    factor = factors.get(deed)
    if deed is Deed.CUSTOM_ZOOM:
        words = prompt.parse(job.task.final_prompt, need_words=False)
        factor = float(words.zoom or job.task.order.get("zoom") or 2.0)
    if factor not in {1.5, 2.0}:
        raise Refused(f"this wire zooms by 1.5 or 2 and has no {deed.value}")
    return {"zoom_ratio": factor}


def _larger_id(job: Job, deed: Deed, index: int) -> str:
    """Return the customId of an upscaler; the wire lists none, and takes them all the same."""
    shown = _shown(job, deed)
    if shown:
        return shown
    version = Version.read(str(job.task.order.get("version") or ""))
    spelling = {"5": "v5", "5.1": "v5", "5.2": "v5", "6": "v6", "6.1": "v6"}
    model = spelling.get(version.number, "v7")
    for known in job.material.parent.result.get("buttons", ()) if job.material.parent else ():
        try:
            press = buttons.read(str(known))
            if press.job_id:
                return buttons.write(Press(deed, index, press.job_id, model))
        except InvalidOrder:
            continue
    raise Refused(f"the upstream's result has no button for {deed.value}")


def _shown(job: Job, deed: Deed) -> str | None:
    parent = job.material.parent
    return find_button(parent.result, deed, None) if parent else None


def _stand_in(job: Job, deed: Deed, stored: bytes | None) -> Call:
    """Do a deed on a parent that this upstream has never seen."""
    if deed is Deed.REROLL:
        return _submit(job, stored)
    if stored is not None and deed in _VARY and job.task.action is Action.VARIATION:
        return _imagine(job, [data_url(stored)])
    raise Refused(
        f"{deed.value} needs the upstream's own picture, and channel {job.channel.id} did not "
        "make the parent"
    )


# Words ---------------------------------------------------------------------------------


def _words(job: Job) -> str:
    """Return the prompt as this wire takes it: its links travel as pictures beside it."""
    wanted = prompt.parse(job.task.final_prompt, need_words=False).without("sandbox", "zoom")
    return dataclasses.replace(wanted, image_urls=()).write()


def _some(urls: Sequence[str]) -> Sequence[str]:
    if not urls:
        raise Refused("the input picture of this task is gone")
    return urls


def _mask(mask: bytes, *, light: bool) -> bytes:
    """Return a mask (255 is repainted) with the alpha channel that this wire reads."""
    from PIL import Image, ImageChops

    with Image.open(io.BytesIO(mask)) as image:
        chosen = image.convert("L")
    alpha = chosen if light else ImageChops.invert(chosen)
    white = Image.new("RGBA", chosen.size, "white")
    white.putalpha(alpha)
    out = io.BytesIO()
    white.save(out, "PNG")
    return out.getvalue()
