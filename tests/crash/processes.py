"""Gateway processes of crash tests: started for real, killed for real."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.client import Client

GESSO = (sys.executable, "-m", "gesso")


def environment(data_dir: Path, port: int, database_url: str, admin: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GESSO_")}
    return kept | {
        "GESSO_DATA_DIR": str(data_dir),
        "GESSO_PORT": str(port),
        "GESSO_DATABASE_URL": database_url,
        "GESSO_ADMIN_KEY": admin,
        "GESSO_FREE_BALANCE": "1000",
        "GESSO_CALLBACK_PRIVATE": "127.0.0.0/8",
        "GESSO_SANDBOX_PAINT_S": "0.2",
        "GESSO_SANDBOX_PIXELS": "4096",
        "GESSO_HEARTBEAT_S": "2",
    }


class Process:
    """One process that can be killed in the middle of anything."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self._popen = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """Kill it as a power cut would: no handler runs."""
        self._popen.send_signal(signal.SIGKILL)
        self._popen.wait()

    def stop(self) -> None:
        """Ask it to stop."""
        self._popen.terminate()
        try:
            self._popen.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(command: Sequence[str], env: dict[str, str]) -> Iterator[Process]:
    process = Process(command, env)
    try:
        yield process
    finally:
        process.kill()


def gesso(env: dict[str, str], *words: str) -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run([*GESSO, *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


async def until_up(client: Client, path: str = "/healthz", limit_s: float = 30) -> None:
    async with asyncio.timeout(limit_s):
        while True:
            try:
                await client.call("GET", path)
                return
            except Exception:
                await asyncio.sleep(0.03)
