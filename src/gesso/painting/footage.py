"""The hand for videos: which film is made of which picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from gesso.domain.buttons import Deed
from gesso.domain.errors import Refused
from gesso.domain.provider import Delivered
from gesso.painting import recipe as recipes
from gesso.painting import video
from gesso.painting.blend import fit
from gesso.painting.commission import EXTENDING, Commission
from gesso.painting.film import Camera, Reel, Shot, read_camera, speed_of
from gesso.painting.original import Original, decode, from_pixels
from gesso.painting.paint import Pixels
from gesso.painting.sheet import write_webp
from gesso.painting.work import Result, Work

_HIGH = frozenset({Deed.ANIMATE_HIGH, Deed.EXTEND_HIGH})
_LOW = frozenset({Deed.ANIMATE_LOW, Deed.EXTEND_LOW})
#: Seconds that an extend appends, when a clip has the usual length.
_EXTEND_SHARE = 4.0 / 5.2


@dataclass(frozen=True, slots=True)
class _Take:
    """What one clip is filmed from."""

    shot: Shot
    head: tuple[bytes, int] | None = None  #: The clip that is continued, and its frames.
    end: Pixels | None = None


def film(job: Commission, stored: bytes | None) -> Work:
    """One, two or four clips with a poster; an extend continues the parent's clip."""
    extending = bool(job.order.get("extend")) or job.deed in EXTENDING
    if extending:
        if stored is None:
            raise Refused("there is no clip to extend")
        original, takes = _continued(job, stored)
    else:
        original = _start(job, stored)
        takes = _new(job, original)
    reel = _once(lambda: Reel(original, [take.shot for take in takes]))

    def clip(take: _Take) -> Callable[[], bytes]:
        return lambda: video.encode(_frames(reel(), take))

    parts: list[Callable[[], Any]] = [clip(take) for take in takes]
    return Work(
        parts,
        lambda clips: _result(job, original, takes, _poster(reel(), takes[0]), clips),
        sketch=lambda: [reel().frame(takes[0].shot, 0)],
    )


def _once(make: Callable[[], Reel]) -> Callable[[], Reel]:
    """Return a getter that makes its reel at the first call, also when two threads ask."""
    made: list[Reel] = []
    lock = Lock()

    def get() -> Reel:
        with lock:
            if not made:
                made.append(make())
        return made[0]

    return get


def _start(job: Commission, stored: bytes | None) -> Original:
    if job.pictures:
        words = job.words.text or job.parent_words.text
        return from_pixels(job.pictures[0], job.brief(words, 1))
    return job.original(stored)


def _new(job: Commission, original: Original) -> list[_Take]:
    width, height = _size(job, original)
    end = None
    if job.order.get("end_frame"):
        if len(job.pictures) < 2:
            raise Refused("the end frame is missing")
        end = fit(decode(job.pictures[1]), width, height)
    clips = int(job.order.get("clips") or 4)
    if clips not in {1, 2, 4}:
        raise Refused("a video has 1, 2 or 4 clips")
    takes = []
    for number in range(clips):
        speed = speed_of(_is_high(job), number, job.seed, original.pixels is not None)
        shot = Shot(
            Camera(), speed, Camera(), job.video_s, video.FPS, width, height,
            loop=bool(job.order.get("loop")) and end is None,
        )  # fmt: skip
        takes.append(_Take(shot, end=end))
    return takes


def _continued(job: Commission, stored: bytes) -> tuple[Original, list[_Take]]:
    """Go on from a clip: with its recipe over the plane, else inside its last picture."""
    count, last = 0, None
    for picture in video.decode(stored):
        count, last = count + 1, picture
    if last is None:
        raise Refused("the parent's clip is empty")
    height, width = last.shape[:2]
    known = _clip_recipe(job)
    begin = before = Camera()
    if known is not None and not known["picture"].get("flat"):
        original = Original(recipes.read(known["picture"]))
        begin, before = read_camera(known["camera"]), read_camera(known["speed"])
    else:
        brief = job.brief(job.words.text or job.parent_words.text, 1)
        original = Original(_flat_recipe(brief, last), last)
    clips = int(job.order.get("clips") or 1)
    takes = []
    for number in range(clips):
        speed = speed_of(_is_high(job), number, job.seed, original.pixels is not None)
        shot = Shot(
            begin, speed, before, job.video_s * _EXTEND_SHARE, video.FPS, width, height
        )  # fmt: skip
        takes.append(_Take(shot, head=(stored, count)))
    return original, takes


def _flat_recipe(brief: Any, pixels: Pixels) -> recipes.Recipe:
    from gesso.painting.brief import View, Window

    height, width = pixels.shape[:2]
    window = Window.of(View.default((width, height)), width, height)
    return recipes.Recipe(brief, window, flat=True)


def _clip_recipe(job: Commission) -> Mapping[str, Any] | None:
    known = (job.parent.result.get("recipes") if job.parent else None) or []
    index = max(job.place - 1, 0)
    value = known[index] if index < len(known) else None
    return value if isinstance(value, Mapping) and "camera" in value else None


def _frames(reel: Reel, take: _Take) -> Iterator[Pixels]:
    if take.head is None:
        yield from reel.frames(take.shot, take.end)
        return
    yield from video.decode(take.head[0])
    going_on = reel.frames(take.shot)
    next(going_on)  # It is the last frame of what went before.
    yield from going_on


def _poster(reel: Reel, take: _Take) -> Pixels:
    if take.head is not None:
        return first_frame(take.head[0])
    return reel.frame(take.shot, 0)


def _result(
    job: Commission,
    original: Original,
    takes: list[_Take],
    poster: Pixels,
    clips: Any,
) -> Result:
    files = [Delivered(0, write_webp(poster, quality=90))]
    files += [Delivered(number, data) for number, data in enumerate(clips, 1)]
    shot = takes[0].shot
    frames = shot.frames + (takes[0].head[1] - 1 if takes[0].head else 0)
    picture = original.recipe.write()
    facts = {
        "seed": job.seed,
        "duration_s": round(frames / shot.fps, 3),
        "frames": frames,
        "width": shot.width,
        "height": shot.height,
        "recipes": [
            {
                "picture": picture,
                "camera": take.shot.end.write(),
                "speed": take.shot.last_speed.write(),
            }
            for take in takes
        ],
    }
    return Result(files, len(takes), facts)


def _size(job: Commission, original: Original) -> tuple[int, int]:
    """Return an even size with the asked short side, in the picture's aspect."""
    short = int(job.order.get("size") or 480)
    if short not in {480, 720}:
        raise Refused("a video is 480 or 720 pixels high")
    window = original.recipe.window
    if original.pixels is not None:
        high, wide = original.pixels.shape[:2]
    else:
        wide, high = window.width, window.height
    if wide >= high:
        return round(short * min(wide / high, 3.0) / 2) * 2, short
    return short, round(short * min(high / wide, 3.0) / 2) * 2


def _is_high(job: Commission) -> bool:
    if job.deed in _HIGH or job.deed in _LOW:
        return job.deed in _HIGH
    return job.order.get("motion") == "high"


def first_frame(data: bytes) -> Pixels:
    """Return the first frame of a clip, as its poster."""
    return np.asarray(next(video.decode(data)), np.uint8)
