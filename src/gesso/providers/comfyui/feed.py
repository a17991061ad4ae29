"""The websocket of one channel: how far its jobs are, and how their pictures look so far.

News only make looking quicker and nicer. What counts is the server's history; when the
websocket is away, jobs are polled.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from gesso.domain.channel import Channel
from gesso.upstream.line import bearer, tell

log = structlog.get_logger()

#: Kinds of binary frames: a preview with its format, and one with metadata of its prompt.
_PREVIEW, _PREVIEW_OF = 1, 4
#: What ends a prompt; the history then has its result.
_ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})
_AGAIN_S = 2.0
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class News:
    """What is known of one prompt."""

    percent: int = 0
    preview: bytes | None = None  #: The newest one that was not shown yet.
    heard: bool = False  #: Whether there was any since the last look.
    silent: int = 0  #: Looks since the last news.
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """Listens while there are jobs to hear of."""

    def __init__(self, channel: Channel, answer_s: float) -> None:
        """Take the channel and how long connecting may take; connect with the first job."""
        self._channel = channel
        self.client_id = uuid.uuid4().hex
        self._answer_s = answer_s
        self._news: dict[str, News] = {}
        self._current = ""  #: The prompt that previews without metadata belong to.
        self._listening: asyncio.Task[None] | None = None

    def leads_to(self, channel: Channel) -> bool:
        """Say whether this connection is the one that a channel asks for now."""
        same_place = channel.base_url == self._channel.base_url
        return same_place and bearer(channel) == bearer(self._channel)

    def close(self) -> None:
        """Hear of nothing any more."""
        for upstream_id in list(self._news):
            self.forget(upstream_id)

    def watch(self, upstream_id: str) -> News:
        """Listen for news of a prompt until it is forgotten."""
        news = self._news.setdefault(upstream_id, News())
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        return news

    def forget(self, upstream_id: str) -> None:
        """Listen no more for a prompt that has ended; the last one closes the connection."""
        self._news.pop(upstream_id, None)
        if not self._news and self._listening is not None:
            self._listening.cancel()
            self._listening = None

    async def wait(self, upstream_id: str, longest_s: float) -> News:
        """Wait for the end of a prompt, at most so long, and return what is known."""
        news = self.watch(upstream_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await news.ended.wait()
        # Told once: an end whose history cannot be read is looked for at the usual pace.
        news.ended.clear()
        news.silent = 0 if news.heard else news.silent + 1
        news.heard = False
        return news

    async def _listen(self) -> None:
        # Imported here: a gateway without such a channel never needs it.
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        scheme, _, rest = self._channel.base_url.rstrip("/").partition("://")
        url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws?clientId={self.client_id}"
        while True:
            try:
                async with connect(
                    url,
                    additional_headers=bearer(self._channel),
                    open_timeout=self._answer_s,
                    close_timeout=1,
                    max_size=_MOST_BYTES,
                    proxy=None,
                ) as socket:
                    async for message in socket:
                        self._hear(message)
            except (OSError, WebSocketException, TimeoutError) as error:
                log.info("comfyui_feed_away", channel=self._channel.id, error=tell(error))
            await asyncio.sleep(_AGAIN_S)

    def _hear(self, message: str | bytes) -> None:
        try:
            if isinstance(message, bytes):
                self._see(message)
            else:
                self._read(msgspec.json.decode(message))
        except (msgspec.DecodeError, struct.error, TypeError, ValueError, AttributeError):
            log.info("comfyui_feed_garbled", channel=self._channel.id)

    def _read(self, event: dict[str, Any]) -> None:
        data = event.get("data")
        if not isinstance(data, dict) or "prompt_id" not in data:
            return
        self._current = str(data["prompt_id"])
        news = self._news.get(self._current)
        if news is None:
            return
        news.heard = True
        kind = event.get("type")
        if kind == "progress":
            _advance(news, data.get("value"), data.get("max"))
        elif kind == "progress_state":
            for node in dict(data.get("nodes") or {}).values():
                if node.get("state") == "running":
                    _advance(news, node.get("value"), node.get("max"))
        elif kind in _ENDS:
            news.ended.set()

    def _see(self, frame: bytes) -> None:
        (kind,) = struct.unpack_from(">I", frame)
        if kind == _PREVIEW:
            upstream_id, data = self._current, frame[8:]
        elif kind == _PREVIEW_OF:
            (size,) = struct.unpack_from(">I", frame, 4)
            about = msgspec.json.decode(frame[8 : 8 + size])
            upstream_id, data = str(about.get("prompt_id") or self._current), frame[8 + size :]
        else:
            return
        news = self._news.get(upstream_id)
        if news is not None and data:
            news.preview, news.heard = data, True


def _advance(news: News, value: Any, most: Any) -> None:
    """Note steps of a sampler; short nodes such as loaders count one of one and say nothing."""
    if not isinstance(value, int | float) or not isinstance(most, int | float) or most <= 1:
        return
    news.percent = max(news.percent, min(99, max(0, int(value / most * 100))))
