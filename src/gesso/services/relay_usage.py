"""Meters: count what a relayed answer used while its bytes pass, and change none of them.

One thing is left out: the chunk that holds nothing but the usage, when we asked for it and
the caller did not. Memory stays flat: of a long answer only the ends are kept, and of its text
so much as may have to be counted with a tokenizer, should the upstream not tell what it used.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from gesso.domain.call import Usage
from gesso.domain.errors import Unavailable
from gesso.kit.tokens import Tally

#: A JSON answer up to this size is read as a whole; of a longer one only the ends are, in bytes.
_WHOLE = 512 * 1024
_END = 64 * 1024
_SEPARATOR = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_PICTURE = re.compile(rb'"(?:b64_json|url)"\s*:\s*"')
_OVERLAP = 16
#: Of an answer, what is no words of the model; most of it is long where it is there.
_WORDLESS = frozenset(
    {"role", "id", "type", "call_id", "status", "data", "result", "encrypted_content"}
)
#: Answers that are counted apart; more than anybody may ask for.
_MOST_ANSWERS = 128
#: Events that end a stream of the responses endpoint, which has no other end.
_LAST = (b"response.completed", b"response.incomplete", b"response.failed")


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    """The three shapes of usage: chat, responses and images, audio."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    seconds: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it tells of nothing that was used."""
        read, written = self.prompt_tokens, self.completion_tokens
        return not (
            read or written or self.input_tokens or self.output_tokens or self.seconds is not None
        )


class _Stored(msgspec.Struct):
    id: Any = None
    usage: _Usage | None = None


class _Choice(msgspec.Struct):
    index: Any = None
    delta: Any = None
    message: Any = None
    text: Any = None


class _Told(msgspec.Struct):
    """What an answer says of itself."""

    id: Any = None
    object: Any = None
    usage: _Usage | None = None
    response: _Stored | None = None


class _Seen(_Told):
    """What is read of an answer or of one event of it; all else is skipped."""

    choices: list[_Choice] | None = None
    delta: Any = None
    text: Any = None
    output: msgspec.Raw = msgspec.Raw()  # read only when it has to be counted


_told = msgspec.json.Decoder(_Told)
_seen = msgspec.json.Decoder(_Seen)
_usage = msgspec.json.Decoder(_Usage)
_utf8 = codecs.getincrementaldecoder("utf-8")


class Meter(Protocol):
    """Watches an answer go by."""

    #: Whether the upstream said that this is all.
    done: bool
    #: Id of a response that the upstream stored, if it said one.
    upstream_id: str | None

    def feed(self, chunk: bytes) -> bytes:
        """Take what came and return what is to be sent on."""

    def told(self, foreseen: Usage) -> Usage | None:
        """Return what the upstream said was used; None where it did not, and `usage` takes long."""

    def usage(self, foreseen: Usage, count_prompt: Callable[[], int] | None = None) -> Usage:
        """Return what was used; what nobody told is counted here and marked as estimated.

        Without `count_prompt` the prompt has as many tokens as were foreseen.
        """


class _Counter:
    """What both meters share: the numbers."""

    def __init__(self, model: str) -> None:
        self.done = False
        self.upstream_id: str | None = None
        self._said: _Usage | None = None
        self._model = model
        self._tallies: dict[int, Tally] = {}  #: By answer, for a stream mixes them.
        self._pictures = 0

    def _note(self, told: _Told) -> None:
        self._said = told.usage or self._said
        if told.object == "response" and isinstance(told.id, str):
            self.upstream_id = told.id[:120]
        if told.response is not None:
            self._said = told.response.usage or self._said
            if isinstance(told.response.id, str):
                self.upstream_id = told.response.id[:120]

    def _add_all(self, seen: _Seen) -> None:
        for choice in seen.choices or ():
            for part in (choice.delta, choice.message, choice.text):
                if part is not None:
                    self._add(part, choice.index)
        if seen.delta is not None:
            self._add(seen.delta)

    def _add(self, part: Any, answer: Any = 0) -> None:
        if isinstance(part, str):
            self._tally(answer).add(part)
        elif isinstance(part, dict):
            # Thoughts, refusals and the arguments of tools are paid for like words.
            for name, value in part.items():
                if name not in _WORDLESS:
                    self._add(value, answer)
        elif isinstance(part, list):
            for one in part:
                self._add(one, answer)

    def _tally(self, answer: Any) -> Tally:
        index = answer if isinstance(answer, int) and 0 <= answer < _MOST_ANSWERS else 0
        found = self._tallies.get(index)
        if found is None:
            found = self._tallies[index] = Tally(self._model)
        return found

    def usage(self, foreseen: Usage, count_prompt: Callable[[], int] | None = None) -> Usage:
        told = self.told(foreseen)
        if told is not None:
            return told
        # Speech and transcripts are paid by their length, which was known before.
        read = count_prompt() if count_prompt else foreseen.input_tokens
        written = sum(tally.tokens for tally in self._tallies.values())
        pictures = self._pictures if foreseen.pictures else 0
        return foreseen._replace(
            input_tokens=read, output_tokens=written, pictures=pictures, estimated=True
        )

    def told(self, foreseen: Usage) -> Usage | None:
        said = self._said
        # Of no tokens at all is told, though words went by: then nobody counted.
        if said is None or (self._tallies and said.is_empty and any(self._tallies.values())):
            return None
        details = said.prompt_tokens_details or said.input_tokens_details
        seconds = said.seconds
        return Usage(
            max(0, said.prompt_tokens or said.input_tokens or 0),
            max(0, details.cached_tokens or 0) if details else 0,
            max(0, said.completion_tokens or said.output_tokens or 0),
            foreseen.characters,
            foreseen.audio_ms if seconds is None else round(seconds * 1000),
            self._pictures if foreseen.pictures else 0,
        )


