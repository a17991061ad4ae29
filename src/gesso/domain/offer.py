"""Which buttons a finished task shows, by what its result is (section 7.1)."""

from __future__ import annotations

from enum import StrEnum

from gesso.domain import buttons
from gesso.domain.buttons import Button, Deed, Press
from gesso.domain.task import Action, Task, TaskStatus
from gesso.domain.version import Version

_UPSCALERS = frozenset(
    {Deed.UPSCALE_SUBTLE, Deed.UPSCALE_CREATIVE, Deed.UPSCALE_2X, Deed.UPSCALE_4X}
)


class Result(StrEnum):
    """What a task has delivered."""

    NOTHING = "nothing"  #: Nothing that could be carried on from.
    GRID = "grid"  #: Four pictures in one.
    SINGLE = "single"  #: One picture.
    CLIPS = "clips"  #: Several clips of a video.
    CLIP = "clip"  #: One clip.
    DESCRIPTION = "description"  #: Four prompts for a picture.
    SHORTENED = "shortened"  #: Up to five shorter prompts.


def result_of(task: Task) -> Result:
    """Return what a task has delivered; NOTHING unless it has succeeded."""
    if task.status is not TaskStatus.SUCCEEDED or task.action is Action.SWAP_FACE:
        return Result.NOTHING
    if task.action is Action.DESCRIBE:
        return Result.DESCRIPTION
    if task.action is Action.SHORTEN:
        return Result.SHORTENED
    if any(p.mime.startswith("video/") for p in task.pictures):
        return Result.CLIPS if task.action is Action.VIDEO else Result.CLIP
    if any(p.position > 0 for p in task.pictures):
        return Result.GRID
    return Result.SINGLE if task.pictures else Result.NOTHING


def offered(task: Task) -> tuple[Button, ...]:
    """Return the buttons under a task's result, in the published order."""
    kind = result_of(task)
    if kind is Result.GRID:
        return _delivered(task, buttons.for_grid(task.job_hash))
    if kind is Result.SINGLE:
        return _for_single(task)
    if kind is Result.CLIPS:
        clips = sum(p.mime.startswith("video/") for p in task.pictures)
        return buttons.for_video(task.job_hash, clips)
    if kind is Result.CLIP:
        return buttons.for_single_video(task.job_hash)
    lines = task.result.get("lines") or ()
    if kind is Result.DESCRIPTION:
        return buttons.for_describe()
    if kind is Result.SHORTENED:
        details = bool(task.order.get("details"))
        return buttons.for_shorten(min(5, len(lines)), details=not details)
    return ()


def offers(task: Task, press: Press) -> Button | None:
    """Return the button that a press means, None when the task does not show it."""
    for button in offered(task):
        shown = buttons.read(button.custom_id)
        same = (shown.deed, shown.index or 1, shown.model) == (
            press.deed, press.index or 1, press.model,
        )  # fmt: skip
        if same and press.job_id in (None, shown.job_id):
            return button
    return None


def _delivered(task: Task, shown: tuple[Button, ...]) -> tuple[Button, ...]:
    """Leave out U and V of pictures that were not delivered."""
    positions = {p.position for p in task.pictures}
    return tuple(
        b for b in shown if (index := buttons.read(b.custom_id).index) is None or index in positions
    )


def _for_single(task: Task) -> tuple[Button, ...]:
    shown = task.pictures[0]
    deed = task.order.get("deed")
    redo = Deed(deed) if deed in _UPSCALERS else None
    version = Version.read(str(task.order.get("version") or ""))
    square = shown.width == shown.height
    bookmarked = bool(task.result.get("bookmarked"))
    return buttons.for_single(
        task.job_hash, version, square=square, redo=redo, bookmarked=bookmarked
    )
