"""A real gateway in a process of its own, and a real browser that looks at it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.visit import Visit, Visitor
from tests.conftest import ADMIN, free_port

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SETTINGS = {
    "GESSO_ADMIN_KEY": ADMIN,
    "GESSO_SANDBOX_PAINT_S": "0.2",
    "GESSO_SANDBOX_PIXELS": "36864",
    "GESSO_SANDBOX_VIDEO_S": "0.5",
    "GESSO_CALLBACK_PRIVATE": "127.0.0.0/8",
    "GESSO_UPSTREAM_RETRY_S": "0.05",
}
START_S, STOP_S = 20.0, 5.0
_PR_SET_PDEATHSIG = 1


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def _die_with_parent() -> None:
    """Let the kernel end the gateway when this process is killed: nobody else would (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the gateway, also one that has streams open or does not listen any more."""
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def serving_console(folder: Path, **settings: str) -> Iterator[str]:
    """Run `gesso serve` with the console that was built while the block lasts; gives its URL."""
    if not (ROOT / "src/gesso/console/index.html").exists():
        pytest.fail("the console is not built: run `make console`")
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gesso", "serve", "--port", url.rpartition(":")[2]]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GESSO_")}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")],
            env=kept | SETTINGS | settings, stdout=log, stderr=log, preexec_fn=_die_with_parent,
        )  # fmt: skip
        try:
            until = time.monotonic() + START_S
            while not _answers(url):
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, "the gateway does not start"
                time.sleep(0.05)
            yield url
        finally:
            _stop(server)


@pytest.fixture(scope="session")
def gateway_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the gateway that most tests share."""
    with serving_console(tmp_path_factory.mktemp("console")) as url:
        yield url


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(
            f"there is no browser at {CHROMIUM}: apt-get install -y chromium, or name one in "
            "CHROMIUM"
        )
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield opened
        finally:
            await opened.close()


@pytest.fixture
async def visitor(browser: Browser, gateway_url: str) -> AsyncIterator[Visitor]:
    """Opens pages; at the end no page may have broken or asked for what the policy forbids."""
    made = Visitor(browser, gateway_url)
    try:
        yield made
    finally:
        await made.close()
    assert made.faults == []


@pytest.fixture
async def visit(visitor: Visitor) -> Visit:
    """A page of an administrator on a wide screen."""
    return await visitor.enter(ADMIN)
