"""Every action against a real upstream of the wire: what is sent, what comes back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gesso.domain.errors import Locked, Refused, Unavailable, Uncertain
from gesso.domain.provider import Job, Progress, Stage
from gesso.domain.task import Action
from gesso.providers.mjproxy import MidjourneyProxy, open_provider
from gesso.upstream.parent import data_url
from tests.rooms.providers.mjproxy.jobs import STORED, UUID, job, parent
from tests.upstream import CLIP, Script, Upstream, png, running_upstream

pytestmark = pytest.mark.anyio
A = Action
PICTURES = [png(4, 4), png(5, 5), png(6, 6)]
URLS = [data_url(one) for one in PICTURES]


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running


@pytest.fixture
def provider() -> MidjourneyProxy:
    return open_provider(upstream_poll_s=0.01)


async def finish(provider: MidjourneyProxy, one: Job) -> Progress:
    upstream_id = await provider.submit(one)
    async with asyncio.timeout(10):
        while True:
            progress = await provider.poll(one, upstream_id)
            if progress.stage is not Stage.WORKING:
                return progress


def heard(upstream: Upstream) -> tuple[str, dict[str, Any]]:
    path, body, _ = upstream.heard[-1]
    return path, body


FIRST: list[tuple[Action, int, dict[str, Any], str, dict[str, Any]]] = [
    (A.IMAGINE, 0, {}, "imagine", {"prompt": "a boat --ar 3:2", "botType": "MID_JOURNEY"}),
    (A.IMAGINE, 2, {}, "imagine", {"base64Array": URLS[:2]}),
    (A.BLEND, 3, {"dimensions": "PORTRAIT"}, "blend", {"base64Array": URLS}),
    (A.BLEND, 2, {}, "blend", {"dimensions": "SQUARE"}),
    (A.EDITS, 1, {}, "edits", {"prompt": "a boat --ar 3:2", "image": URLS[0]}),
    (A.RETEXTURE, 1, {}, "retexture", {"image": URLS[0]}),
]


@pytest.mark.parametrize(("action", "count", "order", "path", "body"), FIRST)
async def test_first_orders_that_make_a_grid(
    provider: MidjourneyProxy,
    upstream: Upstream,
    action: Action,
    count: int,
    order: dict[str, Any],
    path: str,
    body: dict[str, Any],
) -> None:
    one = job(upstream.url, action, pictures=PICTURES[:count], **order)
    progress = await finish(provider, one)
    assert heard(upstream)[0] == f"/mj/submit/{path}"
    assert body.items() <= heard(upstream)[1].items()
    assert heard(upstream)[1]["state"] == one.reference
    assert [p.position for p in progress.pictures] == [0, 1, 2, 3, 4]
    assert progress.expected == 4
    assert progress.facts["upstream_id"] == "1000"
    assert progress.facts["message_hash"] == UUID


async def test_separate_pictures_are_taken_as_they_are(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    links = [{"url": f"{upstream.url}/picture/{n}.png"} for n in (7, 8, 9, 10)]
    upstream.script.facts = {"imageUrls": links, "properties": {"imageSeed": "636646138"}}
    progress = await finish(provider, job(upstream.url))
    wanted = [png(colour=(n, 90, 160)) for n in (7, 8, 9, 10)]
    assert [p.data for p in progress.pictures[1:]] == wanted
    assert progress.facts["seed"] == 636646138


async def test_a_description(provider: MidjourneyProxy, upstream: Upstream) -> None:
    text = "1️⃣ a boat --ar 3:2\n\n2️⃣ two boats\n\n3️⃣ sea\n\n4️⃣ sky"
    upstream.script.facts = {"properties": {"finalPrompt": text}}
    progress = await finish(provider, job(upstream.url, A.DESCRIBE, pictures=PICTURES[:1]))
    assert heard(upstream)[1]["base64"] == URLS[0]
    assert progress.facts["text"] == text
    assert progress.facts["lines"] == ["a boat --ar 3:2", "two boats", "sea", "sky"]
    assert [p.data for p in progress.pictures] == PICTURES[:1]
    assert progress.expected == 0


async def test_a_shortened_prompt(provider: MidjourneyProxy, upstream: Upstream) -> None:
    text = "## Important tokens\n**boat** ~~very~~\n## Shortened prompts\n1️⃣ boat\n\n2️⃣ sea"
    upstream.script.facts = {"properties": {"finalPrompt": text}, "imageUrl": None}
    progress = await finish(provider, job(upstream.url, A.SHORTEN))
    assert heard(upstream)[0] == "/mj/submit/shorten"
    assert progress.facts["lines"] == ["boat", "sea"]
    assert progress.pictures == []


async def test_swapping_a_face(provider: MidjourneyProxy, upstream: Upstream) -> None:
    progress = await finish(provider, job(upstream.url, A.SWAP_FACE, pictures=PICTURES[:2]))
    path, body = heard(upstream)
    assert path == "/mj/insight-face/swap"
    assert (body["sourceBase64"], body["targetBase64"]) == (URLS[0], URLS[1])
    assert [p.position for p in progress.pictures] == [0]


async def test_a_video(provider: MidjourneyProxy, upstream: Upstream) -> None:
    clips = [{"url": f"/clip/{n}.mp4", "thumbnail": ""} for n in (1, 2)]
    upstream.script.facts = {"videoUrls": clips}
    order: dict[str, Any] = {
        "motion": "high",
        "loop": True,
        "size": 720,
        "clips": 2,
        "end_frame": True,
    }
    progress = await finish(provider, job(upstream.url, A.VIDEO, pictures=PICTURES[:2], **order))
    path, body = heard(upstream)
    assert path == "/mj/submit/video"
    assert (body["image"], body["endImage"]) == (URLS[0], URLS[1])
    assert (body["motion"], body["loop"], body["batchSize"]) == ("high", True, 2)
    assert body["videoType"] == "vid_1.1_i2v_720"
    assert [p.position for p in progress.pictures] == [0, 1, 2]
    assert progress.pictures[2].data == CLIP + b"2"
    assert progress.expected == 2


async def test_a_video_is_extended(provider: MidjourneyProxy, upstream: Upstream) -> None:
    of = parent(video=True)
    await provider.submit(job(upstream.url, A.VIDEO, of=of, extend=True, index=3))
    body = heard(upstream)[1]
    assert (body["action"], body["taskId"], body["index"]) == ("extend", "1000", 2)
    elsewhere = parent(here=False, video=True)
    with pytest.raises(Refused, match="channel that made it"):
        await provider.submit(job(upstream.url, A.VIDEO, of=elsewhere, extend=True))


PRESSES = [
    (A.UPSCALE, "upsample", 2, f"MJ::JOB::upsample::2::{UUID}"),
    (A.VARIATION, "variation", 3, f"MJ::JOB::variation::3::{UUID}"),
    (A.IMAGINE, "reroll", None, f"MJ::JOB::reroll::0::{UUID}::SOLO"),
    (A.VARIATION, "high_variation", None, f"MJ::JOB::high_variation::1::{UUID}::SOLO"),
    (A.UPSCALE, "upscale_subtle", 1, f"MJ::JOB::upsample_v6r1_2x_subtle::1::{UUID}::SOLO"),
    (A.ZOOM, "zoom_out_2x", None, f"MJ::Outpaint::50::1::{UUID}::SOLO"),
    (A.PAN, "pan_left", None, f"MJ::JOB::pan_left::1::{UUID}::SOLO"),
    (A.VIDEO, "animate_low", None, f"MJ::JOB::animate_low::1::{UUID}::SOLO"),
    (A.IMAGINE, "shorten_pick", 5, "MJ::Job::PromptAnalyzer::5"),
    (A.SHORTEN, "shorten_details", None, "MJ::Job::PromptAnalyzerExtended"),
]


@pytest.mark.parametrize(("action", "deed", "index", "custom_id"), PRESSES)
async def test_the_upstreams_own_button_is_pressed(
    provider: MidjourneyProxy,
    upstream: Upstream,
    action: Action,
    deed: str,
    index: int | None,
    custom_id: str,
) -> None:
    of = parent(buttons=["MJ::Unknown::1", *[press[3] for press in PRESSES]])
    await provider.submit(job(upstream.url, action, of=of, deed=deed, index=index, seed=1))
    path, body = heard(upstream)
    assert path == "/mj/submit/action"
    assert (body["taskId"], body["customId"]) == ("1000", custom_id)


async def test_a_button_that_the_upstream_does_not_show(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    of = parent(buttons=[f"MJ::JOB::upsample::2::{UUID}"])
    with pytest.raises(Refused, match="no button for upsample"):
        await provider.submit(job(upstream.url, A.UPSCALE, of=of, deed="upsample", index=1))
    assert upstream.heard == []


async def test_a_dialog_is_answered_at_once(provider: MidjourneyProxy, upstream: Upstream) -> None:
    upstream.script.dialogs = True
    of = parent(buttons=[f"MJ::Inpaint::1::{UUID}::SOLO", f"MJ::CustomZoom::{UUID}"])
    progress = await finish(
        provider, job(upstream.url, A.INPAINT, of=of, deed="inpaint", mask=PICTURES[0])
    )
    path, body = heard(upstream)
    assert path == "/mj/submit/modal"
    assert body == {"taskId": "1000", "prompt": "a boat --ar 3:2", "maskBase64": URLS[0]}
    assert progress.stage is Stage.DONE
    await provider.submit(job(upstream.url, A.ZOOM, of=of, deed="custom_zoom", zoom=1.5))
    assert heard(upstream)[1]["prompt"] == "a boat --ar 3:2 --zoom 1.5"


async def test_a_dialog_whose_answer_broke_is_found_and_answered_again(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    upstream.script.dialogs = True
    upstream.script.losses = deque(["drop"])
    one = job(upstream.url, A.IMAGINE, of=parent(buttons=[PRESSES[2][3]]), deed="reroll")
    with pytest.raises(Uncertain):
        await provider.submit(one)
    assert await provider.find(one) == "1000"
    assert [path for path, _, _ in upstream.heard] == ["/mj/submit/action", "/mj/submit/modal"]
    assert len(upstream.jobs) == 1


async def test_21_with_a_status_is_the_existing_task(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    known = {"code": 21, "result": "77", "properties": {"status": "SUCCESS", "imageUrl": "x"}}
    upstream.script.answers = deque([(200, known)])
    assert await provider.submit(job(upstream.url)) == "77"
    assert len(upstream.heard) == 1


async def test_tiles_made_elsewhere_come_from_our_store(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    one = job(upstream.url, A.UPSCALE, of=parent(here=False), deed="upsample", index=2)
    progress = await finish(provider, one)
    assert [(p.position, p.data) for p in progress.pictures] == [(0, STORED["tile"])]
    of = parent(here=False, video=True)
    one = job(upstream.url, A.UPSCALE, of=of, deed="video_virtual_upscale", index=2)
    progress = await finish(provider, one)
    shown = [(p.position, p.data) for p in progress.pictures]
    assert shown == [(0, STORED["grid"]), (1, STORED["clip"])]
    assert await provider.find(one) is not None
    await provider.cancel(one, str(await provider.find(one)))
    assert upstream.heard == []
    assert upstream.cancelled == []


@pytest.mark.parametrize(
    ("action", "deed", "index", "picture"),
    [
        (A.VARIATION, "variation", 3, "tile"),
        (A.VARIATION, "low_variation", None, "grid"),
        (A.IMAGINE, "reroll", None, None),
        (A.IMAGINE, "describe_pick", 1, None),
        (A.VIDEO, "animate_high", None, "grid"),
    ],
)
async def test_stand_ins_for_parents_made_elsewhere(
    provider: MidjourneyProxy,
    upstream: Upstream,
    action: Action,
    deed: str,
    index: int | None,
    picture: str | None,
) -> None:
    of = parent(here=False)
    await provider.submit(job(upstream.url, action, of=of, deed=deed, index=index))
    path, body = heard(upstream)
    assert path == ("/mj/submit/video" if action is A.VIDEO else "/mj/submit/imagine")
    sent = body.get("base64Array", [body["image"]] if "image" in body else None)
    assert sent == ([data_url(STORED[picture])] if picture else None)


@pytest.mark.parametrize(
    ("action", "deed"),
    [(A.PAN, "pan_up"), (A.ZOOM, "custom_zoom"), (A.INPAINT, "inpaint"),
     (A.UPSCALE, "upscale_2x"), (A.VIDEO, "animate_low_extend"), (A.SHORTEN, "shorten_details")],
)  # fmt: skip
async def test_what_needs_the_upstreams_own_picture_is_refused(
    provider: MidjourneyProxy, upstream: Upstream, action: Action, deed: str
) -> None:
    with pytest.raises(Refused):
        await provider.submit(job(upstream.url, action, of=parent(here=False), deed=deed))
    assert upstream.heard == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {"code": 23, "description": "full"}), Unavailable),
        ((200, {"code": 9, "description": "队列已满"}), Unavailable),
        ((200, {"code": 3, "description": "无可用的账号实例"}), Unavailable),
        ((200, {"code": 24, "description": "banned"}), Refused),
        ((404, {"code": 3, "description": "关联任务不存在或已失效"}), Unavailable),
        ((404, b"<html>"), Refused),
        ((401, b""), Locked),
        ((429, b""), Unavailable),
        ((200, b"<html>"), Uncertain),
        ((200, {"code": 1, "description": "ok"}), Uncertain),
        ((502, b"<html>"), Uncertain),
        # What gateways that relay this wire add to it.
        ((400, {"code": 4, "description": "quota_not_enough ", "type": "x"}), Locked),
        ((503, {"error": {"code": "model_not_found", "message": "no channel"}}), Unavailable),
        ((503, {"error": {"code": "do_request_failed", "message": "broken"}}), Uncertain),
        ((500, {"error": {"code": "model_not_found", "message": "no channel"}}), Uncertain),
    ],
)
async def test_what_an_answer_means(
    provider: MidjourneyProxy,
    upstream: Upstream,
    answer: tuple[int, Any],
    error: type[Exception],
) -> None:
    upstream.script.answers = deque([answer])
    with pytest.raises(error):
        await provider.submit(job(upstream.url))


async def test_a_refusal_in_the_words_of_a_relaying_gateway(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    fault = {"message": "unknown_action for s3cret-key", "type": "relay_error", "code": ""}
    upstream.script.answers = deque([(400, {"error": fault})])
    with pytest.raises(Refused, match=r"HTTP 400\): unknown_action for \*\*\*"):
        await provider.submit(job(upstream.url, options={"secret": "s3cret-key"}))


async def test_the_secret_and_the_cards(provider: MidjourneyProxy, upstream: Upstream) -> None:
    one = job(upstream.url, options={"secret": "s3"}, prompt="a boat --sandbox slow:1 --ar 3:2")
    await provider.submit(one)
    _, body, headers = upstream.heard[-1]
    assert body["prompt"] == "a boat --ar 3:2"
    assert headers["mj-api-secret"] == "s3"
    assert headers["authorization"] == "Bearer s3"


async def test_many_tasks_are_looked_at_together(upstream: Upstream) -> None:
    provider = open_provider(upstream_poll_s=0.05)
    upstream.script = Script(takes_s=0.2)
    jobs = [job(upstream.url, prompt=f"boat {n}") for n in range(30)]
    ids = [await provider.submit(one) for one in jobs]
    looks = (provider.poll(one, i) for one, i in zip(jobs, ids, strict=True))
    seen = await asyncio.gather(*looks)
    assert len(seen) == 30
    assert len(upstream.asked) == 1
    assert sorted(upstream.asked[0]) == sorted(ids)


async def test_without_a_list_tasks_are_fetched_one_by_one(
    provider: MidjourneyProxy, upstream: Upstream
) -> None:
    upstream.script.batches = False
    assert (await finish(provider, job(upstream.url))).stage is Stage.DONE
    assert (await finish(provider, job(upstream.url))).stage is Stage.DONE
    assert upstream.fetched == ["1000", "1001"]


async def test_a_result_that_is_too_large(upstream: Upstream) -> None:
    provider = open_provider(upstream_poll_s=0.01, max_result_bytes=1000)
    upstream.script.pictures = deque([(200, b"x" * 1001)])
    progress = await finish(provider, job(upstream.url))
    assert (progress.stage, progress.code) == (Stage.FAILED, "garbled")
    assert "1000 bytes" in (progress.reason or "")


SENT = {A.IMAGINE, A.BLEND, A.DESCRIBE, A.SHORTEN, A.EDITS, A.RETEXTURE, A.VIDEO, A.SWAP_FACE}


@pytest.mark.parametrize("action", sorted(open_provider().manifest.actions))
async def test_every_action_is_sent_or_refused_by_name(
    provider: MidjourneyProxy, upstream: Upstream, action: Action
) -> None:
    one = job(upstream.url, action, pictures=PICTURES[:2])
    if action in SENT:
        assert await provider.submit(one) == "1000"
        return
    with pytest.raises(Refused, match=action.lower()):
        await provider.submit(one)
    assert upstream.heard == []
