"""Which parent allows which action."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gesso.dialects.apimart import gates
from gesso.domain.buttons import Deed, Press
from gesso.domain.errors import InvalidOrder
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus

JOB = "00000000-0000-4000-8000-000000000000"


def parent(version: str, *positions: int, mime: str = "image/png") -> Task:
    return Task(
        id=1, account_id="a", key_id="k", status=TaskStatus.SUCCEEDED, lane=Lane.FAST,
        action=Action.VIDEO if mime == "video/mp4" else Action.IMAGINE, job_hash=JOB,
        submitted_at=datetime(2026, 11, 21, tzinfo=UTC), order={"version": version},
        pictures=tuple(Picture(n, f"{n}.png", mime, 8, 8, 9) for n in positions),
    )  # fmt: skip


GRID, SINGLE = (0, 1, 2, 3, 4), (0,)


def press(deed: Deed, index: int = 1, model: str = "") -> Press:
    return Press(deed, index, JOB, model)


@pytest.mark.parametrize(
    ("made", "pressed", "action"),
    [
        (parent("v8.1", *GRID), press(Deed.UPSAMPLE, 4), "upscale"),
        (parent("v8.1", *GRID), press(Deed.UPSCALE_SUBTLE, 2, "v7"), "upscale"),
        (parent("v6.1", *SINGLE), press(Deed.UPSCALE_CREATIVE, 1, "v6"), "upscale"),
        (parent("v5.2", *SINGLE), press(Deed.UPSCALE_4X, 1, "v5"), "upscale"),
        (parent("", 0, 1, 2, mime="video/mp4"), press(Deed.VIDEO_UPSCALE, 2), "upscale"),
        (parent("v7", *SINGLE), press(Deed.HIGH_VARIATION), "high_variation"),
        (parent("v7", *GRID), press(Deed.VARIATION), "low_variation"),
        (parent("v7", *GRID), press(Deed.REROLL), "reroll"),
        (parent("v5", *SINGLE), press(Deed.ZOOM_OUT_2X), "zoom"),
        (parent("v8.2", *SINGLE), press(Deed.PAN_UP), "pan"),
        (parent("niji6", *SINGLE), press(Deed.PAN_UP), "pan"),
        (parent("v4", *SINGLE), press(Deed.INPAINT), "inpaint"),
    ],
)
def test_what_goes(made: Task, pressed: Press, action: str) -> None:
    gates.check(made, pressed, action)


@pytest.mark.parametrize(
    ("made", "pressed", "action", "param"),
    [
        (parent("v7", *SINGLE), press(Deed.UPSAMPLE), "upscale", "task_id"),
        (parent("v7", 0, 1, 2), press(Deed.UPSAMPLE, 3), "upscale", "index"),
        (parent("v7", *GRID), press(Deed.UPSCALE_SUBTLE, 1, "v6"), "upscale", "custom_id"),
        (parent("v7", *SINGLE), press(Deed.VARIATION), "variation", "task_id"),
        (parent("v7", *GRID), press(Deed.LOW_VARIATION), "variation", "task_id"),
        (parent("v7", *SINGLE), press(Deed.REROLL), "reroll", "task_id"),
        (parent("v7", *GRID), press(Deed.ZOOM_OUT_2X), "zoom", "task_id"),
        (parent("v5.2", *SINGLE), press(Deed.PAN_UP), "pan", "task_id"),
        (parent("v7", *GRID), press(Deed.INPAINT), "inpaint", "task_id"),
    ],
)
def test_what_does_not(made: Task, pressed: Press, action: str, param: str) -> None:
    with pytest.raises(InvalidOrder) as fault:
        gates.check(made, pressed, action)
    assert fault.value.param == param


def test_remix_is_for_grids_of_version_8_1_and_later() -> None:
    gates.check_remix(parent("v8.2", *GRID))
    for made in (parent("v8", *GRID), parent("v8.1", *SINGLE)):
        with pytest.raises(InvalidOrder):
            gates.check_remix(made)


def test_a_custom_id_belongs_to_its_endpoint() -> None:
    assert gates.read_custom_id(f"MJ::JOB::pan_up::1::{JOB}", "pan").deed is Deed.PAN_UP
    for custom_id in (f"MJ::JOB::pan_up::1::{JOB}", "nonsense"):
        with pytest.raises(InvalidOrder) as fault:
            gates.read_custom_id(custom_id, "zoom")
        assert fault.value.param == "custom_id"
