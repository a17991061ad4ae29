"""A short film of a picture: a camera over the plane, drifting clouds, falling weather.

One larger panorama is painted once and a window moves over it with sub-pixel resampling, so
a clip costs little more than its encoding. A picture without a recipe has no world around
it: there the camera moves inside it, nearer things faster than far ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gesso.painting import places
from gesso.painting.brief import Window, unit
from gesso.painting.canvas import Canvas
from gesso.painting.noise import F
from gesso.painting.original import Original
from gesso.painting.paint import Pixels, render
from gesso.painting.palette import Colour, choose
from gesso.painting.recipe import Recipe
from gesso.painting.words import understand

#: How many times as far snow falls as clouds drift.
_FALL = 7.0


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the camera is, in parts of the start picture's width, and how far things moved."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 0.0  #: Natural logarithm of the magnification.
    drift: float = 0.0  #: How far clouds and falling weather have gone.

    def plus(self, other: Camera, times: float) -> Camera:
        """Return this camera moved by another one's values."""
        return Camera(
            self.x + other.x * times,
            self.y + other.y * times,
            self.zoom + other.zoom * times,
            self.drift + other.drift * times,
        )

    def write(self) -> list[float]:
        """Return JSON values."""
        return [self.x, self.y, self.zoom, self.drift]


@dataclass(frozen=True, slots=True)
class Shot:
    """One clip: where it begins, how it moves per second, how long and how large."""

    begin: Camera
    speed: Camera
    before: Camera  #: The speed of the clip that is continued; none for a new one.
    seconds: float
    fps: int
    width: int
    height: int
    loop: bool = False

    @property
    def frames(self) -> int:
        """How many pictures it has, at least two."""
        return max(2, round(self.seconds * self.fps))

    def camera(self, number: int) -> Camera:
        """Return the camera of one frame; the first stands where the clip begins."""
        t = number / (self.frames - 1)
        if self.loop:
            swing = 0.5 * math.sin(2 * math.pi * t)
            there = self.begin.plus(self.speed, swing * self.seconds)
            return replace(there, drift=self.begin.drift + self.speed.drift * self.seconds * t)
        # Rests at first and gains speed; a continued clip passes from the old speed to it.
        seconds = t * self.seconds
        ease = min(1.2, self.seconds / 2)
        gained = seconds - ease / 2 if seconds > ease else seconds * seconds / (2 * ease)
        return self.begin.plus(self.before, seconds - gained).plus(self.speed, gained)

    @property
    def last_speed(self) -> Camera:
        """The movement per second at the end, for a clip that continues this one."""
        if not self.loop:
            return self.speed
        return replace(Camera().plus(self.speed, math.pi), drift=self.speed.drift)

    @property
    def end(self) -> Camera:
        """The camera of the last frame."""
        return self.camera(self.frames - 1)


def speed_of(high: bool, number: int, seed: int, pinned: bool) -> Camera:
    """Return the movement of clip 0–3 per second; no two of them are alike.

    `pinned` pictures show nothing beyond their edge: the camera only goes in.
    """
    luck = 0.8 + 0.4 * unit("speed", seed, number)
    much = (2.6 if high else 1.0) * luck
    side = -1.0 if unit("way", seed) < 0.5 else 1.0
    drift = (0.030 if high else 0.010) * luck
    x, y, zoom = ((0.004, 0.0, 0.016), (0.016, -0.003, 0.006), (-0.014, 0.002, 0.008),
                  (0.002, -0.010, -0.010))[number % 4]  # fmt: skip
    if pinned:
        return Camera(side * x * much * 0.4, y * much * 0.4, 0.030 * much * 0.7, drift)
    return Camera(side * x * much, y * much, zoom * much * (0.6 if high else 1), drift)


