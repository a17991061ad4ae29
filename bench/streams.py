"""A client of many event streams: who hears of an event when, and what open streams cost."""

from __future__ import annotations

import asyncio
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

#: Shorter than the silence that a gateway allows an upstream in mid-answer.
_PATIENCE_S = 90
_AT_ONCE = 100


async def listen(port: int, path: str, key: str, count: int) -> tuple[list[float], int]:
    """Open streams of one task until its end.

    Returns how many seconds after the first listener each of them heard of each event, sorted,
    and how many streams ended well.
    """
    heard: dict[bytes, list[float]] = defaultdict(list)
    ended, all_open = 0, 0.0

    async def one() -> None:
        nonlocal ended, all_open
        reader, writer = await _open(port, path, key)
        all_open = time.perf_counter()
        while line := await reader.readline():
            if line.startswith(b"id: "):
                heard[line].append(time.perf_counter())
            ended += line.startswith(b"event: end")
        writer.close()

    await asyncio.gather(*(one() for _ in range(count)))
    # Whoever opens a stream is told how things stand; news is what comes when all are open.
    news = [t for t in heard.values() if len(t) == count and min(t) > all_open]
    return sorted(t - min(times) for times in news for t in times), ended


async def hold(port: int, paths: list[str], key: str, ready: asyncio.Event) -> None:
    """Keep streams open until cancelled; sets `ready` once all are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, len(paths) + 1000)), hard))
    opened = []
    for start in range(0, len(paths), 200):
        part = paths[start : start + 200]
        opened += await asyncio.gather(*(_open(port, path, key) for path in part))
    ready.set()
    await asyncio.Event().wait()


async def _open(
    port: int, path: str, key: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@dataclass(frozen=True)
class Held:
    """What holding many streams open showed."""

    opened: int
    measured: float
    failure: str  #: Why the first one that failed did; empty when none did.


async def held(port: int, sent: bytes, count: int, measure: Callable[[], float]) -> Held:
    """Open streams until each has said its first word, and measure while all are open."""
    writers: list[asyncio.StreamWriter] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(sent)
        await first_word(reader)

    found: list[BaseException | None] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            for start in range(0, count, _AT_ONCE):
                part = (one() for _ in range(min(_AT_ONCE, count - start)))
                found += await asyncio.gather(*part, return_exceptions=True)
                if not any(one is None for one in found):
                    break
    measured = measure()
    for writer in writers:
        writer.close()
    failures = (str(one) or type(one).__name__ for one in found if one is not None)
    return Held(sum(one is None for one in found), measured, next(failures, ""))


async def first_word(reader: asyncio.StreamReader) -> None:
    """Read a stream up to its first event; raises ConnectionError when it is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(head.partition(b"\r\n")[0].decode())
    await reader.readuntil(b"data: ")
