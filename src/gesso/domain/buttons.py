"""The grammar of customIds and the buttons of every result (wire/midjourney-proxy section 7).

Clients find buttons by parts of their customId, so the spelling is part of the wire and
stands here once, for reading and for writing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from gesso.domain.errors import InvalidOrder
from gesso.domain.task import Action
from gesso.domain.version import Version


class Deed(StrEnum):
    """What pressing a button does."""

    UPSAMPLE = "upsample"  #: U1–U4: take one tile out of the grid.
    VARIATION = "variation"  #: V1–V4: a new grid from one tile.
    REROLL = "reroll"  #: The same prompt again.
    UPSCALE_SUBTLE = "upscale_subtle"  #: Larger, close to the picture; version 6 and 7.
    UPSCALE_CREATIVE = "upscale_creative"  #: Larger, with new details; version 6 and 7.
    UPSCALE_2X = "upscale_2x"  #: Twice as large; version 5.
    UPSCALE_4X = "upscale_4x"  #: Four times as large; version 5.
    LOW_VARIATION = "low_variation"  #: Vary (Subtle).
    HIGH_VARIATION = "high_variation"  #: Vary (Strong).
    INPAINT = "inpaint"  #: Vary (Region): repaint under a mask.
    ZOOM_OUT_2X = "zoom_out_2x"  #: Outpaint 50.
    ZOOM_OUT_1_5X = "zoom_out_1_5x"  #: Outpaint 75.
    MAKE_SQUARE = "make_square"  #: Outpaint 100.
    CUSTOM_ZOOM = "custom_zoom"  #: Zoom out by the factor that a dialog asks for.
    PAN_LEFT = "pan_left"  #: Show more on the left.
    PAN_RIGHT = "pan_right"  #: Show more on the right.
    PAN_UP = "pan_up"  #: Show more above.
    PAN_DOWN = "pan_down"  #: Show more below.
    ANIMATE_HIGH = "animate_high"  #: A video with much motion.
    ANIMATE_LOW = "animate_low"  #: A video with little motion.
    EXTEND_HIGH = "animate_high_extend"  #: A longer video, with much motion.
    EXTEND_LOW = "animate_low_extend"  #: A longer video, with little motion.
    VIDEO_UPSCALE = "video_virtual_upscale"  #: U1–U4 of a video: take one clip.
    BOOKMARK = "bookmark"  #: Keep as a favourite; makes no task.
    DESCRIBE_PICK = "describe_pick"  #: Imagine line 1–4 of a description.
    DESCRIBE_ALL = "describe_all"  #: Imagine all four lines.
    DESCRIBE_RETRY = "describe_retry"  #: Describe the picture again.
    SHORTEN_PICK = "shorten_pick"  #: Imagine line 1–5 of a shortened prompt.
    SHORTEN_DETAILS = "shorten_details"  #: Show the weight of every word.


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button."""

    deed: Deed
    index: int | None = None  #: Tile 1–4, or line 1–5.
    job_id: str | None = None  #: UUID of the picture.
    model: str = ""  #: Spelling of the upscaler: `v5`, `v6`, `v6r1`, `v7`.


@dataclass(frozen=True, slots=True)
class Button:
    """可执行按钮 (section 3.4)."""

    custom_id: str
    emoji: str = ""
    label: str = ""
    style: int = 2
    type: int = 2


#: Style of a button that is set or was used.
GREEN = 3
_SOLO = "::SOLO"
_UUID = r"(?P<job>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_D = Deed
#: The upscalers of version 5; later versions have subtle and creative.
_FIVE = {_D.UPSCALE_2X, _D.UPSCALE_4X}

