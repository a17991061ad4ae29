"""Graphs, templates, news and ends against an imitation of ComfyUI that checks every graph."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gesso.domain.errors import Refused
from gesso.domain.provider import Progress, Stage
from gesso.domain.task import Action
from gesso.providers import comfyui
from gesso.testing.rig import Trouble
from tests.rooms.providers.diffusion_jobs import (
    SIZE,
    STORED,
    finish,
    job,
    left_half,
    parent,
    picture,
    pixels,
)  # fmt: skip
from tests.upstreams.comfyui import MODEL, ComfyUI

pytestmark = pytest.mark.anyio
A = Action
OPTIONS = {"model": MODEL}


@pytest.fixture
async def upstream() -> AsyncIterator[ComfyUI]:
    async with ComfyUI.running() as running:
        yield running


@pytest.fixture
def provider() -> comfyui.ComfyUI:
    return comfyui.open_provider(upstream_poll_s=0.05)


def graph(upstream: ComfyUI) -> dict[str, Any]:
    made: dict[str, Any] = upstream.heard[-1][1]["prompt"]
    return made


async def test_new_pictures(provider: comfyui.ComfyUI, upstream: ComfyUI) -> None:
    options = OPTIONS | {"steps": "9", "sampler": "dpmpp_2m", "scheduler": "karras"}
    done = await finish(provider, job(upstream.url, options=options))
    sampler = graph(upstream)["sampler"]["inputs"]
    expected = {"seed": 7, "steps": 9, "cfg": 7.0, "sampler_name": "dpmpp_2m", "denoise": 1.0}
    assert expected.items() <= sampler.items()
    latent = {"width": 128, "height": 64, "batch_size": 4}
    assert graph(upstream)["latent"]["inputs"] == latent
    assert graph(upstream)["unwanted"]["inputs"]["text"] == "fog"
    assert done.expected == 4
    assert len({one.data for one in done.pictures[1:]}) == 4


async def test_pictures_and_masks_are_uploaded(
    provider: comfyui.ComfyUI, upstream: ComfyUI
) -> None:
    one = job(upstream.url, A.EDITS, pictures=[picture()], mask=left_half(), options=OPTIONS)
    done = await finish(provider, one)
    assert len(upstream.files) == 2
    assert graph(upstream)["mask"]["class_type"] == "LoadImageMask"
    half = SIZE[0] // 2
    assert (pixels(done.pictures[1].data)[:, half:] == pixels(picture())[:, half:]).all()
    order: dict[str, Any] = {"deed": "high_variation", "index": 2}
    done = await finish(
        provider, job(upstream.url, A.VARIATION, of=parent(), options=OPTIONS, **order)
    )
    assert graph(upstream)["sampler"]["inputs"]["denoise"] == 0.75
    assert STORED["2"] not in {one.data for one in done.pictures}


@pytest.mark.parametrize("model", ["", "4x.pth"])
async def test_larger_pictures(provider: comfyui.ComfyUI, upstream: ComfyUI, model: str) -> None:
    order: dict[str, Any] = {"deed": "upscale_2x", "index": 1}
    options = {"upscale_model": model}
    one = job(upstream.url, A.UPSCALE, of=parent("single"), options=options, **order)
    done = await finish(provider, one)
    assert ("upscaler" in graph(upstream)) == bool(model)
    assert pixels(done.pictures[0].data).shape == (SIZE[1] * 2, SIZE[0] * 2, 3)


TEMPLATE = {
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "art: {{prompt}}!", "clip": ["4", 1]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": MODEL}},
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": "{{width}}", "height": "{{ height }}", "batch_size": 2},
    },
}


@pytest.mark.parametrize("as_text", [True, False])
async def test_a_workflow_of_the_operator(
    provider: comfyui.ComfyUI, upstream: ComfyUI, as_text: bool
) -> None:
    value = json.dumps(TEMPLATE) if as_text else TEMPLATE
    done = await finish(provider, job(upstream.url, options={"workflow_txt2img": value}))
    assert graph(upstream)["3"]["inputs"]["text"] == "art: a boat!"
    assert graph(upstream)["5"]["inputs"]["height"] == 64
    assert [one.position for one in done.pictures] == [0, 1, 2]
    assert done.expected == 4  # two of four are charged as two of four


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "needs its option model"),
        ({"workflow_txt2img": "{"}, "workflow_txt2img is not JSON"),
        ({"workflow_txt2img": {"nodes": [], "links": []}}, "API Format"),
        ({"workflow_txt2img": {"1": {"class_type": "X", "inputs": {"a": "{{who}}"}}}}, "who"),
        ({"model": "gone.safetensors"}, "Value not in list: gone.safetensors"),
        ({"workflow_txt2img": {"1": {"class_type": "KSampler", "inputs": {}}}}, "seed"),
    ],
)
async def test_what_cannot_run_is_refused_by_name(
    provider: comfyui.ComfyUI, upstream: ComfyUI, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await provider.submit(job(upstream.url, options=options))
    assert upstream.started == 0


async def test_tiles_need_a_workflow_that_can(provider: comfyui.ComfyUI, upstream: ComfyUI) -> None:
    with pytest.raises(Refused, match="--tile"):
        await provider.submit(job(upstream.url, prompt="a boat --tile", options=OPTIONS))


@pytest.mark.parametrize("previews_of", [True, False])
async def test_news_come_over_the_websocket(
    provider: comfyui.ComfyUI, upstream: ComfyUI, previews_of: bool
) -> None:
    upstream.previews_of = previews_of
    first = job(upstream.url, options=OPTIONS)
    await finish(provider, first)
    feed = provider._feed(first.channel)
    feed.watch("none")  # keeps the connection open
    async with asyncio.timeout(5):
        while not upstream.sockets:
            await asyncio.sleep(0.005)
    second = type(first)(first.task, first.channel, "other-1", first.material)
    upstream.may_end.clear()
    upstream_id = await provider.submit(second)
    seen: list[Progress] = []
    async with asyncio.timeout(20):
        while not seen or not seen[-1].preview:
            seen.append(await provider.poll(second, upstream_id))
        upstream.may_end.set()
        while seen[-1].stage is Stage.WORKING:
            seen.append(await provider.poll(second, upstream_id))
    assert any(one.percent for one in seen)
    previews = [one.preview for one in seen if one.preview]
    assert previews
    assert all(one[8:12] == b"WEBP" for one in previews)
    feed.forget("none")


async def test_the_failing_node_is_named(provider: comfyui.ComfyUI, upstream: ComfyUI) -> None:
    upstream.trouble = Trouble.FAIL
    end = await finish(provider, job(upstream.url, options=OPTIONS))
    assert end.reason is not None
    assert end.reason.startswith("node 5 (KSampler): out of memory")


async def test_an_older_server_draws_its_own_ids(
    provider: comfyui.ComfyUI, upstream: ComfyUI
) -> None:
    upstream.takes_ids = False
    one = job(upstream.url, options=OPTIONS)
    upstream_id = await provider.submit(one)
    assert await comfyui.open_provider().find(one) == upstream_id
    assert (await finish(provider, one)).stage is Stage.DONE
    assert await provider.find(job(upstream.url, prompt="other", options=OPTIONS)) is not None


async def test_a_waiting_prompt_is_taken_out_of_the_queue(
    provider: comfyui.ComfyUI, upstream: ComfyUI
) -> None:
    upstream.trouble = Trouble.STUCK
    first = job(upstream.url, options=OPTIONS)
    await provider.submit(first)
    second = type(first)(first.task, first.channel, "other-1", first.material)
    upstream_id = await provider.submit(second)
    await provider.cancel(second, upstream_id)
    assert upstream.pending == []
    assert upstream.running_entry is not None
    upstream.trouble = None


async def test_a_server_that_forgot_the_job(provider: comfyui.ComfyUI, upstream: ComfyUI) -> None:
    one = job(upstream.url, options=OPTIONS)
    async with asyncio.timeout(5):
        while (end := await provider.poll(one, "nowhere")).stage is Stage.WORKING:
            pass
    assert end.code == "lost"
