"""Relaying chat through gesso and its peers, side by side in one run.

One core belongs to the gateway that is measured, the others to the client and the upstream. What a
gateway could do with a faster client shows in the processor time of a call.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import streams
from bench.bare import Bare
from bench.gateway import KEY, cpu_s, on_cores, resident_mb, until_up
from bench.load import Load, request, run
from bench.ours import Gesso
from bench.peers import PEERS
from bench.site import (
    CHAT,
    CONNECTIONS,
    GATEWAY_CORE,
    HELD,
    PLAIN,
    STREAM,
    Gateway,
    Site,
    upstream,
)

ROUNDS, SECONDS, STREAMS = 3, 4.0, 300
Row = dict[str, Any]


@dataclass
class _Runner:
    """A gateway that is up, and what it did in each round."""

    gateway: Gateway
    site: Site
    pid: int
    loads: list[Load] = field(default_factory=list)
    cpu_s: float = 0.0
    resident_mb: float = 0.0

    def measure(self, seconds: float) -> None:
        """Load it for a while and keep what that showed."""
        sent = self.gateway.chat(self.site, PLAIN)
        used = cpu_s(self.pid)
        self.loads.append(
            run(self.site.port, lambda: sent, connections=CONNECTIONS, seconds=seconds)
        )
        self.cpu_s += cpu_s(self.pid) - used
        self.resident_mb = max(self.resident_mb, resident_mb(self.pid))

    @property
    def middle(self) -> Load:
        """The round in the middle by speed."""
        return sorted(self.loads, key=lambda load: load.rate)[len(self.loads) // 2]

    @property
    def cpu_ms(self) -> float:
        """Processor time of a call over all rounds."""
        return self.cpu_s * 1000 / sum(load.requests for load in self.loads)


def relay(free_port: Callable[[], int], open_streams: int) -> Iterator[Row]:
    """Yield calls a second, their cost, the first byte and open streams, of gesso and each peer."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        port = stack.enter_context(upstream(free_port(), open_streams))
        there = []
        gateways: tuple[Gateway, ...] = (Gesso(), Bare(), *PEERS)
        for gateway in gateways:
            if gateway.program():
                site = Site(Path(name) / gateway.name, free_port(), port)
                there.append(start(stack, gateway, site))
            else:
                yield {"figure": f"chat, {gateway.name}", "missing": gateway.missing}
        sent = request("POST", CHAT, KEY, PLAIN)
        limit = run(port, lambda: sent, connections=CONNECTIONS, seconds=SECONDS).rate
        # In turn, so that all see the same moods of the machine.
        for _ in range(ROUNDS):
            for runner in there:
                runner.measure(SECONDS)
        yield from (_speed(runner, limit) for runner in there)
        yield from (_ratios(there[0], peer) for peer in there[1:])
        yield from (_first_bytes(runner) for runner in there)
        yield from (_open_streams(runner, open_streams) for runner in there)


def start(stack: ExitStack, gateway: Gateway, site: Site) -> _Runner:
    """Start a gateway on the core that is kept for gateways, and warm it up."""
    site.folder.mkdir()
    with on_cores(GATEWAY_CORE):
        popen = stack.enter_context(gateway.started(site))
    until_up(site.port, gateway.health)
    sent = gateway.chat(site, PLAIN)
    warm = run(site.port, lambda: sent, connections=CONNECTIONS, seconds=1.5)
    if warm.errors:
        raise RuntimeError(f"{gateway.name} refuses {warm.errors} of {warm.requests} calls")
    return _Runner(gateway, site, popen.pid)


def _speed(runner: _Runner, limit: float) -> Row:
    load = runner.middle
    return {
        "figure": f"chat, {runner.gateway.name} ({runner.gateway.about})",
        "per second": round(load.rate),
        "p50 ms": round(load.p50_ms, 1),
        "p99 ms": round(load.p99_ms, 1),
        "errors": sum(one.errors for one in runner.loads),
        "cpu ms each": round(runner.cpu_ms, 3),
        # Below 1 the client was the slower one, and the processor time tells more.
        "core busy": round(runner.cpu_s / sum(one.seconds for one in runner.loads), 2),
        "MB at load": round(runner.resident_mb),
        "of the raw limit": round(load.rate / limit, 3),
    }


def _ratios(ours: _Runner, peer: _Runner) -> Row:
    return {
        "figure": f"gesso against {peer.gateway.name}",
        "times its calls": round(ours.middle.rate / peer.middle.rate, 3),
        "times its calls per cpu second": round(peer.cpu_ms / ours.cpu_ms, 3),
    }


def _first_bytes(runner: _Runner) -> Row:
    site = runner.site
    asked = {
        site.upstream: request("POST", CHAT, KEY, STREAM),
        site.port: runner.gateway.chat(site, STREAM),
    }
    name = f"first byte of a stream, one caller, {runner.gateway.name}"
    try:
        found = asyncio.run(_first_tokens(asked))
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError) as error:
        # A peer may fail at what it promises; the others are measured all the same.
        return {"figure": name, "failed": str(error) or type(error).__name__}
    raw, through = found[site.upstream] * 1000, found[site.port] * 1000
    return {
        "figure": name,
        "raw ms": round(raw, 2),
        "relayed ms": round(through, 2),
        "added ms": round(through - raw, 2),
    }


async def _first_tokens(asked: dict[int, bytes]) -> dict[int, float]:
    """Return the median seconds of each port, asked in turn so that all see the same machine.

    Raises ConnectionError, TimeoutError or IncompleteReadError when a stream is none.
    """
    times: dict[int, list[float]] = {port: [] for port in asked}
    lines = {port: await asyncio.open_connection("127.0.0.1", port) for port in asked}
    for _ in range(STREAMS):
        for port, (reader, writer) in lines.items():
            async with asyncio.timeout(10):
                started = time.perf_counter()
                writer.write(asked[port])
                await streams.first_word(reader)
                times[port].append(time.perf_counter() - started)
                await reader.readuntil(b"0\r\n\r\n")
    for _, writer in lines.values():
        writer.close()
    return {port: statistics.median(found) for port, found in times.items()}


def _open_streams(runner: _Runner, count: int) -> Row:
    before = resident_mb(runner.pid)
    sent = runner.gateway.chat(runner.site, HELD)
    started = time.perf_counter()
    held = asyncio.run(streams.held(runner.site.port, sent, count, lambda: resident_mb(runner.pid)))
    return {
        "figure": f"open chat streams, {runner.gateway.name}",
        "asked": count,
        "open": held.opened,
        "MB": round(held.measured),
        "MB before": round(before),
        "seconds": round(time.perf_counter() - started, 1),
        **({"first failure": held.failure} if held.failure else {}),
    }
