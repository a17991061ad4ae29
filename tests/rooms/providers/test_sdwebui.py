"""Every action against an imitation of the web UI's API that checks what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gesso.domain.errors import Refused
from gesso.domain.provider import Progress, Stage
from gesso.domain.task import Action
from gesso.providers import sdwebui
from gesso.testing.rig import Trouble
from tests.rooms.providers.diffusion_jobs import (
    CLIP,
    SIZE,
    STORED,
    finish,
    job,
    left_half,
    parent,
    picture,
    pixels,
)  # fmt: skip
from tests.upstreams.sdwebui import SDWebUI, read

pytestmark = pytest.mark.anyio
A = Action


@pytest.fixture
async def upstream() -> AsyncIterator[SDWebUI]:
    async with SDWebUI.running() as running:
        yield running


@pytest.fixture
def provider() -> sdwebui.SDWebUI:
    return sdwebui.open_provider(upstream_poll_s=0.01)


def heard(upstream: SDWebUI) -> tuple[str, dict[str, Any]]:
    path, body = upstream.heard[-1]
    return path, body


async def test_words_and_options(provider: sdwebui.SDWebUI, upstream: SDWebUI) -> None:
    options = {
        "steps": "12", "cfg": "5.5", "model": "xl.safetensors", "sampler": "DPM++ 2M",
        "scheduler": "Karras", "negative": "blurry", "batch": "3",
    }  # fmt: skip
    prompt = "hot:: dog::2 --ar 2:1 --no fog, rain --tile"
    progress = await finish(provider, job(upstream.url, prompt=prompt, options=options))
    path, body = heard(upstream)
    assert path == "txt2img"
    expected = {
        "prompt": "hot, (dog:2)", "negative_prompt": "fog, rain, blurry", "seed": 7,
        "width": 128, "height": 64, "steps": 12, "cfg_scale": 5.5, "sampler_name": "DPM++ 2M",
        "scheduler": "Karras", "tiling": True, "batch_size": 2, "n_iter": 2,
        "override_settings": {"sd_model_checkpoint": "xl.safetensors"},
    }  # fmt: skip
    assert expected.items() <= body.items()
    assert len({one.data for one in progress.pictures[1:]}) == 4
    assert progress.facts == {"seed": 7}
    assert pixels(progress.pictures[0].data).shape == (128, 256, 3)


FROM_PICTURE: list[tuple[Action, dict[str, Any], float]] = [
    (A.VARIATION, {"deed": "variation", "index": 2}, 0.45),
    (A.VARIATION, {"deed": "high_variation", "index": 2}, 0.75),
    (A.REMIX, {"deed": "variation", "index": 2, "strength": "strong"}, 0.75),
    (A.REMIX, {"deed": "variation", "index": 2, "strength": "subtle"}, 0.45),
]


@pytest.mark.parametrize(("action", "order", "denoise"), FROM_PICTURE)
async def test_variations_start_from_the_stored_tile(
    provider: sdwebui.SDWebUI,
    upstream: SDWebUI,
    action: Action,
    order: dict[str, Any],
    denoise: float,
) -> None:
    progress = await finish(provider, job(upstream.url, action, of=parent(), **order))
    path, body = heard(upstream)
    assert (path, body["denoising_strength"]) == ("img2img", denoise)
    assert (pixels(STORED["2"]) == read_pixels(body["init_images"][0])).all()
    assert progress.expected == 4


def read_pixels(text: str) -> Any:
    import numpy as np

    return np.asarray(read(text).convert("RGB"))


async def test_a_picture_in_the_prompt(provider: sdwebui.SDWebUI, upstream: SDWebUI) -> None:
    one = job(upstream.url, prompt="a boat --iw 2", pictures=[picture((90, 90))])
    await finish(provider, one)
    path, body = heard(upstream)
    assert (path, round(body["denoising_strength"], 2)) == ("img2img", 0.55)
    assert (body["width"], body["height"]) == (88, 88)
    with pytest.raises(Refused, match="one picture"):
        await provider.submit(job(upstream.url, pictures=[picture(), picture()]))


async def test_repainting_changes_only_what_the_mask_says(
    provider: sdwebui.SDWebUI, upstream: SDWebUI
) -> None:
    order: dict[str, Any] = {"deed": "inpaint", "index": 1}
    small = left_half((64, 32))  # a client's mask may be of another size
    progress = await finish(
        provider, job(upstream.url, A.INPAINT, of=parent("single"), mask=small, **order)
    )
    assert heard(upstream)[1]["inpainting_fill"] == 1
    half = SIZE[0] // 2
    for one in progress.pictures[1:]:
        after, before = pixels(one.data), pixels(STORED["1"])
        assert (after[:, half:] == before[:, half:]).all()
        assert (after[:, : half - 1] != before[:, : half - 1]).any()


async def test_an_edit_of_an_uploaded_picture(provider: sdwebui.SDWebUI, upstream: SDWebUI) -> None:
    await finish(provider, job(upstream.url, A.EDITS, pictures=[picture()]))
    assert "mask" not in heard(upstream)[1]
    await finish(provider, job(upstream.url, A.EDITS, pictures=[picture()], mask=left_half()))
    assert heard(upstream)[1]["mask"]


OUTSIDE: list[tuple[Action, dict[str, Any], tuple[int, int]]] = [
    (A.ZOOM, {"deed": "zoom_out_2x"}, (128, 64)),
    (A.ZOOM, {"deed": "make_square"}, (88, 88)),
    (A.ZOOM, {"deed": "custom_zoom", "zoom": 1.5}, (128, 64)),
    (A.PAN, {"deed": "pan_left"}, (192, 64)),
    (A.PAN, {"deed": "pan_down"}, (128, 96)),
]


@pytest.mark.parametrize(("action", "order", "size"), OUTSIDE)
async def test_zoom_and_pan_paint_what_is_new(
    provider: sdwebui.SDWebUI,
    upstream: SDWebUI,
    action: Action,
    order: dict[str, Any],
    size: tuple[int, int],
) -> None:
    progress = await finish(provider, job(upstream.url, action, of=parent("single"), **order))
    body = heard(upstream)[1]
    assert body["denoising_strength"] == 1.0
    mask = read(body["mask"])
    assert mask.getextrema() == (0, 255)
    assert mask.size == (body["width"], body["height"])
    assert abs(body["width"] - size[0]) <= 16
    assert abs(body["height"] - size[1]) <= 16
    kept = read(body["mask"]).point(lambda v: 255 - v).getbbox()
    assert kept is not None
    left, top, right, bottom = kept
    whole, sent = pixels(progress.pictures[1].data), read_pixels(body["init_images"][0])
    assert (whole[top:bottom, left:right] == sent[top:bottom, left:right]).all()


async def test_larger_pictures(provider: sdwebui.SDWebUI, upstream: SDWebUI) -> None:
    order: dict[str, Any] = {"deed": "upscale_4x", "index": 1}
    done = await finish(provider, job(upstream.url, A.UPSCALE, of=parent("single"), **order))
    path, body = heard(upstream)
    assert (path, body["upscaling_resize"]) == ("extra-single-image", 4)
    assert body["upscaler_1"] == "R-ESRGAN 4x+"
    assert pixels(done.pictures[0].data).shape == (SIZE[1] * 4, SIZE[0] * 4, 3)
    assert [one.position for one in done.pictures] == [0]
    creative: dict[str, Any] = {"deed": "upscale_creative", "index": 1}
    done = await finish(provider, job(upstream.url, A.UPSCALE, of=parent("single"), **creative))
    path, body = heard(upstream)
    assert (path, body["denoising_strength"], body["n_iter"]) == ("img2img", 0.35, 1)
    assert pixels(done.pictures[0].data).shape == (SIZE[1] * 2, SIZE[0] * 2, 3)


async def test_u_takes_the_stored_tile(provider: sdwebui.SDWebUI, upstream: SDWebUI) -> None:
    order: dict[str, Any] = {"deed": "upsample", "index": 3}
    done = await finish(provider, job(upstream.url, A.UPSCALE, of=parent(), **order))
    assert [one.data for one in done.pictures] == [STORED["3"]]
    clip: dict[str, Any] = {"deed": "video_virtual_upscale", "index": 1}
    done = await finish(provider, job(upstream.url, A.UPSCALE, of=parent("clip"), **clip))
    assert [one.data for one in done.pictures] == [CLIP["0"], CLIP["1"]]
    gone = await finish(provider, job(upstream.url, A.UPSCALE, deed="upsample", index=3))
    assert gone.stage is Stage.FAILED
    assert upstream.heard == []


async def test_a_reroll_repeats_the_first_order(
    provider: sdwebui.SDWebUI, upstream: SDWebUI
) -> None:
    await finish(provider, job(upstream.url, of=parent(), deed="reroll", again={}))
    assert heard(upstream)[0] == "txt2img"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"steps": "many"}, "option steps must be between 1 and 150"),
        ({"steps": "1.5"}, "option steps must be a whole number"),
        ({"size": "huge"}, "option size is a side"),
        ({"denoise_low": "7"}, "option denoise_low must be between 0 and 1"),
    ],
)
async def test_options_that_cannot_be_used_are_named(
    provider: sdwebui.SDWebUI, upstream: SDWebUI, options: dict[str, Any], reason: str
) -> None:
    order: dict[str, Any] = {"deed": "variation", "index": 1}
    one = job(upstream.url, A.VARIATION, of=parent(), options=options, **order)
    with pytest.raises(Refused, match=reason):
        await provider.submit(one)
    assert upstream.heard == []


@pytest.mark.parametrize("knows_ids", [True, False])
async def test_progress_comes_with_previews(
    provider: sdwebui.SDWebUI, upstream: SDWebUI, knows_ids: bool
) -> None:
    upstream.knows_ids = knows_ids
    upstream.trouble = Trouble.STUCK
    one = job(upstream.url)
    upstream_id = await provider.submit(one)
    seen: Progress = await provider.poll(one, upstream_id)
    assert seen.stage is Stage.WORKING
    assert 0 < seen.percent < 100
    if knows_ids:
        assert seen.preview is not None
        assert seen.preview[8:12] == b"WEBP"
    upstream.trouble = None


async def test_a_waiting_job_is_interrupted_at_its_turn(
    provider: sdwebui.SDWebUI, upstream: SDWebUI
) -> None:
    upstream.trouble = Trouble.STUCK
    first = job(upstream.url)
    await provider.submit(first)
    second = job(upstream.url, prompt="another")
    second = type(second)(second.task, second.channel, "other-1", second.material)
    upstream_id = await provider.submit(second)
    await provider.cancel(second, upstream_id)
    assert not upstream.stopped
    assert (await provider.poll(first, first.reference)).stage is Stage.WORKING
    await provider.cancel(first, first.reference)
    assert upstream.stopped
    upstream.stopped = False
    async with asyncio.timeout(5):
        while not upstream.stopped:
            await asyncio.sleep(0.01)


async def test_a_job_that_always_breaks_off_is_given_up(
    provider: sdwebui.SDWebUI, upstream: SDWebUI
) -> None:
    upstream.trouble = Trouble.LOSE
    one = job(upstream.url)
    with pytest.raises(Exception, match="Error"):
        await provider.submit(one)
    async with asyncio.timeout(10):
        while (end := await provider.poll(one, one.reference)).stage is Stage.WORKING:
            await asyncio.sleep(0.01)
    assert end.code == "lost"
    assert upstream.most_at_once == 1
    assert upstream.started == 4  # the first one, and three that were begun again
