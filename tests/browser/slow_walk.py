"""Walk every page over a slow network on a slow machine, for people to look at.

    python -m tests.browser.slow_walk URL KEY [FOLDER]

Each page is loaded anew with 400 ms of latency, 50 kB a second and a fourth of the processor.
Pictures are taken while it loads; a line says when something was first seen, when the page had
what it shows, and how much it jumped meanwhile (layout shift: up to 0.1 counts as still).
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

from playwright.async_api import CDPSession, Error, Page, async_playwright, expect

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.visit import PHONE, SHIFTS, SHOTS, WIDE

LATENCY_MS, BYTES_PER_S, SLOWER = 400, 50_000, 4
#: When pictures are taken, in seconds after the address was entered.
MOMENTS_S = (0.6, 1.2, 2.4, 4.0)
PAGES = (
    "/", "/gallery", "/chat", "/prices", "/account", "/operations/queue", "/operations/channels",
    "/operations/deliveries", "/operations/health", "/operations/accounts", "/operations/prices",
    "/operations/usage", "/operations/ledger", "/operations/start", "/operations/users",
    "/operations/audit", "/operations/words", "/operations/settings",
)  # fmt: skip


async def slow_down(session: CDPSession) -> None:
    """Make the network and the processor of this page slow."""
    await session.send("Network.enable")
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_S,
            "uploadThroughput": BYTES_PER_S,
        },
    )
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


async def walk(page: Page, url: str, folder: Path, name: str) -> str:
    """Load one page anew; return what was seen and when, in a line."""
    start = time.monotonic()
    loading = asyncio.create_task(page.goto(url, wait_until="commit"))
    for moment in MOMENTS_S:
        await asyncio.sleep(max(0.0, start + moment - time.monotonic()))
        # A page between two documents has no picture.
        with suppress(Error):
            await page.screenshot(path=folder / f"{name}-{moment}s.png")
    await loading
    await expect(page.locator(".page h1")).to_be_attached(timeout=30_000)
    await expect(page.locator(".loading")).to_have_count(0, timeout=30_000)
    ready = time.monotonic() - start
    painted = await page.evaluate("performance.getEntriesByName('first-paint')[0]?.startTime ?? -1")
    shift = await page.evaluate("window.shifted")
    return f"{name:24} seen {painted / 1000:5.2f} s  ready {ready:5.2f} s  shift {shift:.3f}"


async def main(url: str, key: str, folder: Path) -> None:
    """Walk on a wide screen, then on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width, height in (WIDE, PHONE):
            context = await browser.new_context(viewport={"width": width, "height": height})
            page = await context.new_page()
            await page.goto(url)
            await page.locator("form input").fill(key)
            await page.locator("form .primary").click()
            await page.locator(".shell main h1").wait_for(state="attached")
            await page.add_init_script(SHIFTS)
            session = await context.new_cdp_session(page)
            await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
            await slow_down(session)
            for path in PAGES:
                name = f"{width}-{path.strip('/').replace('/', '-') or 'studio'}"
                print(await walk(page, url + path, folder, name), flush=True)
            await context.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else SHOTS / "slow")
    )
