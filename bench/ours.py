"""gesso as one of the gateways that are measured."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.gateway import KEY, environment, gesso, process
from bench.load import request
from bench.site import CHAT, Site
from gesso.domain.channel import Channel
from gesso.services import administer
from gesso.storage.database import open_database

_PLENTY = str(10**9)


class Gesso:
    """The gateway of this repository, with a key that has every limit."""

    name, about = "gesso", "key, all limits and exact accounting on; SQLite"
    missing, health = "", "/healthz"

    def __init__(self) -> None:
        self.key = KEY

    def program(self) -> str:
        """Return what to run."""
        return sys.executable

    def chat(self, site: Site, body: bytes) -> bytes:
        """Return the request of a chat call."""
        return request("POST", CHAT, self.key, body)

    @contextmanager
    def started(self, site: Site) -> Iterator[subprocess.Popen[bytes]]:
        """Run it while the block lasts."""
        env = environment(site.folder, site.port, "") | {"GESSO_WORKER_INSIDE": "0"}
        gesso(env, "migrate")
        asyncio.run(_add_channel(site))
        words = ["key", "create", "--rate", _PLENTY, "--requests-per-minute", _PLENTY]
        words += ["--tokens-per-minute", str(10**12), "--open-calls", "100000"]
        words += ["--spend-per-day", "900000", "--spend-per-month", "900000"]
        self.key = next(w for w in gesso(env, *words).split() if w.startswith("sk-"))
        with process(env, "serve") as popen:
            yield popen


async def _add_channel(site: Site) -> None:
    database = open_database("", site.folder)
    channel = Channel(
        "ch_bench", "bench", "openai", base_url=f"http://127.0.0.1:{site.upstream}/v1",
        options={"api_key": "up"},
    )  # fmt: skip
    await administer.create_channel(database, channel)
    await database.close()