class Reel:
    """A start picture with everything that is needed to show it from a moving camera."""

    def __init__(self, original: Original, shots: list[Shot]) -> None:
        """Paint what all the shots will see, once."""
        self.window = original.recipe.window
        self._depth: F | None = None
        self._sky: F | None = None
        self._clouds: F | None = None
        self._falls: list[tuple[F, Colour]] = []
        shot = shots[0]
        if original.pixels is not None:
            self._picture = _resized(original.pixels, shot)
            self._depth = _depth_of(self._picture)
            return
        # A little finer than the frames, for zooming in.
        px = self.window.px * self.window.width / shot.width / 1.12
        left, top, right, bottom = _reach(self.window, shots)
        wide, high = math.ceil((right - left) / px), math.ceil((bottom - top) / px)
        self._pano = Window(px, math.floor(left / px), math.floor(top / px), wide, high)
        drift = max(abs(shot.end.drift) for shot in shots) * self.window.width * self.window.px
        self._above = math.ceil(_FALL * drift / px) + 2
        self._paint(original.recipe)

    def _paint(self, recipe: Recipe) -> None:
        scene = understand(recipe.brief)
        plain = recipe.period is None and not recipe.layers and not recipe.bends
        plain = plain and not recipe.brief.seamless
        seen = replace(recipe, window=self._pano, calm=plain)
        self._picture = render(seen, threads=2)
        if plain:
            self._split_falling(recipe)
        if plain and scene.place not in {"space", "abstract", "underwater"}:
            self._split_sky(recipe)

    def _split_falling(self, recipe: Recipe) -> None:
        """Paint what falls on a taller window, so that it has somewhere to fall from."""
        brief = recipe.brief
        scene = understand(brief)
        palette = choose(brief, scene)
        tall = replace(
            self._pano, row=self._pano.row - self._above, height=self._pano.height + self._above
        )
        for kind in places.FALLING:
            if kind in scene.weather:
                canvas = Canvas.open(tall)
                places.paint_falling(canvas, brief, kind, (1.0, 1.0, 1.0))
                ink = places.ink_of_falling(kind, palette)
                self._falls.append((np.ascontiguousarray(canvas.rgb[..., 0]), ink))

    def _split_sky(self, recipe: Recipe) -> None:
        """Take the clouds off the sky, so that they can move on their own."""
        brief = recipe.brief
        scene = understand(brief)
        palette = choose(brief, scene)
        horizon = brief.between(-0.06, 0.10, "horizon")
        canvas = Canvas.open(self._pano)
        places.paint_sky(canvas, brief, scene, palette, horizon, clouds=False)
        bare = canvas.rgb.copy()
        places.paint_clouds(canvas, brief, scene, palette, horizon)
        clouds = (canvas.rgb - bare) * 255
        # Sky is where the finished picture looks like the painted sky.
        away = np.abs(self._picture.astype(np.float32) - canvas.as_bytes()).max(axis=2)
        self._sky = _sky_mask(away, canvas.y[:, 0] < horizon)
        self._clouds = np.asarray(clouds, np.float32)

    def frame(self, shot: Shot, number: int) -> Pixels:
        """Return one frame as height × width × 3 bytes."""
        camera = shot.camera(number)
        if self._depth is not None:
            return self._parallax(shot, camera)
        turn = self._matrix(shot, camera)
        picture = _warped(self._picture, turn, shot)
        if self._clouds is None and not self._falls:
            return np.asarray(picture, np.uint8)
        mixed = picture.astype(np.float32)
        phases = _phases(shot, camera, number)
        if self._clouds is not None and self._sky is not None:
            change = sum(
                self._moved(self._clouds, turn, shot, -drift, 0.0) * np.float32(share)
                for drift, share in phases
            )
            change = change - _warped(self._clouds, turn, shot)
            mixed += change * _warped(self._sky, turn, shot)[..., None]
        for alpha, ink in self._falls:
            fallen = sum(
                self._moved(
                    alpha, turn, shot, 0.3 * drift, self._above - _FALL * drift * self._wide
                )
                * np.float32(share)
                for drift, share in phases
            )
            mixed += (np.asarray(ink, np.float32) * 255 - mixed) * np.asarray(fallen)[..., None]
        return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)

    @property
    def _wide(self) -> float:
        """The start picture's width in pixels of the panorama."""
        return self.window.width * self.window.px / self._pano.px

    def _moved(self, layer: F, turn: Any, shot: Shot, drift: float, down: float) -> F:
        """Return a layer moved by widths of the start picture across and by pixels down."""
        there = turn.copy()
        there[0, 2] += drift * self._wide
        there[1, 2] += down
        return np.asarray(_warped(layer, there, shot, mirrored=True), np.float32)

    def _matrix(self, shot: Shot, camera: Camera) -> Any:
        """Return how frame pixels map onto the panorama (2 × 3)."""
        left, top, right, _ = self.window.box
        wide = right - left
        step = wide / shot.width / math.exp(camera.zoom)
        high = step * shot.height
        middle_x = (left + right) / 2 + camera.x * wide
        middle_y = top + wide / self.window.width * self.window.height / 2 + camera.y * wide
        x0 = middle_x - step * shot.width / 2
        y0 = middle_y - high / 2
        factor = step / self._pano.px
        # Half a pixel: coordinates are those of centres.
        dx = (x0 / self._pano.px - self._pano.column) + factor / 2 - 0.5
        dy = (y0 / self._pano.px - self._pano.row) + factor / 2 - 0.5
        return np.asarray([[factor, 0, dx], [0, factor, dy]], np.float64)

    def _parallax(self, shot: Shot, camera: Camera) -> Pixels:
        import cv2

        assert self._depth is not None
        height, width = self._picture.shape[:2]
        rows, columns = np.mgrid[0 : shot.height, 0 : shot.width].astype(np.float32)
        u = (columns + 0.5) / shot.width - 0.5
        v = (rows + 0.5) / shot.height - 0.5
        near = cv2.resize(self._depth, (shot.width, shot.height))
        nearer = 0.55 + 0.9 * near
        grow = np.exp(-np.float32(max(camera.zoom, 0.0)) * nearer)
        room = (1 - math.exp(-max(camera.zoom, 0.0) * 0.55)) / 2  # What zooming in has freed.
        dx = float(np.clip(camera.x, -room, room)) * nearer
        dy = float(np.clip(camera.y, -room, room)) * nearer
        across = (u * grow + dx + 0.5) * width - 0.5
        down = (v * grow + dy + 0.5) * height - 0.5
        return np.asarray(
            cv2.remap(
                self._picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
            ),
            np.uint8,
        )

    def frames(self, shot: Shot, end: Pixels | None = None) -> Iterator[Pixels]:
        """Yield the frames of a shot; with an end picture it turns into it."""
        for number in range(shot.frames):
            picture = self.frame(shot, number)
            if end is not None:
                share = min(1.0, max(0.0, (number / (shot.frames - 1) - 0.35) / 0.65))
                share = share * share * (3 - 2 * share)
                mixed = picture + (end.astype(np.float32) - picture) * np.float32(share)
                picture = np.asarray(mixed + 0.5, np.uint8)
            yield picture


