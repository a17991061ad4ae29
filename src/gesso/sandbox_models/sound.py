"""Sound files: written and read by FFmpeg's codecs, in memory and within limits."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gesso.domain.errors import InvalidOrder
from gesso.sandbox_models.melody import RATE, Samples

#: Format of the OpenAI wire → container and codec of FFmpeg, and the content type.
FORMATS = {
    "mp3": ("mp3", "libmp3lame", "audio/mpeg"),
    "opus": ("ogg", "libopus", "audio/ogg"),
    "aac": ("adts", "aac", "audio/aac"),
    "flac": ("flac", "flac", "audio/flac"),
    "wav": ("wav", "pcm_s16le", "audio/wav"),
    "pcm": ("s16le", "pcm_s16le", "audio/pcm"),
}
#: Longer recordings are listened to no further, in seconds.
MOST_S = 1800


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as one channel of samples between -1 and 1."""

    samples: Samples

    @property
    def length_s(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE

    @property
    def loudness_db(self) -> float:
        """Its mean loudness in decibels below full scale; -120 for silence."""
        power = float(np.mean(np.square(self.samples, dtype=np.float64))) if self.length_s else 0.0
        return round(10 * float(np.log10(max(power, 1e-12))), 1)


def write(blocks: Iterable[Samples], form: str) -> bytes:
    """Return a sound file of one of the `FORMATS`; pcm is 24 kHz, 16 bit, one channel."""
    import av

    container_name, codec, _ = FORMATS[form]
    out = io.BytesIO()
    with av.open(out, "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(stream.format, "mono", RATE)
        fifo = av.AudioFifo()
        place = 0
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(block[None, :], format="flt", layout="mono")
            frame.sample_rate, frame.pts = RATE, place
            place += len(block)
            for one in resampler.resample(frame):
                fifo.write(one)
            for one in fifo.read_many(stream.frame_size or 4096):
                container.mux(stream.encode(one))
        rest = fifo.read(0, partial=True)
        if rest is not None:
            container.mux(stream.encode(rest))
        container.mux(stream.encode(None))
    return out.getvalue()


def read(data: bytes) -> Recording:
    """Read any sound file that FFmpeg knows; raises InvalidOrder for what is none."""
    import av

    parts: list[Samples] = []
    left = MOST_S * RATE
    try:
        with av.open(io.BytesIO(data), "r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise InvalidOrder("the file holds no sound", param="file")
            resampler = av.AudioResampler("flt", "mono", RATE)
            for frame in container.decode(audio=0):
                for one in resampler.resample(frame):
                    parts.append(one.to_ndarray()[0])
                    left -= one.samples
                if left <= 0:
                    break
            for one in resampler.resample(None):
                parts.append(one.to_ndarray()[0])
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise InvalidOrder("the file cannot be read as sound", param="file") from error
    joined = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return Recording(joined[: MOST_S * RATE].astype(np.float32))