#: Template by deed. `{n}` is an index, `{job}` the UUID, `{model}` the upscaler.
_TEMPLATES: dict[Deed, str] = {
    _D.UPSAMPLE: "MJ::JOB::upsample::{n}::{job}",
    _D.VARIATION: "MJ::JOB::variation::{n}::{job}",
    _D.REROLL: "MJ::JOB::reroll::0::{job}::SOLO",
    _D.UPSCALE_SUBTLE: "MJ::JOB::upsample_{model}_2x_subtle::{n}::{job}::SOLO",
    _D.UPSCALE_CREATIVE: "MJ::JOB::upsample_{model}_2x_creative::{n}::{job}::SOLO",
    _D.UPSCALE_2X: "MJ::JOB::upsample_{model}_2x::{n}::{job}::SOLO",
    _D.UPSCALE_4X: "MJ::JOB::upsample_{model}_4x::{n}::{job}::SOLO",
    _D.LOW_VARIATION: "MJ::JOB::low_variation::1::{job}::SOLO",
    _D.HIGH_VARIATION: "MJ::JOB::high_variation::1::{job}::SOLO",
    _D.INPAINT: "MJ::Inpaint::1::{job}::SOLO",
    _D.ZOOM_OUT_2X: "MJ::Outpaint::50::1::{job}::SOLO",
    _D.ZOOM_OUT_1_5X: "MJ::Outpaint::75::1::{job}::SOLO",
    _D.MAKE_SQUARE: "MJ::Outpaint::100::1::{job}::SOLO",
    _D.CUSTOM_ZOOM: "MJ::CustomZoom::{job}",
    _D.PAN_LEFT: "MJ::JOB::pan_left::1::{job}::SOLO",
    _D.PAN_RIGHT: "MJ::JOB::pan_right::1::{job}::SOLO",
    _D.PAN_UP: "MJ::JOB::pan_up::1::{job}::SOLO",
    _D.PAN_DOWN: "MJ::JOB::pan_down::1::{job}::SOLO",
    _D.EXTEND_HIGH: "MJ::JOB::animate_high_extend::1::{job}",
    _D.EXTEND_LOW: "MJ::JOB::animate_low_extend::1::{job}",
    _D.ANIMATE_HIGH: "MJ::JOB::animate_high::1::{job}::SOLO",
    _D.ANIMATE_LOW: "MJ::JOB::animate_low::1::{job}::SOLO",
    _D.VIDEO_UPSCALE: "MJ::JOB::video_virtual_upscale::{n}::{job}",
    _D.BOOKMARK: "MJ::BOOKMARK::{job}",
    _D.DESCRIBE_PICK: "MJ::Job::PicReader::{n}",
    _D.DESCRIBE_ALL: "MJ::Job::PicReader::all",
    _D.DESCRIBE_RETRY: "MJ::Picread::Retry",
    _D.SHORTEN_PICK: "MJ::Job::PromptAnalyzer::{n}",
    _D.SHORTEN_DETAILS: "MJ::Job::PromptAnalyzerExtended",
}


def _pattern(deed: Deed, template: str) -> re.Pattern[str]:
    most = 5 if deed is Deed.SHORTEN_PICK else 4
    # Clients and other servers write `::SOLO` or leave it out; a job's button takes both.
    regex = re.escape(template.removesuffix(_SOLO))
    regex = regex.replace(r"\{n\}", f"(?P<n>[1-{most}])").replace(r"\{job\}", _UUID)
    models = "v5" if deed in _FIVE else "v6|v6r1|v7"
    regex = regex.replace(r"\{model\}", f"(?P<model>{models})")
    # Another server of this wire puts the tile before the UUID here.
    regex = regex.replace("CustomZoom::", "CustomZoom::(?:1::)?")
    solo = f"(?:{_SOLO})?" if "{job}" in template else ""
    return re.compile(regex + solo, re.ASCII)


_PATTERNS = {deed: _pattern(deed, template) for deed, template in _TEMPLATES.items()}


def read(custom_id: str) -> Press:
    """Return what a customId asks for; raises InvalidOrder for one of no known form."""
    for deed, pattern in _PATTERNS.items():
        match = pattern.fullmatch(custom_id)
        if match is not None:
            found = match.groupdict()
            return Press(
                deed,
                int(found["n"]) if found.get("n") else None,
                (found.get("job") or "").lower() or None,
                found.get("model") or "",
            )
    raise InvalidOrder(f"unknown action: {custom_id[:120]}", param="customId")


def write(press: Press) -> str:
    """Return the canonical customId of a press; `read` returns the same press for it.

    Raises InvalidOrder for a press that no customId can say, such as U7.
    """
    template = _TEMPLATES[press.deed]
    custom_id = template.format(n=press.index, job=press.job_id, model=press.model)
    if _PATTERNS[press.deed].fullmatch(custom_id) is None:
        raise InvalidOrder(f"no such button: {custom_id[:120]}", param="customId")
    return custom_id


def for_grid(job_id: str) -> tuple[Button, ...]:
    """Return the buttons of a grid: U1–U4, reroll, V1–V4."""
    ups = [Button(write(Press(_D.UPSAMPLE, n, job_id)), label=f"U{n}") for n in range(1, 5)]
    again = Button(write(Press(_D.REROLL, None, job_id)), emoji="🔄")
    varies = [Button(write(Press(_D.VARIATION, n, job_id)), label=f"V{n}") for n in range(1, 5)]
    return (*ups, again, *varies)


