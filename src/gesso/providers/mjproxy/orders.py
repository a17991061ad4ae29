"""From a job to the call that starts it: pure translation (wire/midjourney-proxy 4 and 7).

A follow-up presses the upstream's own button when the upstream made the parent. When it did
not, the parent's stored picture stands in for it where that is honest, and nothing is sent
where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gesso.domain import prompt
from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused
from gesso.domain.provider import Job
from gesso.domain.task import Action, BotType, Task
from gesso.upstream.parent import data_url, deed_of, find_button, upstream_of_parent

#: Taken out of the stored result of the parent: nothing is asked of the upstream.
_STORED = frozenset({Deed.UPSAMPLE, Deed.VIDEO_UPSCALE})
#: Work from the picture alone, so that the stored one does as well as the upstream's.
_VARY = frozenset({Deed.VARIATION, Deed.LOW_VARIATION, Deed.HIGH_VARIATION})
#: Work from the words and the first order's own pictures; the parent's result plays no part.
_FRESH = frozenset({Deed.REROLL, Deed.DESCRIBE_PICK, Deed.SHORTEN_PICK, Deed.DESCRIBE_RETRY})
_ANIMATE = {Deed.ANIMATE_HIGH: "high", Deed.ANIMATE_LOW: "low"}
_EXTEND = frozenset({Deed.EXTEND_HIGH, Deed.EXTEND_LOW})
_DIMENSIONS = frozenset({"PORTRAIT", "SQUARE", "LANDSCAPE"})
_PRESSES_OF_TILES = _STORED | {Deed.VARIATION, Deed.DESCRIBE_PICK, Deed.SHORTEN_PICK}


@dataclass(frozen=True, slots=True)
class Call:
    """One POST that starts work."""

    path: str
    body: dict[str, Any] = field(default_factory=dict)


def is_stored(job: Job) -> bool:
    """Say whether the result lies in our own store already."""
    return deed_of(job) in _STORED and upstream_of_parent(job) is None


def wanted_tile(job: Job) -> int:
    """Return the position of the parent's picture that the job works on; 0 is the only one."""
    return int(job.task.order.get("index") or 0) if deed_of(job) in _PRESSES_OF_TILES else 0


def write(job: Job, stored: bytes | None = None) -> Call:
    """Return the call that starts a job; raises Refused when this upstream cannot do it.

    `stored` is the parent's picture, for parents that were made elsewhere.
    """
    deed = deed_of(job)
    if deed is not None:
        upstream_id = upstream_of_parent(job)
        call = _press(job, deed, upstream_id) if upstream_id else _stand_in(job, deed, stored)
    else:
        call = _submit(job)
    return Call(call.path, {**call.body, "state": job.reference})


def write_modal(job: Job, upstream_id: str) -> Call:
    """Return the call that answers a dialog with the job's prompt and mask."""
    body: dict[str, Any] = {"taskId": upstream_id, "prompt": _dialog_text(job)}
    if job.material.mask is not None:
        body["maskBase64"] = data_url(job.material.mask)
    return Call("/mj/submit/modal", body)


# First orders --------------------------------------------------------------------------


def _submit(job: Job) -> Call:
    write_call = _SUBMITS.get(job.task.action)
    if write_call is None:
        raise Refused(f"this wire has no {job.task.action.lower()} without a button")
    return write_call(job, [data_url(one) for one in job.material.pictures])


def _imagine(job: Job, urls: Sequence[str]) -> Call:
    return Call("/mj/submit/imagine", _words(job) | ({"base64Array": urls} if urls else {}))


def _shorten(job: Job, urls: Sequence[str]) -> Call:
    return Call("/mj/submit/shorten", _words(job))


def _blend(job: Job, urls: Sequence[str]) -> Call:
    shape = str(job.task.order.get("dimensions") or "SQUARE").upper()
    if not 2 <= len(urls) <= 5 or shape not in _DIMENSIONS:
        raise Refused("a blend takes two to five pictures and a known shape")
    body = {"base64Array": urls, "dimensions": shape, "botType": _bot(job.task)}
    return Call("/mj/submit/blend", body)


