"""Retexture: the layout stays, colours come from the words."""

from __future__ import annotations

import numpy as np

from gesso.painting.brief import Brief, View
from gesso.painting.edit import area_of, sky_of
from gesso.painting.paint import Pixels, paint
from gesso.painting.retexture import retexture
from tests.rooms.providers.easel import apart

SQUARE = View.default((1, 1))


def light(picture: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return (picture.astype(float) @ [0.3, 0.59, 0.11])[::2, ::2].ravel()


def test_layout_stays_and_palette_changes() -> None:
    old = paint(Brief("a castle on a mountain", 5), SQUARE, 128, 128)
    night = retexture(old, Brief("neon city at night", 1))
    desert = retexture(old, Brief("golden desert", 1))
    for new in (night, desert):
        assert np.corrcoef(light(old), light(new))[0, 1] > 0.6
        assert apart(old, new) > 10
    assert apart(night, desert) > 15
    # Desert sand is warmer than a neon night.
    warmth = [float((p[..., 0].astype(int) - p[..., 2]).mean()) for p in (desert, night)]
    assert warmth[0] > warmth[1] + 20


def test_words_of_weather_mean_the_sky() -> None:
    old = paint(Brief("a boat on the sea at day", 5), SQUARE, 128, 128)
    assert np.array_equal(area_of(old, "sunset"), sky_of(old))
    sky = sky_of(old)
    assert sky[0].mean() > 0.9
    assert sky[-1].mean() == 0
    subject = area_of(old, "a dragon")
    assert 0.03 < subject.mean() < 0.5
    assert subject[48:90, 40:88].any()
