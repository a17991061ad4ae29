"""The sandbox as a provider: every action, determinism, test cards and progress."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from gesso.domain.errors import Refused, Unavailable, Uncertain
from gesso.domain.provider import Stage
from gesso.domain.task import Action
from gesso.kit import picture
from tests.rooms.providers.easel import Easel, apart, png, without_recipe


def test_it_does_every_action() -> None:
    assert Easel().sandbox.manifest.actions == frozenset(Action)


def test_an_idle_painter_loads_nothing_heavy() -> None:
    code = (
        "import sys; from gesso.providers.sandbox import open_provider; open_provider();"
        "print([m for m in ('numpy', 'cv2', 'PIL', 'av') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


async def _grid(easel: Easel, action: Action, prompt: str = "", **more: Any) -> None:
    task = await easel.run(action, prompt, **more)
    assert [p.position for p in task.pictures] == [0, 1, 2, 3, 4]
    tiles = easel.tiles(task)
    assert len({tile.tobytes() for tile in tiles}) == 4
    height, width = tiles[0].shape[:2]
    assert easel.pixels(task).shape == (2 * height, 2 * width, 3)
    assert len(task.result["recipes"]) == 4


async def _grids(easel: Easel) -> None:
    single = await easel.single("a red fox in the snow")
    mask = np.zeros((50, 50), np.uint8)
    mask[5:30, 20:45] = 255
    fox = easel.bytes_of(single)
    boat = easel.bytes_of(await easel.single("a boat on the sea"))
    for parent in (single, without_recipe(single)):
        for action, deed in (
            (Action.VARIATION, "low_variation"), (Action.VARIATION, "high_variation"),
            (Action.ZOOM, "zoom_out_2x"), (Action.ZOOM, "zoom_out_1_5x"), (Action.PAN, "pan_left"),
            (Action.PAN, "pan_right"), (Action.PAN, "pan_up"), (Action.PAN, "pan_down"),
        ):  # fmt: skip
            await _grid(easel, action, parent=parent, deed=deed)
        await _grid(easel, Action.ZOOM, parent=parent, deed="custom_zoom", zoom=1.3)
        await _grid(easel, Action.INPAINT, "a balloon", parent=parent, deed="inpaint",
                    mask=png(mask))  # fmt: skip
        await _grid(easel, Action.INPAINT, parent=parent, deed="inpaint")
    await _grid(easel, Action.REMIX, "a cat", parent=single)
    await _grid(easel, Action.BLEND, pictures=[fox, boat], dimensions="SQUARE")
    await _grid(easel, Action.EDITS, "a balloon", pictures=[fox], mask=png(mask))
    await _grid(easel, Action.EDITS, "sunset", pictures=[boat])
    await _grid(easel, Action.RETEXTURE, "watercolor forest", pictures=[fox])


def test_grids() -> None:
    asyncio.run(_grids(Easel(pixels=48 * 48)))


async def _same_bytes(action: Action, **more: Any) -> None:
    easel, other = Easel(), Easel()
    one, two = await easel.run(action, **more), await other.run(action, **more)
    assert {p.position: easel.blobs[p.blob] for p in one.pictures} == {
        p.position: other.blobs[p.blob] for p in two.pictures
    }
    assert one.result == two.result


def test_painting_again_gives_the_same_bytes() -> None:
    fox = png(np.random.default_rng(1).integers(0, 255, (60, 80, 3)))
    asyncio.run(_same_bytes(Action.IMAGINE, prompt="a castle"))
    asyncio.run(_same_bytes(Action.BLEND, pictures=[fox, fox[:-12] + fox[-12:]]))
    asyncio.run(_same_bytes(Action.EDITS, prompt="a cat", pictures=[fox]))


async def _rerolls(easel: Easel) -> None:
    single = await easel.single("a castle on a mountain")
    zoomed = await easel.run(Action.ZOOM, parent=single, deed="zoom_out_2x")
    zoomed_order = {k: v for k, v in zoomed.order.items() if k != "seed"}
    again = await easel.run(
        Action.ZOOM, parent=zoomed, base=single, deed="reroll", again=zoomed_order, seed=99
    )
    assert zoomed_order["deed"] == "zoom_out_2x"
    a, b = easel.pixels(zoomed, 1), easel.pixels(again, 1)
    assert apart(a, b) > 0
    middle = np.s_[26:70, 26:70]
    assert np.array_equal(a[middle], b[middle])


def test_a_reroll_repeats_the_deed_of_its_parent() -> None:
    asyncio.run(_rerolls(Easel()))


async def _takes(easel: Easel) -> None:
    grid = await easel.run(Action.IMAGINE, "a fox")
    taken = await easel.run(Action.UPSCALE, parent=grid, deed="upsample", index=3)
    assert easel.bytes_of(taken) == easel.bytes_of(grid, 3)
    assert taken.result["recipes"] == [grid.result["recipes"][2]]
    broken = await easel.follow(
        easel.job(Action.UPSCALE, parent=taken, deed="upscale_2x", index=1, mask=None)
    )
    assert broken.stage is Stage.DONE
    nothing = await easel.follow(easel.job(Action.UPSCALE, "x", deed="upsample", index=1))
    assert (nothing.stage, nothing.code) == (Stage.FAILED, "refused")


async def _no_face() -> None:
    easel = Easel()
    even = png(np.full((90, 90, 3), 128))
    failed = await easel.follow(easel.job(Action.SWAP_FACE, pictures=[even, even]))
    assert (failed.stage, failed.code) == (Stage.FAILED, "no_face")
    assert "source" in (failed.reason or "")


def test_a_swap_without_a_face_says_so() -> None:
    asyncio.run(_no_face())


def test_a_tile_is_taken_to_the_byte() -> None:
    asyncio.run(_takes(Easel()))


async def _previews() -> None:
    easel = Easel(paint_s=0.6)
    job = easel.job(Action.IMAGINE, "a fox")
    upstream_id = await easel.sandbox.submit(job)
    seen, shown = [], []
    while (progress := await easel.sandbox.poll(job, upstream_id)).stage is Stage.WORKING:
        seen.append(progress.percent)
        if progress.preview:
            shown.append(progress.preview)
        await asyncio.sleep(0.01)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    assert picture.inspect(shown[-1], picture.Limits()).mime == "image/webp"


def test_progress_comes_with_previews() -> None:
    asyncio.run(_previews())


async def _cards() -> None:
    easel = Easel()
    for card, code in (("fail:banned", "banned"), ("moderated", "moderated")):
        failed = await easel.follow(easel.job(Action.IMAGINE, f"x --sandbox {card}"))
        assert (failed.stage, failed.code) == (Stage.FAILED, code)
    partial = await easel.follow(easel.job(Action.IMAGINE, "x --sandbox partial:2"))
    assert ([p.position for p in partial.pictures], partial.expected) == ([0, 1, 2], 4)
    blank = await easel.follow(easel.job(Action.IMAGINE, "x --sandbox blank"))
    assert len(blank.pictures[0].data) < 200
    garbled = await easel.follow(easel.job(Action.IMAGINE, "x --sandbox garbled"))
    with pytest.raises(picture.PictureRefused):
        picture.inspect(garbled.pictures[0].data, picture.Limits())
    for attempt in (1, 2):
        with pytest.raises(Unavailable):
            await easel.sandbox.submit(
                easel.job(Action.IMAGINE, "x --sandbox busy:2", attempt=attempt)
            )
    await easel.sandbox.submit(easel.job(Action.IMAGINE, "x --sandbox busy:2 blank", attempt=3))
    lost = easel.job(Action.IMAGINE, "x --sandbox lost")
    with pytest.raises(Uncertain):
        await easel.sandbox.submit(lost)
    with pytest.raises(Uncertain):
        await easel.sandbox.find(lost)
    crash = easel.job(Action.IMAGINE, "x --sandbox crash")
    with pytest.raises(RuntimeError):
        await easel.sandbox.poll(crash, await easel.sandbox.submit(crash))
    with pytest.raises(Refused, match="nonsense"):
        await easel.sandbox.submit(easel.job(Action.IMAGINE, "x --sandbox nonsense"))


def test_cards() -> None:
    asyncio.run(_cards())


async def _waiting_cards() -> None:
    easel = Easel()
    for card in ("stuck", "slow-start:60 blank", "slow:60 blank"):
        job = easel.job(Action.IMAGINE, f"x --sandbox {card}")
        upstream_id = await easel.sandbox.submit(job)
        for _ in range(20):
            progress = await easel.sandbox.poll(job, upstream_id)
            await asyncio.sleep(0)
        assert (progress.stage, progress.percent) == (Stage.WORKING, 0)
        assert await easel.sandbox.find(job) == upstream_id
        await easel.sandbox.cancel(job, upstream_id)
        assert await easel.sandbox.find(job) is None


def test_cards_that_wait() -> None:
    asyncio.run(_waiting_cards())
