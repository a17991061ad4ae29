"""What is the same for every gateway that is measured: its place, its core and its upstream."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.gateway import on_cores, running, until_up

CHAT = "/v1/chat/completions"
PLAIN = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}],"max_tokens":64}'
STREAM = PLAIN[:-1] + b',"stream":true}'
#: The upstream says one word of the answer and stays silent.
HELD = STREAM[:-1] + b',"user":"hold"}'
CONNECTIONS = 64

_ALL = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
#: One for the gateway that is measured, the others for the client and the upstream.
GATEWAY_CORE, OTHER_CORES = set(_ALL[:1]), set(_ALL[1:])


@dataclass(frozen=True)
class Site:
    """Where a gateway is to listen, what is behind it, and a directory of its own."""

    folder: Path
    port: int
    upstream: int


class Gateway(Protocol):
    """One that can be measured."""

    name: str
    about: str  #: Version, and what it does beside passing calls on.
    missing: str  #: How to get it.
    health: str  #: A path that answers anything once it is up.

    def program(self) -> str | None:
        """Return what to run, or None where it is missing."""

    def chat(self, site: Site, body: bytes) -> bytes:
        """Return the request of a chat call."""

    def started(self, site: Site) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Run it while the block lasts."""


@contextmanager
def upstream(port: int, streams: int = 0) -> Iterator[int]:
    """Run the upstream, and keep this thread beside it, off the gateways' core; gives its port.

    Also lets what is started meanwhile open as many files as `streams` need.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A gateway needs two for every stream.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * streams + 1000)), hard))
    command = [sys.executable, "-m", "bench.models", str(port)]
    with on_cores(OTHER_CORES), running(command, dict(os.environ)):
        until_up(port)
        yield port
