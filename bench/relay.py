"""Relaying chat, side by side with the raw upstream in the same run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.gateway import KEY, cpu_s, environment, gesso, process, resident_mb, until_up
from bench.load import request, run
from gesso.domain.channel import Channel
from gesso.services import administer
from gesso.storage.database import open_database

CONNECTIONS, SECONDS, STREAMS = 64, 6.0, 300
_CHAT = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}],"max_tokens":64}'
_STREAM = _CHAT[:-1] + b',"stream":true}'


def relay(free_port: Any) -> list[dict[str, Any]]:
    """Calls a second, and the time that is added to the first token of a stream."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        port, upstream = free_port(), free_port()
        env = environment(Path(name), port, "") | {"GESSO_WORKER_INSIDE": "0"}
        gesso(env, "migrate")
        asyncio.run(_add_channel(Path(name), upstream))
        with _upstream(upstream), process(env, "serve") as popen:
            until_up(port)
            sent = request("POST", "/v1/chat/completions", KEY, _CHAT)
            limit = asyncio.run(run(upstream, lambda: sent, connections=CONNECTIONS, seconds=3))
            used = cpu_s(popen.pid)
            load = asyncio.run(run(port, lambda: sent, connections=CONNECTIONS, seconds=SECONDS))
            rows.append(
                {
                    "figure": "relayed chat, sqlite, paid to the nano",
                    "per second": round(load.rate),
                    "p50 ms": round(load.p50_ms, 1),
                    "p99 ms": round(load.p99_ms, 1),
                    "errors": load.errors,
                    # Tells what a call costs also on a machine that others keep busy.
                    "cpu ms each": round((cpu_s(popen.pid) - used) * 1000 / load.requests, 2),
                    "raw upstream per second": round(limit.rate),
                    "of the raw limit": round(load.rate / limit.rate, 3),
                }
            )
            raw, through = asyncio.run(_first_tokens(upstream, port))
            rows.append(
                {
                    "figure": "time to the first token, one caller",
                    "raw ms": round(raw * 1000, 2),
                    "relayed ms": round(through * 1000, 2),
                    "added ms": round((through - raw) * 1000, 2),
                    "MB": round(resident_mb(popen.pid)),
                }
            )
    return rows


async def _add_channel(data_dir: Path, upstream: int) -> None:
    database = open_database("", data_dir)
    channel = Channel(
        "ch_bench", "bench", "openai", base_url=f"http://127.0.0.1:{upstream}/v1",
        options={"api_key": "up"},
    )  # fmt: skip
    await administer.create_channel(database, channel)
    await database.close()


@contextmanager
def _upstream(port: int) -> Iterator[None]:
    popen = subprocess.Popen([sys.executable, "-m", "bench.models", str(port)])
    try:
        time.sleep(1.0)
        yield
    finally:
        popen.kill()
        popen.wait()


async def _first_tokens(upstream: int, port: int) -> tuple[float, float]:
    """Return the median times of both, measured in turn so that both see the same machine."""
    times: dict[int, list[float]] = {upstream: [], port: []}
    sent = request("POST", "/v1/chat/completions", KEY, _STREAM)
    open_ones = {p: await asyncio.open_connection("127.0.0.1", p) for p in times}
    for _ in range(STREAMS):
        for place, (reader, writer) in open_ones.items():
            started = time.perf_counter()
            writer.write(sent)
            await reader.readuntil(b"data: ")
            times[place].append(time.perf_counter() - started)
            await reader.readuntil(b"0\r\n\r\n")
    for _, writer in open_ones.values():
        writer.close()
    middle = {p: sorted(found)[len(found) // 2] for p, found in times.items()}
    return middle[upstream], middle[port]
