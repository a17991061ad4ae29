"""Gateway processes under measurement, each in a directory and a database of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
    """Run a command of gesso while the block lasts."""
    with running([*GESSO, *words], env) as popen:
        yield popen


@contextmanager
def running(command: Sequence[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run any program while the block lasts, silently."""
    quiet = subprocess.DEVNULL
    popen = subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        yield popen
    finally:
        # The program may have children; they are all of its session.
        with suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on some cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def until_up(port: int, path: str = "/healthz", limit_s: float = 60) -> float:
    """Wait for the first answer of HTTP and return how many seconds it took.

    Any status will do: not every gateway has a path that answers 200 to everybody.
    """
    started = time.perf_counter()
    while time.perf_counter() - started < limit_s:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1):
                return time.perf_counter() - started
        except urllib.error.HTTPError:
            return time.perf_counter() - started
        except OSError:
            time.sleep(0.005)
    raise TimeoutError("the gateway did not answer")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process and its children; shared pages count in each."""
    return sum(_resident_kb(one) for one in _family(pid)) / 1024


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process and its children have used so far."""
    return sum(_ticks(one) for one in _family(pid)) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end while the list is read.
        with suppress(OSError):
            parent = int(_after_name(stat)[1])
            parents.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _after_name(stat: Path) -> list[str]:
    return stat.read_text().rpartition(")")[2].split()


def _ticks(pid: int) -> int:
    with suppress(OSError):
        after = _after_name(Path(f"/proc/{pid}/stat"))
        return int(after[11]) + int(after[12])
    return 0


def _resident_kb(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
