"""Text becomes sound and comes back, through every codec and at every pace."""

from __future__ import annotations

import numpy as np
import pytest

from gesso.domain.errors import InvalidOrder
from gesso.sandbox_models import melody, sound
from gesso.sandbox_models.melody import RATE

TEXT = "Hello there, this is gesso: ünïcode, 你好! \x00\xff"


def played(text: str, form: str, **how: float) -> melody.Samples:
    data = sound.write(melody.speak(text, voice="alloy", **how), form)
    if form == "pcm":
        return (np.frombuffer(data, "<i2") / 32768).astype(np.float32)
    return sound.read(data).samples


@pytest.mark.parametrize("form", sound.FORMATS)
@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_what_is_spoken_is_heard(form: str, speed: float) -> None:
    heard = melody.hear(played(TEXT, form, speed=speed))
    assert heard is not None
    assert heard.text == TEXT
    assert (heard.end_s - heard.start_s) * speed == pytest.approx(
        len(TEXT.encode()) * 0.06, rel=0.01
    )


def test_it_is_heard_behind_silence_and_quietly() -> None:
    quiet = np.concatenate([np.zeros(RATE, np.float32), played(TEXT, "wav") * 0.1])
    heard = melody.hear(quiet)
    assert heard is not None
    assert heard.text == TEXT


def test_a_note_that_was_changed_is_noticed() -> None:
    samples = played("a longer text that is changed", "wav").copy()
    heard = melody.hear(samples)
    assert heard is not None
    middle = int((heard.start_s + heard.end_s) / 2 * RATE)
    samples[middle : middle + 3000] = 0
    assert melody.hear(samples) is None


def test_noise_and_silence_carry_nothing() -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, RATE * 2).astype(np.float32)
    assert melody.hear(noise) is None
    assert melody.hear(np.zeros(RATE * 2, np.float32)) is None
    assert melody.hear(np.zeros(0, np.float32)) is None


def test_voices_differ() -> None:
    one = next(iter(melody.speak("a", voice="alloy")))
    other = next(iter(melody.speak("a", voice="nova")))
    assert not np.array_equal(one, other)


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(InvalidOrder):
        sound.read(b"this is no sound at all")
    with pytest.raises(InvalidOrder):
        sound.read(b"")
