"""Videos: real movement that starts, ends, loops and goes on where it should."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import av
import numpy as np

from gesso.domain.task import Action, Task
from gesso.painting import video
from gesso.painting.blend import fit
from gesso.painting.paint import Pixels
from tests.rooms.providers.easel import Easel, apart, png, read, without_recipe

SNOW = "a red fox in the snow"


def frames_of(easel: Easel, task: Task, position: int = 1) -> list[Pixels]:
    return list(video.decode(easel.bytes_of(task, position)))


async def _film(easel: Easel, parent: Task, **order: Any) -> Task:
    return await easel.run(Action.VIDEO, parent=parent, **order)


async def _clips() -> None:
    easel = Easel()
    single = await easel.single(SNOW + " --ar 3:2")
    film = await _film(easel, single, deed="animate_high", clips=2)
    assert [p.position for p in film.pictures] == [0, 1, 2]
    facts = film.result
    assert (facts["width"], facts["height"], facts["frames"]) == (672, 480, 12)
    assert facts["duration_s"] == 0.5
    start = fit(easel.pixels(single), 672, 480)
    assert apart(read(easel.bytes_of(film, 0)), start) < 8
    one, two = frames_of(easel, film, 1), frames_of(easel, film, 2)
    assert len(one) == 12
    assert apart(one[0], start) < 8
    assert apart(one[0], two[0]) < 2
    assert apart(one[-1], two[-1]) > 0.5
    assert apart(one[0], one[-1]) > 0.5
    calm = frames_of(easel, await _film(easel, single, deed="animate_low", clips=1))
    assert 0 < apart(calm[0], calm[-1]) < apart(one[0], one[-1])


def test_clips_move_from_the_start_picture() -> None:
    asyncio.run(_clips())


async def _format() -> None:
    easel = Easel()
    film = await _film(easel, await easel.single("a boat"), motion="low", clips=1)
    data = easel.bytes_of(film, 1)
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec.canonical_name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 24
    other = Easel()
    again = await _film(other, await other.single("a boat"), motion="low", clips=1)
    assert other.bytes_of(again, 1) == data


def test_it_is_h264_that_plays_at_once_and_the_same_again() -> None:
    asyncio.run(_format())


async def _loop_and_end() -> None:
    easel = Easel()
    single = await easel.single(SNOW)
    looped = frames_of(easel, await _film(easel, single, deed="animate_high", clips=1, loop=True))
    assert apart(looped[0], looped[-1]) < 2.5
    assert apart(looped[0], looped[3]) > apart(looped[0], looped[-1])
    boat = easel.bytes_of(await easel.single("a boat on the sea"))
    ended = await easel.run(
        Action.VIDEO, SNOW, pictures=[easel.bytes_of(single), boat], end_frame=True, clips=1,
        motion="high",
    )  # fmt: skip
    frames = frames_of(easel, ended)
    assert apart(frames[0], fit(easel.pixels(single), 480, 480)) < 6
    assert apart(frames[-1], fit(read(boat), 480, 480)) < 6


def test_a_loop_closes_and_an_end_frame_is_reached() -> None:
    asyncio.run(_loop_and_end())


async def _goes_on() -> None:
    easel = Easel()
    single = await easel.single(SNOW)
    film = await _film(easel, single, deed="animate_high", clips=2)
    clip = await easel.run(Action.UPSCALE, parent=film, deed="video_virtual_upscale", index=2)
    assert [p.position for p in clip.pictures] == [0, 1]
    assert easel.bytes_of(clip, 1) == easel.bytes_of(film, 2)
    old = frames_of(easel, clip)
    for parent in (clip, without_recipe(clip)):
        longer = await _film(easel, parent, deed="animate_low_extend", extend=True)
        new = frames_of(easel, longer)
        assert len(new) == longer.result["frames"] > len(old)
        assert apart(new[0], old[0]) < 3
        at = len(old) - 1
        assert apart(new[at], new[at + 1]) < 4
        assert apart(new[at], new[-1]) > 0.3


def test_an_extend_goes_on_from_the_last_frame() -> None:
    asyncio.run(_goes_on())


async def _from_elsewhere() -> None:
    easel = Easel()
    noise = png(np.kron(np.random.default_rng(3).integers(0, 255, (12, 9, 3)), np.ones((9, 9, 1))))
    film = await easel.run(Action.VIDEO, "x", pictures=[noise], motion="high", clips=1, size=480)
    frames = frames_of(easel, film)
    assert frames[0].shape == (640, 480, 3)
    assert apart(frames[0], frames[-1]) > 0.5


def test_a_picture_from_elsewhere_moves_too() -> None:
    asyncio.run(_from_elsewhere())
