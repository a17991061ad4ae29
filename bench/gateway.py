"""Gateway processes under measurement, each in a directory and a database of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY = "sk-bench-" + secrets.token_hex(16)
GESSO = (sys.executable, "-m", "gesso")


def environment(data_dir: Path, port: int, database_url: str) -> dict[str, str]:
    """Return the environment of a gateway with plenty of money."""
    # A gateway keeps its compiled files; without them its start would measure the compiler.
    dropped = ("GESSO_", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return kept | {
        "GESSO_DATA_DIR": str(data_dir),
        "GESSO_PORT": str(port),
        "GESSO_DATABASE_URL": database_url,
        "GESSO_ADMIN_KEY": KEY,
        "GESSO_FREE_BALANCE": "1000000",
        "GESSO_WORKER_TASKS": "1024",
    }


def gesso(env: dict[str, str], *words: str) -> str:
    """Run a command to its end."""
    done = subprocess.run([*GESSO, *words], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def process(env: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command while the block lasts."""
    popen = subprocess.Popen([*GESSO, *words], env=env, stdout=subprocess.DEVNULL)
    try:
        yield popen
    finally:
        popen.kill()
        popen.wait()


def until_up(port: int) -> float:
    """Wait for the first 200 and return how many seconds it took."""
    started = time.perf_counter()
    while time.perf_counter() - started < 60:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return time.perf_counter() - started
        except OSError:
            time.sleep(0.005)
    raise TimeoutError("the gateway did not answer")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used so far."""
    after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")