def for_single(
    job_id: str,
    version: Version,
    *,
    square: bool,
    redo: Deed | None = None,
    bookmarked: bool = False,
) -> tuple[Button, ...]:
    """Return the buttons of an upscaled single picture, by model version.

    `redo` is the upscaler that made it, if one did; a bookmark that is set is green. Region,
    zoom and pan need version 5; zoom and pan are gone from version 8 on; version 7 and later
    can be animated.
    """
    shown = list(_upscalers(job_id, version, redo))
    shown += [
        _button(_D.LOW_VARIATION, job_id, "🪄", "Vary (Subtle)"),
        _button(_D.HIGH_VARIATION, job_id, "🪄", "Vary (Strong)"),
    ]
    if version.major >= 5:
        shown.append(_button(_D.INPAINT, job_id, "🖌️", "Vary (Region)"))
    if 5 <= version.major < 8:
        shown += _zooms(job_id, square)
    if version.major >= 7:
        shown += [
            _button(_D.ANIMATE_HIGH, job_id, "🎞️", "Animate (High motion)"),
            _button(_D.ANIMATE_LOW, job_id, "🎞️", "Animate (Low motion)"),
        ]
    heart = _button(_D.BOOKMARK, job_id, "❤️", "")
    return (*shown, replace(heart, style=GREEN) if bookmarked else heart)


def for_video(job_id: str, clips: int) -> tuple[Button, ...]:
    """Return the buttons of a video result: one U per clip (1–4), then reroll."""
    ups = [
        Button(write(Press(_D.VIDEO_UPSCALE, n, job_id)), label=f"U{n}")
        for n in range(1, clips + 1)
    ]
    return (*ups, Button(write(Press(_D.REROLL, None, job_id)), emoji="🔄"))


def for_single_video(job_id: str) -> tuple[Button, ...]:
    """Return the buttons of one clip."""
    return (
        _button(_D.EXTEND_HIGH, job_id, "🎞️", "Extend (High motion)"),
        _button(_D.EXTEND_LOW, job_id, "🎞️", "Extend (Low motion)"),
    )


def for_describe() -> tuple[Button, ...]:
    """Return the buttons of a describe result."""
    picks = [Button(write(Press(_D.DESCRIBE_PICK, n)), emoji=f"{n}️⃣") for n in range(1, 5)]
    return (
        *picks,
        Button(write(Press(_D.DESCRIBE_RETRY)), emoji="🔄"),
        Button(write(Press(_D.DESCRIBE_ALL)), emoji="🎉", label="Imagine all"),
    )


def for_shorten(lines: int, *, details: bool = True) -> tuple[Button, ...]:
    """Return the buttons of a shorten result with up to five lines."""
    picks = [Button(write(Press(_D.SHORTEN_PICK, n)), emoji=f"{n}️⃣") for n in range(1, lines + 1)]
    more = (Button(write(Press(_D.SHORTEN_DETAILS)), label="Show Details"),) if details else ()
    return (*picks, *more)


_ALWAYS = {_D.CUSTOM_ZOOM, _D.INPAINT, _D.DESCRIBE_PICK, _D.SHORTEN_PICK}
_PANS = {_D.PAN_LEFT, _D.PAN_RIGHT, _D.PAN_UP, _D.PAN_DOWN}
_WITH_REMIX = {
    _D.REROLL, _D.VARIATION, _D.LOW_VARIATION, _D.HIGH_VARIATION, *_PANS,
    _D.ANIMATE_HIGH, _D.ANIMATE_LOW, _D.EXTEND_HIGH, _D.EXTEND_LOW,
}  # fmt: skip


def needs_dialog(deed: Deed) -> Literal["always", "remix", "never"]:
    """Say when a press waits for a dialog: `always`, with `remix` on, or `never` (7.3)."""
    if deed in _ALWAYS:
        return "always"
    return "remix" if deed in _WITH_REMIX else "never"


def dialog_id(press: Press, job_id: str) -> str:
    """Return the name of the dialog that a press opens (section 7.1, last paragraph)."""
    index = press.index or 1
    if press.deed in {_D.VARIATION, _D.LOW_VARIATION, _D.HIGH_VARIATION}:
        strong = int(press.deed is not _D.LOW_VARIATION)
        return f"MJ::RemixModal::{job_id}::{index}::{strong}"
    if press.deed in _PANS:
        way = press.deed.removeprefix("pan_")
        return f"MJ::PanModal::{way}::{job_id}::{index}"
    if press.deed is _D.CUSTOM_ZOOM:
        return f"MJ::OutpaintCustomZoomModal::{job_id}"
    if press.deed is _D.DESCRIBE_PICK:
        return f"MJ::Picreader::Modal::{index}"
    if press.deed in {_D.ANIMATE_HIGH, _D.ANIMATE_LOW, _D.EXTEND_HIGH, _D.EXTEND_LOW}:
        return f"MJ::AnimateModal::{job_id}::{index}"
    if press.deed is _D.INPAINT:
        return write(press)
    return f"MJ::ImagineModal::{job_id}"