class EventMeter(_Counter):
    """Counts a stream of server-sent events."""

    def __init__(self, *, hides_usage: bool, model: str = "") -> None:
        """Take whether the chunk with nothing but the usage is left out."""
        super().__init__(model)
        self._hides = hides_usage
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Read whole events; while hiding, what is not whole yet waits for its end."""
        data = self._rest + chunk if self._rest else chunk
        kept: list[bytes] = []
        start = 0
        for end in _SEPARATOR.finditer(data):
            event = data[start : end.end()]
            start = end.end()
            if not (self._read(event) and self._hides):
                kept.append(event)
        self._rest = data[start:]
        if len(self._rest) > _WHOLE:
            # A picture inside an event: what counts stands at the end of it.
            if self._hides:
                kept.append(self._rest)
                self._rest = b""
            else:
                self._rest = self._rest[-_END:]
        return b"".join(kept) if self._hides else chunk

    def flush(self) -> bytes:
        """Return what waited for an end that never came."""
        rest, self._rest = self._rest, b""
        return rest if self._hides else b""

    def _read(self, event: bytes) -> bool:
        """Count one event; true for one that holds the usage and nothing else."""
        start = event.find(b"data:")
        payload = event[start + 5 :].strip() if start >= 0 else event.strip()
        if payload == b"[DONE]":
            self.done = True
            return False
        if not payload.startswith(b"{"):
            self._said = _find_usage(payload) or self._said
            return False
        try:
            seen = _seen.decode(payload)
        except msgspec.MsgspecError:
            return False
        self._note(seen)
        self._add_all(seen)
        head = event[:60]
        if any(name in head for name in _LAST):
            self.done = True
        if b"image_" in event[:60] and b".completed" in event[:60]:
            self._pictures += 1
        return seen.usage is not None and seen.choices == []


class BodyMeter(_Counter):
    """Counts an answer that is one piece: JSON, or bytes that say nothing of their usage."""

    def __init__(self, content_type: str, *, model: str = "", pictures: bool = False) -> None:
        """Take what it is, and whether pictures are counted; of sound there is nothing to read."""
        super().__init__(model)
        self._is_json = "json" in content_type
        self._decoder = _utf8(errors="replace") if content_type.startswith("text/") else None
        self._counts_pictures = pictures
        self._head: bytes | bytearray = b""
        self._tail = b""
        self._overlap = b""
        self._told: _Told | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Keep the ends of it."""
        if self._decoder is not None:
            self._add(self._decoder.decode(chunk))
        elif self._is_json:
            room = _WHOLE - len(self._head)
            if not self._head and len(chunk) <= room:
                self._head = chunk  # All of most answers.
            elif room > 0:
                if isinstance(self._head, bytes):
                    self._head = bytearray(self._head)
                self._head += chunk[:room]
            if len(chunk) > room:
                self._tail = (self._tail + chunk[max(room, 0) :])[-_END:]
            if self._counts_pictures:
                self._count_pictures(chunk)
        return chunk

    def _count_pictures(self, chunk: bytes) -> None:
        seam = self._overlap + chunk
        for found in _PICTURE.finditer(seam):
            self._pictures += found.end() > len(self._overlap)
        self._overlap = seam[-_OVERLAP:]

    def flush(self) -> bytes:
        """Return nothing: nothing waits. Raises Unavailable for JSON that is none."""
        if self._is_json and not self._tail:
            try:
                self._told = _told.decode(self._head)
            except msgspec.ValidationError:
                pass  # JSON of another shape
            except (msgspec.DecodeError, UnicodeError):
                raise Unavailable("the upstream's answer cannot be read") from None
        return b""

    def told(self, foreseen: Usage) -> Usage | None:
        """Return what the upstream said was used."""
        self._read()
        return super().told(foreseen)

    def _read(self) -> None:
        """Read what was kept, and let it go."""
        if (told := self._told) is not None:
            self._note(told)
            if self._said is None or self._said.is_empty:
                self._add_words()
        elif self._is_json:
            self._said = _find_usage(self._tail) or _find_usage(bytes(self._head[:_END]))
        self._told, self._is_json = None, False

    def _add_words(self) -> None:
        """Read the words as well: they may have to be counted."""
        try:
            seen = _seen.decode(self._head)
        except msgspec.ValidationError:
            return  # JSON of another shape
        self._add_all(seen)
        self._add(seen.text)
        if seen.output and self._said is None:
            self._add(msgspec.json.decode(seen.output))


def _find_usage(text: bytes) -> _Usage | None:
    """Return the last usage object in a piece of JSON, if there is a whole one."""
    start = text.rfind(b'"usage"')
    start = text.find(b"{", start) if start >= 0 else -1
    if start < 0:
        return None
    depth = 0
    for place in range(start, min(len(text), start + 4096)):
        depth += (text[place] == 0x7B) - (text[place] == 0x7D)
        if depth == 0:
            try:
                return _usage.decode(text[start : place + 1])
            except msgspec.MsgspecError:
                return None
    return None
