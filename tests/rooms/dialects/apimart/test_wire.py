"""The pure answers of the APIMart wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gesso.dialects.apimart import wire
from gesso.dialects.apimart.words import LANGUAGES, read_language, say
from gesso.domain import errors
from gesso.domain.task import Action, Lane, Picture, Task, TaskStatus

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class Links:
    def to(self, task: Task, shown: Picture) -> str:
        return f"/{shown.position}"

    def to_preview(self, task: Task) -> str:
        return "/preview"

    def expires_at(self, task: Task) -> datetime:
        return NOW + timedelta(days=30)


def picture(position: int, mime: str = "image/png") -> Picture:
    return Picture(position, f"{position}.png", mime, 8, 8, 100)


def task(status: TaskStatus = TaskStatus.SUCCEEDED, **changes: object) -> Task:
    made = Task(
        id=1234567890123456, account_id="acc", key_id="key", action=Action.IMAGINE, status=status,
        lane=Lane.RELAX, submitted_at=NOW, price_nanos=45_040_000, charged_nanos=33_780_000,
        started_at=NOW + timedelta(seconds=2), finished_at=NOW + timedelta(seconds=21),
        progress=100, job_hash="00000000-0000-4000-8000-000000000000",
        pictures=tuple(picture(n) for n in range(5)),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def unified_of(made: Task, links: Links) -> dict[str, Any]:
    return msgspec.json.decode(wire.write(wire.unified(made, links)), type=dict[str, Any])


def flat_of(made: Task, links: Links) -> dict[str, Any]:
    return msgspec.json.decode(wire.write(wire.flat(made, links)), type=dict[str, Any])


def test_every_status_and_error_has_its_word() -> None:
    assert set(wire.STATUS) == set(wire.UNIFIED) == set(TaskStatus)
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.GessoError):
            status, name = wire.status_of(kind("why"))
            assert 400 <= status < 600
            assert name
    assert wire.status_of(errors.PictureRejected("x")) == (400, "invalid_request_error")
    assert wire.write_error(errors.NotFound("task x not found")) == (
        b'{"error":{"code":404,"message":"task x not found","type":"not_found_error"}}'
    )


def test_four_urls_in_one_element_without_the_grid() -> None:
    shown = unified_of(task(), Links())
    assert shown["result"] == {
        "images": [
            {"url": ["/1", "/2", "/3", "/4"], "expires_at": int(NOW.timestamp()) + 30 * 86400}
        ]
    }
    assert (shown["cost"], shown["credits_cost"], shown["actual_time"]) == (0.03378, 0.3378, 19)
    assert "error" not in shown


def test_a_caller_sees_as_many_as_wanted() -> None:
    shown = flat_of(task(order={"terms": {"shown": 2}}), Links())
    assert (shown["grid_image_url"], shown["image_urls"]) == ("/0", ["/1", "/2"])


def test_clips_are_videos() -> None:
    clips = (picture(0), picture(1, "video/mp4"), picture(2, "video/mp4"))
    made = task(action=Action.VIDEO, lane=Lane.FAST, pictures=clips)
    flat = flat_of(made, Links())
    assert (flat["mode"], flat["video_url"], flat["video_urls"]) == ("FAST", "/1", ["/1", "/2"])
    assert "image_urls" not in flat
    assert list(unified_of(made, Links())["result"]) == ["videos"]


def test_a_description_shows_its_lines_and_no_picture() -> None:
    made = task(action=Action.DESCRIBE, result={"text": "1️⃣ a\n2️⃣ b"}, pictures=(picture(0),))
    flat = flat_of(made, Links())
    assert flat["prompt"] == flat["description"] == "1️⃣ a\n2️⃣ b"
    assert flat["mode"] == "DESCRIBE"
    assert "image_urls" not in flat


@pytest.mark.parametrize(
    ("status", "flat", "unified", "cost"),
    [
        (TaskStatus.QUEUED, "SUBMITTED", "pending", 0.04504),
        (TaskStatus.NEEDS_INPUT, "MODAL", "processing", 0),
        (TaskStatus.FAILED, "FAILURE", "failed", 0),
        (TaskStatus.CANCELLED, "CANCEL", "cancelled", 0),
    ],
)
def test_what_a_task_costs_now(status: TaskStatus, flat: str, unified: str, cost: float) -> None:
    made = task(status, charged_nanos=0, pictures=(), fail_code="timeout", fail_reason="任务超时")
    assert (flat_of(made, Links())["status"], flat_of(made, Links())["cost"]) == (flat, cost)
    assert unified_of(made, Links())["status"] == unified


@pytest.mark.parametrize(
    ("action", "order", "price_key", "name"),
    [
        (Action.VARIATION, {"deed": "high_variation"}, "", "HIGH_VARIATION"),
        (Action.VARIATION, {"deed": "variation", "strength": "subtle"}, "", "LOW_VARIATION"),
        (Action.VARIATION, {"deed": "variation"}, "", "VARIATION"),
        (Action.REMIX, {"strength": "subtle"}, "", "REMIX_SUBTLE"),
        (Action.IMAGINE, {"deed": "reroll"}, "", "REROLL"),
        (Action.INPAINT, {}, "midjourney@inpaint", "INPAINT"),
        (Action.INPAINT, {}, "midjourney@modal-fast", "MODAL"),
        (Action.ZOOM, {"deed": "zoom_out_2x"}, "midjourney@zoom", "ZOOM"),
    ],
)
def test_names_of_actions(action: Action, order: dict[str, str], price_key: str, name: str) -> None:
    assert wire.action_of(task(action=action, order=order, price_key=price_key)) == name


def test_a_webhook_speaks_the_language_of_its_order() -> None:
    made = task(TaskStatus.FAILED, fail_code="lost", order={"terms": {"language": "ko"}})
    assert "연결이 끊겨".encode() in wire.write_webhook(made, Links())


def test_languages() -> None:
    assert read_language(" ZH ") == "zh"
    assert read_language("zh-CN") == ""
    assert say("timeout", "") == ""
    texts = {
        say(code, language) for code in ("timeout", "never heard of") for language in LANGUAGES
    }
    assert len(texts) == 2 * len(LANGUAGES)
    for code in ("banned", "moderated", "refused", "unavailable", "lost", "garbled", "cancelled"):
        assert len({say(code, language) for language in LANGUAGES}) == len(LANGUAGES)