def _phases(shot: Shot, camera: Camera, number: int) -> list[tuple[float, float]]:
    """Return how far the weather has gone, with shares that add up to 1.

    In a loop two weathers are faded over each other, so that the end meets the beginning.
    """
    if not shot.loop:
        return [(camera.drift, 1.0)]
    share = number / (shot.frames - 1)
    whole = shot.speed.drift * shot.seconds
    return [(camera.drift, 1 - share), (camera.drift - whole, share)]


def _warped(layer: Any, turn: Any, shot: Shot, mirrored: bool = False) -> Any:
    import cv2

    return cv2.warpAffine(
        layer,
        turn,
        (shot.width, shot.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101 if mirrored else cv2.BORDER_REPLICATE,
    )


def _resized(pixels: Pixels, shot: Shot) -> Pixels:
    import cv2

    size = (round(shot.width * 1.12), round(shot.height * 1.12))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def read_camera(values: Any) -> Camera:
    """Return the camera that `Camera.write` gave."""
    return Camera(*(float(v) for v in values))


def _reach(window: Window, shots: list[Shot]) -> tuple[float, float, float, float]:
    """Return the box of the plane that the shots see, in plane units."""
    left, top, right, bottom = window.box
    wide, high = right - left, bottom - top
    boxes = []
    for shot in shots:
        for number in range(0, shot.frames, max(1, shot.frames // 24)):
            boxes.append(_seen(shot.camera(number), left, top, wide, high))
        boxes.append(_seen(shot.end, left, top, wide, high))
    edge = 3 * wide / shots[0].width
    lows = [min(b[i] for b in boxes) - edge for i in (0, 1)]
    highs = [max(b[i] for b in boxes) + edge for i in (2, 3)]
    return lows[0], lows[1], highs[0], highs[1]


def _seen(
    camera: Camera, left: float, top: float, wide: float, high: float
) -> tuple[float, float, float, float]:
    half_w, half_h = wide / 2 / math.exp(camera.zoom), high / 2 / math.exp(camera.zoom)
    x, y = left + wide / 2 + camera.x * wide, top + high / 2 + camera.y * wide
    return x - half_w, y - half_h, x + half_w, y + half_h


def _sky_mask(away: F, above: Any) -> F:
    import cv2

    near = np.clip(1.6 - away / 26, 0, 1) * above[:, None]
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(cv2.erode(near, kernel), (0, 0), 2.0), np.float32)


def _depth_of(picture: Pixels) -> F:
    """Return how near things seem (0–1): what is low and what stands out is near."""
    import cv2

    height, width = picture.shape[:2]
    small = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    away = np.linalg.norm(small - np.median(small, axis=(0, 1)), axis=2)
    away = cv2.GaussianBlur(away, (0, 0), 4)
    low = np.linspace(0, 1, 64, dtype=np.float32)[:, None] ** 1.5
    depth = 0.65 * low + 0.35 * away / max(float(away.max()), 1e-6)
    return np.asarray(cv2.GaussianBlur(cv2.resize(depth, (width, height)), (0, 0), 5), np.float32)
