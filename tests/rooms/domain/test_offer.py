"""Buttons of a finished task: by what it delivered, and only for pictures that are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gesso.domain import buttons
from gesso.domain.buttons import Deed, Press
from gesso.domain.offer import Result, offered, offers, result_of
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus

HASH = "3dbbd469-36af-4a0f-8f02-df6c579e7011"


def picture(position: int, mime: str = "image/png") -> Picture:
    return Picture(position, "blob", mime, 8, 8, 1)


def task(*pictures: Picture, **fields: Any) -> Task:
    made = Task(
        1710816049856103, "acc", "key", Action.IMAGINE, TaskStatus.SUCCEEDED, Lane.FAST,
        datetime(2026, 1, 1, tzinfo=UTC), job_hash=HASH, pictures=pictures,
    )  # fmt: skip
    return replace(made, **fields)


GRID = task(*(picture(n) for n in range(5)))


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (GRID, Result.GRID),
        (task(picture(0)), Result.SINGLE),
        (task(), Result.NOTHING),
        (replace(GRID, status=TaskStatus.FAILED), Result.NOTHING),
        (task(picture(0), action=Action.SWAP_FACE), Result.NOTHING),
        (task(picture(0), action=Action.DESCRIBE), Result.DESCRIPTION),
        (task(action=Action.SHORTEN), Result.SHORTENED),
        (task(picture(0), picture(1, "video/mp4"), action=Action.VIDEO), Result.CLIPS),
        (task(picture(1, "video/mp4"), action=Action.UPSCALE), Result.CLIP),
    ],
)
def test_what_was_delivered(made: Task, kind: Result) -> None:
    assert result_of(made) is kind
    assert bool(offered(made)) == (kind is not Result.NOTHING)


def test_what_is_offered_is_taken_and_only_from_this_result() -> None:
    for button in offered(GRID):
        assert offers(GRID, buttons.read(button.custom_id)) == button
    stranger = Press(Deed.UPSAMPLE, 1, "00000000-0000-4000-8000-000000000000")
    assert offers(GRID, stranger) is None


def test_a_missing_picture_has_no_buttons() -> None:
    partial = task(picture(0), picture(1), picture(3))
    shown = [buttons.read(b.custom_id).index for b in offered(partial)]
    assert {i for i in shown if i is not None} == {1, 3}
    assert offers(partial, Press(Deed.UPSAMPLE, 2, HASH)) is None


def test_details_are_offered_once() -> None:
    short = task(action=Action.SHORTEN, result={"lines": ["a", "b"]})
    labels = [b.label for b in offered(short)]
    assert labels[-1] == "Show Details"
    detailed = replace(short, order={"details": True})
    assert [b.label for b in offered(detailed)] == labels[:-1]