_ACTIONS: dict[Deed, Action] = {
    **dict.fromkeys(
        (_D.UPSAMPLE, _D.UPSCALE_SUBTLE, _D.UPSCALE_CREATIVE, _D.UPSCALE_2X, _D.UPSCALE_4X),
        Action.UPSCALE,
    ),
    **dict.fromkeys((_D.VARIATION, _D.LOW_VARIATION, _D.HIGH_VARIATION), Action.VARIATION),
    _D.INPAINT: Action.INPAINT,
    **dict.fromkeys(
        (_D.ZOOM_OUT_2X, _D.ZOOM_OUT_1_5X, _D.MAKE_SQUARE, _D.CUSTOM_ZOOM), Action.ZOOM
    ),
    **dict.fromkeys(_PANS, Action.PAN),
    **dict.fromkeys((_D.ANIMATE_HIGH, _D.ANIMATE_LOW, _D.EXTEND_HIGH, _D.EXTEND_LOW), Action.VIDEO),
    _D.VIDEO_UPSCALE: Action.UPSCALE,
    **dict.fromkeys((_D.DESCRIBE_PICK, _D.DESCRIBE_ALL, _D.SHORTEN_PICK), Action.IMAGINE),
    _D.DESCRIBE_RETRY: Action.DESCRIBE,
    _D.SHORTEN_DETAILS: Action.SHORTEN,
}


def action_of(press: Press, parent: Action) -> Action:
    """Return the action of the child task in our own words; the wire may merge some.

    A reroll keeps its parent's (wire/decisions 7), but of an upscale it is an imagine
    (section 7.2). Raises InvalidOrder for a bookmark, which makes no task.
    """
    if press.deed is _D.BOOKMARK:
        raise InvalidOrder("a bookmark makes no task", param="customId")
    if press.deed is _D.REROLL:
        return Action.IMAGINE if parent is Action.UPSCALE else parent
    return _ACTIONS[press.deed]


_PRICES: dict[Deed, str] = {
    _D.REROLL: "reroll",
    _D.LOW_VARIATION: "low_variation",
    _D.HIGH_VARIATION: "high_variation",
}


def price_action(press: Press) -> str:
    """Return the billing name of a press (wire/apimart section 2); none for a bookmark."""
    return _PRICES.get(press.deed) or action_of(press, Action.IMAGINE).value.lower()


def _upscalers(job_id: str, version: Version, redo: Deed | None) -> list[Button]:
    model = {"5": "v5", "5.1": "v5", "5.2": "v5", "6": "v6", "6.1": "v6r1", "7": "v7"}.get(
        version.number
    )
    if model is None:
        return []
    pair = (
        ((_D.UPSCALE_2X, "2x"), (_D.UPSCALE_4X, "4x"))
        if model == "v5"
        else ((_D.UPSCALE_SUBTLE, "Subtle"), (_D.UPSCALE_CREATIVE, "Creative"))
    )
    word = "Redo Upscale" if redo else "Upscale"
    return [
        Button(write(Press(deed, 1, job_id, model)), "upscale_1", f"{word} ({name})")
        for deed, name in pair
    ]


def _zooms(job_id: str, square: bool) -> list[Button]:
    shown = [
        _button(_D.ZOOM_OUT_2X, job_id, "🔍", "Zoom Out 2x"),
        _button(_D.ZOOM_OUT_1_5X, job_id, "🔍", "Zoom Out 1.5x"),
    ]
    if not square:
        shown.append(_button(_D.MAKE_SQUARE, job_id, "↔️", "Make Square"))
    shown.append(_button(_D.CUSTOM_ZOOM, job_id, "🔍", "Custom Zoom"))
    arrows = ((_D.PAN_LEFT, "⬅️"), (_D.PAN_RIGHT, "➡️"), (_D.PAN_UP, "⬆️"), (_D.PAN_DOWN, "⬇️"))
    return shown + [_button(deed, job_id, emoji, "") for deed, emoji in arrows]


def _button(deed: Deed, job_id: str, emoji: str, label: str) -> Button:
    return Button(write(Press(deed, None, job_id)), emoji, label)
