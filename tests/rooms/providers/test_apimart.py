"""Every action against an imitation of the wire: what is sent, what comes back."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from gesso.domain.errors import Locked, Refused, Uncertain
from gesso.domain.provider import Job, Stage
from gesso.domain.task import Action, Lane
from gesso.providers import apimart
from gesso.testing.rig import Trouble
from gesso.upstream.parent import data_url
from tests.rooms.providers.diffusion_jobs import (
    CLIP,
    STORED,
    finish,
    job,
    left_half,
    parent,
    picture,
)  # fmt: skip
from tests.upstreams.apimart import TEXT, UUID, APIMart

pytestmark = pytest.mark.anyio
A = Action
PICTURES = [picture(red=n) for n in (10, 20, 30)]


@pytest.fixture
async def upstream() -> AsyncIterator[APIMart]:
    async with APIMart.running() as running:
        yield running


@pytest.fixture
def provider() -> apimart.APIMart:
    return apimart.open_provider(upstream_poll_s=0.01)


def heard(upstream: APIMart) -> tuple[str, dict[str, Any]]:
    kind, body = upstream.heard[-1]
    return kind, body


async def made(provider: apimart.APIMart, upstream: APIMart, kind: str = "grid") -> Any:
    """A parent that this upstream has made."""
    one = job(upstream.url)
    done = await finish(provider, one)
    return dataclasses.replace(parent(kind), result=dict(done.facts), channel_id="ch")


FIRST: list[tuple[Action, int, dict[str, Any], str, dict[str, Any]]] = [
    (A.IMAGINE, 0, {}, "imagine", {"prompt": "a boat --ar 2:1 --no fog", "speed": "fast"}),
    (A.IMAGINE, 2, {}, "imagine", {"image_urls": [data_url(one) for one in PICTURES[:2]]}),
    (A.BLEND, 3, {}, "blend", {"size": "2:1"}),
    (A.EDITS, 1, {}, "edits", {"prompt": "a boat --ar 2:1 --no fog"}),
]


@pytest.mark.parametrize(("action", "count", "order", "kind", "body"), FIRST)
async def test_first_orders(
    provider: apimart.APIMart,
    upstream: APIMart,
    action: Action,
    count: int,
    order: dict[str, Any],
    kind: str,
    body: dict[str, Any],
) -> None:
    done = await finish(provider, job(upstream.url, action, pictures=PICTURES[:count], **order))
    assert heard(upstream)[0] == kind
    assert body.items() <= heard(upstream)[1].items()
    assert [one.position for one in done.pictures] == [0, 1, 2, 3, 4]
    assert done.facts["final_prompt"] == "as it was"
    assert done.facts["buttons"] == upstream.buttons


async def test_a_description(provider: apimart.APIMart, upstream: APIMart) -> None:
    done = await finish(provider, job(upstream.url, A.DESCRIBE, pictures=PICTURES[:1]))
    assert done.facts["text"] == TEXT
    assert done.facts["lines"] == ["a boat --ar 3:2", "two boats", "sea", "sky"]
    assert [one.data for one in done.pictures] == PICTURES[:1]


PRESSES: list[tuple[Action, dict[str, Any], str, dict[str, Any]]] = [
    (A.UPSCALE, {"deed": "upsample", "index": 2}, "upscale", {"index": 2}),
    (A.VARIATION, {"deed": "variation", "index": 3}, "variation", {"index": 3}),
    (A.VARIATION, {"deed": "high_variation", "index": 1}, "high-variation", {"index": 1}),
    (A.VARIATION, {"deed": "low_variation", "index": 1}, "low-variation", {"index": 1}),
    (A.IMAGINE, {"deed": "reroll"}, "reroll", {}),
    (A.ZOOM, {"deed": "zoom_out_2x"}, "zoom", {"zoom_ratio": 2.0}),
    (A.ZOOM, {"deed": "custom_zoom", "zoom": 1.5}, "zoom", {"zoom_ratio": 1.5}),
    (A.PAN, {"deed": "pan_up"}, "pan", {"direction": "up"}),
    (
        A.UPSCALE,
        {"deed": "upscale_creative", "index": 1, "version": "v6.1"},
        "upscale",
        {"custom_id": f"MJ::JOB::upsample_v6_2x_creative::1::{UUID}::SOLO"},
    ),
    (
        A.REMIX,
        {"deed": "variation", "index": 4, "strength": "subtle"},
        "remix-subtle",
        {"index": 4, "prompt": "a boat --ar 2:1 --no fog"},
    ),
]


@pytest.mark.parametrize(("action", "order", "kind", "body"), PRESSES)
async def test_follow_ups_name_the_upstreams_task(
    provider: apimart.APIMart,
    upstream: APIMart,
    action: Action,
    order: dict[str, Any],
    kind: str,
    body: dict[str, Any],
) -> None:
    of = await made(provider, upstream)
    done = await finish(provider, job(upstream.url, action, of=of, **order))
    assert heard(upstream)[0] == kind
    expected = {"task_id": of.result["upstream_id"], **body}
    assert expected.items() <= heard(upstream)[1].items()
    assert len(done.pictures) == (1 if kind == "upscale" else 5)


@pytest.mark.parametrize("polarity", ["", "light"])
async def test_a_region_is_two_calls(
    provider: apimart.APIMart, upstream: APIMart, polarity: str
) -> None:
    of = await made(provider, upstream, "single")
    one = job(
        upstream.url, A.INPAINT, of=of, mask=left_half(), options={"mask": polarity}, deed="inpaint"
    )
    done = await finish(provider, one)
    assert done.expected == 4
    assert [kind for kind, _ in upstream.heard[-2:]] == ["inpaint", "modal"]
    sent = heard(upstream)[1]["mask_url"].partition(",")[2]
    alpha = Image.open(io.BytesIO(base64.b64decode(sent))).getchannel("A")
    left, right = alpha.getpixel((0, 0)), alpha.getpixel((127, 0))
    # The newer text of the wire repaints what is transparent, the older what is white.
    assert (left, right) == ((255, 0) if polarity else (0, 255))
    assert len(upstream.tasks) == 2


async def test_a_video(provider: apimart.APIMart, upstream: APIMart) -> None:
    order: dict[str, Any] = {"motion": "high", "size": 720, "clips": 2, "end_frame": True}
    done = await finish(provider, job(upstream.url, A.VIDEO, pictures=PICTURES[:2], **order))
    body = heard(upstream)[1]
    assert (body["video_type"], body["motion"]) == ("vid_1.1_i2v_720", "high")
    assert body["end_url"] == data_url(PICTURES[1])
    assert "speed" not in body
    assert [one.position for one in done.pictures] == [1, 2]
    await finish(
        provider, job(upstream.url, A.VIDEO, of=parent("single"), deed="animate_low", clips=1)
    )
    assert heard(upstream)[1]["image_urls"] == [data_url(STORED["1"])]
    unfit: tuple[dict[str, Any], ...] = ({"extend": True}, {"loop": True})
    for wrong in unfit:
        with pytest.raises(Refused):
            await provider.submit(job(upstream.url, A.VIDEO, pictures=PICTURES[:1], **wrong))


async def test_parents_of_other_channels(provider: apimart.APIMart, upstream: APIMart) -> None:
    done = await finish(
        provider, job(upstream.url, A.UPSCALE, of=parent(), deed="upsample", index=2)
    )
    assert [one.data for one in done.pictures] == [STORED["2"]]
    clip: dict[str, Any] = {"deed": "video_virtual_upscale", "index": 1}
    done = await finish(provider, job(upstream.url, A.UPSCALE, of=parent("clip"), **clip))
    assert done.pictures[-1].data == CLIP["1"]
    assert upstream.heard == []
    await finish(provider, job(upstream.url, A.VARIATION, of=parent(), deed="variation", index=2))
    assert heard(upstream)[0] == "imagine"
    assert heard(upstream)[1]["image_urls"] == [data_url(STORED["2"])]
    for action, deed in ((A.ZOOM, "zoom_out_2x"), (A.PAN, "pan_up"), (A.INPAINT, "inpaint")):
        with pytest.raises(Refused, match="upstream's own picture"):
            await provider.submit(job(upstream.url, action, of=parent("single"), deed=deed))


@pytest.mark.parametrize("batches", [True, False])
async def test_many_tasks_are_looked_at_together(
    provider: apimart.APIMart, upstream: APIMart, batches: bool
) -> None:
    upstream.batches = batches
    first = job(upstream.url)
    jobs = [dataclasses.replace(first, reference=f"many-{n}") for n in range(5)]
    ends = await asyncio.gather(*(finish(provider, one) for one in jobs))
    assert [one.stage for one in ends] == [Stage.DONE] * 5
    assert any("," in one for one in upstream.asked) == batches


async def test_the_lane_is_sent(provider: apimart.APIMart, upstream: APIMart) -> None:
    one = job(upstream.url)
    slow = Job(dataclasses.replace(one.task, lane=Lane.RELAX), one.channel, "slow-1")
    await provider.submit(slow)
    assert heard(upstream)[1]["speed"] == "relax"


async def test_a_host_that_keeps_keys_answers_a_repeat_with_the_same_task(
    provider: apimart.APIMart, upstream: APIMart
) -> None:
    upstream.keeps_keys = True
    upstream.trouble = Trouble.LOSE
    one = job(upstream.url, options={"idempotent": "true"})
    with pytest.raises(Uncertain):
        await provider.submit(one)
    upstream.trouble = None
    assert await provider.find(one) == next(iter(upstream.tasks))
    assert upstream.started == 1


async def test_an_empty_account_locks_the_channel(
    provider: apimart.APIMart, upstream: APIMart
) -> None:
    upstream.has_money = False
    with pytest.raises(Locked, match="no money"):
        await provider.submit(job(upstream.url))


async def test_a_base_url_may_end_with_its_version(
    provider: apimart.APIMart, upstream: APIMart
) -> None:
    assert (await finish(provider, job(upstream.url + "/v1/"))).stage is Stage.DONE