def _describe(job: Job, urls: Sequence[str]) -> Call:
    return Call("/mj/submit/describe", {"base64": _first(urls), "botType": _bot(job.task)})


def _edit(job: Job, urls: Sequence[str]) -> Call:
    if job.material.mask is not None:
        raise Refused("edits of this wire take no mask")
    path = "/mj/submit/" + job.task.action.lower()
    return Call(path, {"prompt": _text(job.task), "image": _first(urls)})


def _swap_face(job: Job, urls: Sequence[str]) -> Call:
    if len(urls) != 2:
        raise Refused("swapping faces takes a face and a picture")
    return Call("/mj/insight-face/swap", {"sourceBase64": urls[0], "targetBase64": urls[1]})


def _video(job: Job, urls: Sequence[str]) -> Call:
    order = job.task.order
    body: dict[str, Any] = {
        "prompt": _text(job.task),
        "motion": order.get("motion") or "low",
        "loop": bool(order.get("loop")),
        "videoType": f"vid_1.1_i2v_{order.get('size') or 480}",
        "batchSize": int(order.get("clips") or 4),
    }
    if order.get("extend"):
        upstream_id = upstream_of_parent(job)
        if upstream_id is None:
            raise Refused("a video can only be extended by the channel that made it")
        # The wire counts clips from 0 here and from 1 everywhere else.
        index = max(0, int(order.get("index") or 1) - 1)
        return Call(
            "/mj/submit/video", body | {"action": "extend", "taskId": upstream_id, "index": index}
        )
    if urls:
        body["image"] = urls[0]
    if order.get("end_frame") and len(urls) > 1:
        body["endImage"] = urls[-1]
    return Call("/mj/submit/video", body)


_SUBMITS: dict[Action, Callable[[Job, Sequence[str]], Call]] = {
    Action.IMAGINE: _imagine,
    Action.SHORTEN: _shorten,
    Action.BLEND: _blend,
    Action.DESCRIBE: _describe,
    Action.EDITS: _edit,
    Action.RETEXTURE: _edit,
    Action.SWAP_FACE: _swap_face,
    Action.VIDEO: _video,
}


# Follow-ups ----------------------------------------------------------------------------


def _press(job: Job, deed: Deed, upstream_id: str) -> Call:
    parent = job.material.parent
    assert parent is not None
    index = job.task.order.get("index") if deed in _PRESSES_OF_TILES else None
    custom_id = find_button(parent.result, deed, index)
    if custom_id is None:
        raise Refused(f"the upstream's result has no button for {deed.value}")
    return Call("/mj/submit/action", {"taskId": upstream_id, "customId": custom_id})


def _stand_in(job: Job, deed: Deed, stored: bytes | None) -> Call:
    """Do a deed on a parent that this upstream has never seen."""
    if deed in _FRESH:
        return _submit(job)
    if stored is not None and deed in _VARY:
        return _imagine(job, [data_url(stored)])
    if stored is not None and deed in _ANIMATE:
        call = _video(job, [data_url(stored)])
        return Call(call.path, call.body | {"motion": _ANIMATE[deed]})
    if deed in _EXTEND:
        raise Refused("a video can only be extended by the channel that made it")
    raise Refused(
        f"{deed.value} needs the upstream's own picture, and channel {job.channel.id} did not "
        "make the parent"
    )


# Words ---------------------------------------------------------------------------------


def _words(job: Job) -> dict[str, Any]:
    return {"prompt": _text(job.task), "botType": _bot(job.task)}


def _text(task: Task) -> str:
    # Test cards are for the sandbox alone.
    return prompt.parse(task.final_prompt).without("sandbox").write()


def _dialog_text(job: Job) -> str:
    text = _text(job.task)
    factor = job.task.order.get("zoom")
    if deed_of(job) is Deed.CUSTOM_ZOOM and factor and "--zoom" not in text:
        text = f"{text} --zoom {float(factor):g}".strip()
    return text


def _bot(task: Task) -> str:
    niji = task.bot is BotType.NIJI_JOURNEY
    return (BotType.NIJI_JOURNEY if niji else BotType.MID_JOURNEY).value


def _first(urls: Sequence[str]) -> str:
    if not urls:
        raise Refused("the input picture of this task is gone")
    return urls[0]
