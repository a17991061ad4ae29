"""Text as sound and back: every byte is a chord of two notes. Pure.

One of 16 low notes is the upper half of a byte, one of 16 high notes the lower half, as
telephone keys are two tones. A pilot tone and a head at a fixed pace come first: pace, length
and checksum. Chords that far apart live through every codec that speech is sent in.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

#: Samples a second of everything here.
RATE = 24_000
#: The pace of speech at speed 1: about as many letters a second as people speak.
_PACE_MS, _HEAD_MS, _PILOT_MS = 60, 60, 240
_LOW = 500 + 90 * np.arange(16)
_HIGH = 2150 + 90 * np.arange(16)
_PILOT_HZ = 4000
_MOST_MS = 600_000  #: Longer texts are spoken faster.
_HEAD = struct.Struct("<BHI")
_LOUD = 0.25
#: Chords that are made or heard at once: keeps the memory of long texts flat.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recording holds, as far as it is speech of ours."""

    text: str
    start_s: float
    end_s: float


def speak(text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Samples]:
    """Yield the sound of a text in blocks; the voice is the chime that it begins with."""
    data = text.encode(errors="replace")[:65535]
    pace = min(round(_PACE_MS / speed), 240, _MOST_MS // max(1, len(data)))
    pace = max(pace, 15)
    head = _HEAD.pack(pace, len(data), zlib.crc32(data))
    yield np.concatenate([_chime(voice), _tone(_PILOT_HZ, _PILOT_MS), _chords(head, _HEAD_MS)])
    for start in range(0, len(data), _BLOCK):
        yield _chords(data[start : start + _BLOCK], pace)
    yield np.zeros(RATE // 10, np.float32)


def hear(samples: Samples) -> Heard | None:
    """Return the text that a recording of ours carries, None for any other recording."""
    start = _find_pilot(samples)
    if start is None:
        return None
    head = _read(samples, start, _HEAD.size, _HEAD_MS)
    if len(head) < _HEAD.size:
        return None
    pace, size, checksum = _HEAD.unpack(head)
    begin = start + _HEAD.size * _HEAD_MS * RATE // 1000
    if not 15 <= pace <= 240:
        return None
    data = _read(samples, begin, size, pace)
    if len(data) < size or zlib.crc32(data) != checksum:
        return None
    end = begin + size * pace * RATE // 1000
    return Heard(data.decode(errors="replace"), begin / RATE, end / RATE)


def _chime(voice: str) -> Samples:
    """Three notes below all others: another voice, another chime."""
    number = zlib.crc32(voice.encode(errors="replace"))
    return np.concatenate([_tone(196 * 2 ** ((number >> s) % 8 / 12), 90) for s in (0, 8, 16)])


def _tone(hertz: float, length_ms: int) -> Samples:
    count = length_ms * RATE // 1000
    wave = np.sin(2 * np.pi * hertz * np.arange(count) / RATE) * _fade(count) * 2 * _LOUD
    return wave.astype(np.float32)


def _fade(count: int) -> NDArray[np.float64]:
    """Soft ends of 2 ms: without them every note would click."""
    edge = RATE // 500
    ramp = np.ones(count)
    ramp[:edge] = np.linspace(0, 1, edge)
    ramp[-edge:] = ramp[:edge][::-1]
    return ramp


def _chords(data: bytes, length_ms: int) -> Samples:
    count = length_ms * RATE // 1000
    angle = 2 * np.pi * np.arange(count) / RATE
    # All 32 notes once; each chord is the sum of two rows.
    low, high = np.sin(np.outer(_LOW, angle)), np.sin(np.outer(_HIGH, angle))
    values = np.frombuffer(data, np.uint8)
    waves = (low[values >> 4] + high[values & 15]) * (_fade(count) * _LOUD)
    found: Samples = waves.astype(np.float32).ravel()
    return found


def _read(samples: Samples, start: int, size: int, length_ms: int) -> bytes:
    """Return the bytes of chords that begin at a sample; fewer when the sound ends before."""
    count = length_ms * RATE // 1000
    size = min(size, max(0, (len(samples) - start) // count))
    skip = count // 8  # codecs smear the edges
    window = np.hanning(count - 2 * skip)
    angle = 2j * np.pi * np.arange(count - 2 * skip) / RATE
    notes = np.exp(-np.outer(angle, np.concatenate([_LOW, _HIGH]))) * window[:, None]
    found = bytearray()
    for first in range(0, size, _BLOCK):
        rows = min(_BLOCK, size - first)
        begin = start + first * count
        block = samples[begin : begin + rows * count].reshape(rows, count)
        power = np.abs(block[:, skip : count - skip] @ notes)
        low, high = power[:, :16].argmax(1), power[:, 16:].argmax(1)
        found += (low * 16 + high).astype(np.uint8).tobytes()
    return bytes(found)


def _find_pilot(samples: Samples) -> int | None:
    """Return the sample where the first pilot tone ends."""
    step = RATE // 500
    count = len(samples) // step
    if count < _PILOT_MS // 2:
        return None
    frames = samples[: count * step].reshape(count, step)
    # 4,000 Hz has a whole number of waves in 2 ms: one frame tells it from the notes.
    wave = np.exp(-2j * np.pi * _PILOT_HZ * np.arange(step) / RATE)
    part = np.abs(frames @ wave) ** 2 / step
    whole = (frames.astype(np.float64) ** 2).sum(1)
    is_pilot = (part > 0.35 * whole) & (whole > step * 1e-5)
    least = _PILOT_MS // 2 - 20
    run = 0
    for place, hit in enumerate(is_pilot.tolist()):
        if hit:
            run += 1
        elif run >= least:
            return place * step
        else:
            run = 0
    return None
