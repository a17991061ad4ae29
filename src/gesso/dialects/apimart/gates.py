"""Which parent allows which action (section 15), with the texts of the wire."""

from __future__ import annotations

from gesso.domain import buttons
from gesso.domain.buttons import Deed, Press
from gesso.domain.errors import InvalidOrder
from gesso.domain.offer import Result, result_of
from gesso.domain.task import Task
from gesso.domain.version import Version

HD = frozenset({Deed.UPSCALE_SUBTLE, Deed.UPSCALE_CREATIVE, Deed.UPSCALE_2X, Deed.UPSCALE_4X})
_VARIED = frozenset({Deed.VARIATION, Deed.LOW_VARIATION, Deed.HIGH_VARIATION})
_ZOOMED = frozenset({Deed.ZOOM_OUT_2X, Deed.ZOOM_OUT_1_5X, Deed.MAKE_SQUARE, Deed.CUSTOM_ZOOM})
_PANNED = frozenset({Deed.PAN_LEFT, Deed.PAN_RIGHT, Deed.PAN_UP, Deed.PAN_DOWN})
#: Which buttons each endpoint presses.
DEEDS = {
    "upscale": HD | {Deed.UPSAMPLE, Deed.VIDEO_UPSCALE},
    "variation": _VARIED,
    "high_variation": _VARIED,
    "low_variation": _VARIED,
    "reroll": frozenset({Deed.REROLL}),
    "zoom": _ZOOMED,
    "pan": _PANNED,
    "inpaint": frozenset({Deed.INPAINT}),
}
#: The upscaler of each model family, by the number before the point.
_HD_OF = {5: {"v5"}, 6: {"v6", "v6r1"}, 7: {"v7"}, 8: {"v7"}}
_REMIXED = frozenset({"v8.1", "v8.2"})
#: The oldest version that pans.
_PAN_FROM = 6.0


def read_custom_id(custom_id: str, action: str) -> Press:
    """Return the press of a custom_id; raises InvalidOrder for one of another endpoint."""
    try:
        press = buttons.read(custom_id)
    except InvalidOrder as fault:
        raise InvalidOrder(fault.message, param="custom_id") from None
    if press.deed not in DEEDS[action]:
        raise InvalidOrder(f"custom_id is no button of {action}: {custom_id}", param="custom_id")
    return press


def check(parent: Task, press: Press, action: str) -> None:
    """Raise InvalidOrder when a press makes no sense on this parent's result or version."""
    kind = result_of(parent)
    if action in {"zoom", "pan", "inpaint"} and kind is not Result.SINGLE:
        raise InvalidOrder(
            f"This action requires an upscaled task; upscale one image of it first: {action}",
            param="task_id",
        )
    if action in _KINDS:
        _KINDS[action](parent, press, kind)
    _check_tile(parent, press, kind)


def _check_upscale(parent: Task, press: Press, kind: Result) -> None:
    if press.deed in HD:
        _check_hd(parent, press, kind)
    elif kind is Result.SINGLE:
        raise InvalidOrder(
            "This action requires a grid task; this one is upscaled already", param="task_id"
        )
    elif kind is not (Result.CLIPS if press.deed is Deed.VIDEO_UPSCALE else Result.GRID):
        raise InvalidOrder("This action requires a task with images", param="task_id")


def _check_hd(parent: Task, press: Press, kind: Result) -> None:
    if kind not in {Result.GRID, Result.SINGLE}:
        raise InvalidOrder("This action requires a task with images", param="task_id")
    version = version_of(parent)
    if press.model not in _HD_OF.get(version.major, set()):
        raise InvalidOrder(
            f"this upscale command is not one of version {version.key}", param="custom_id"
        )


def _check_variation(parent: Task, press: Press, kind: Result) -> None:
    wanted = Result.GRID if press.deed is Deed.VARIATION else Result.SINGLE
    if kind is not wanted:
        raise InvalidOrder("This action requires a task with images", param="task_id")


def _check_reroll(parent: Task, press: Press, kind: Result) -> None:
    if kind not in {Result.GRID, Result.CLIPS}:
        raise InvalidOrder(
            "only an imagine task, or another one with a reroll button, can be rerolled",
            param="task_id",
        )


def _check_pan(parent: Task, press: Press, kind: Result) -> None:
    version = version_of(parent)
    if float(version.number) < _PAN_FROM:
        raise InvalidOrder(f"pan needs version 6 or later, not {version.key}", param="task_id")


_KINDS = {
    "upscale": _check_upscale,
    "variation": _check_variation,
    "high_variation": _check_variation,
    "low_variation": _check_variation,
    "reroll": _check_reroll,
    "pan": _check_pan,
}


def _check_tile(parent: Task, press: Press, kind: Result) -> None:
    """Moderation may have left out some of the four."""
    if kind in {Result.GRID, Result.CLIPS} and press.deed is not Deed.REROLL:
        check_picture(parent, press.index or 1)


def check_picture(parent: Task, position: int) -> None:
    """Raise InvalidOrder when a grid has no such picture."""
    if position not in {p.position for p in parent.pictures}:
        raise InvalidOrder(f"the task has no image {position}", param="index")


def check_remix(parent: Task) -> None:
    """Raise InvalidOrder unless a task is a grid of version 8.1 or 8.2."""
    if result_of(parent) is not Result.GRID:
        raise InvalidOrder("This action requires a grid task", param="task_id")
    version = version_of(parent)
    if version.key not in _REMIXED:
        raise InvalidOrder(f"remix needs version 8.1 or 8.2, not {version.key}", param="task_id")


def version_of(task: Task) -> Version:
    """Return the model version that a task was made with."""
    return Version.read(str(task.order.get("version") or ""))
