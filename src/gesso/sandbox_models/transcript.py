"""The transcription model: reads back what the sandbox's own speech carries. Pure.

Of any other recording it says what it measured, and that it understands no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gesso.sandbox_models import melody
from gesso.sandbox_models.chat import tokens_of
from gesso.sandbox_models.sound import Recording

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_WORDS = 8  #: In one subtitle.


@dataclass(frozen=True, slots=True)
class Part:
    """Some words and when they were said, in seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording."""

    text: str
    length_s: float
    parts: tuple[Part, ...]


def transcribe(recording: Recording) -> Transcript:
    """Write down what a recording says."""
    heard = melody.hear(recording.samples)
    length = recording.length_s
    if heard is None:
        text = (
            f"[gesso's sandbox understands only its own speech. It heard {length:.2f} seconds "
            f"of sound with a mean loudness of {recording.loudness_db:.1f} dBFS.]"
        )
        return Transcript(text, length, (Part(text, 0.0, round(length, 2)),))
    return Transcript(heard.text, length, tuple(_parts(heard)))


def write(transcript: Transcript, form: str) -> tuple[bytes, str]:
    """Return a transcript as text of one of the `FORMATS`, and its content type."""
    if form == "text":
        return transcript.text.encode() + b"\n", "text/plain; charset=utf-8"
    comma = "," if form == "srt" else "."
    shown = [f"{_time(p.start_s, comma)} --> {_time(p.end_s, comma)}" for p in transcript.parts]
    pairs = zip(shown, transcript.parts, strict=True)
    if form == "srt":
        cues = [f"{n}\n{when}\n{p.text}\n" for n, (when, p) in enumerate(pairs, 1)]
        return "\n".join(cues).encode(), "application/x-subrip; charset=utf-8"
    cues = [f"{when}\n{p.text}\n" for when, p in pairs]
    return "\n".join(["WEBVTT\n", *cues]).encode(), "text/vtt; charset=utf-8"


def verbose(transcript: Transcript, task: str, *, words: bool) -> dict[str, Any]:
    """Return a transcript with its times."""
    segments = [
        {
            "id": n, "seek": 0, "start": p.start_s, "end": p.end_s, "text": p.text, "tokens": [],
            "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 1.0, "no_speech_prob": 0.0,
        }
        for n, p in enumerate(transcript.parts)
    ]  # fmt: skip
    shown: dict[str, Any] = {
        "task": task, "language": "english", "duration": round(transcript.length_s, 3),
        "text": transcript.text, "segments": segments,
    }  # fmt: skip
    if words:
        shown["words"] = [
            {"word": word, "start": p.start_s, "end": p.end_s}
            for p in transcript.parts
            for word in p.text.split()
        ]
    return shown | {"usage": usage_of(transcript)}


def usage_of(transcript: Transcript) -> dict[str, Any]:
    """Return what a transcription used: the length of the recording."""
    return {"type": "duration", "seconds": max(1, round(transcript.length_s))}


def tokens(transcript: Transcript) -> list[str]:
    """Return the text as it is streamed."""
    return tokens_of(transcript.text)


def _parts(heard: melody.Heard) -> list[Part]:
    """Return subtitles; every letter of our speech takes the same time."""
    pace = (heard.end_s - heard.start_s) / max(1, len(heard.text))
    parts, place = [], 0
    words = heard.text.split(" ")
    for first in range(0, len(words), _WORDS):
        text = " ".join(words[first : first + _WORDS])
        start = heard.start_s + place * pace
        place += len(text) + 1
        end = min(heard.start_s + place * pace, heard.end_s)
        parts.append(Part(text, round(start, 2), round(end, 2)))
    return parts


def _time(seconds: float, comma: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, left = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{left:02}{comma}{thousandths:03}"
