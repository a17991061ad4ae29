"""Looking at the console as a person does: by roles, labels and what is shown."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.client import Client
from tests.conftest import ADMIN

AXE = Path(__file__).parents[2] / "console/node_modules/axe-core/axe.min.js"
#: Pictures of every page, written by the tests; git ignores them.
SHOTS = Path(__file__).parent / "shots"
#: The states of a task that takes a while on a busy machine, in milliseconds.
PATIENCE_MS = 20_000
# The library's own 5 s are over sooner than a page is drawn where other tests use the cores.
expect.set_options(timeout=PATIENCE_MS)
WIDE, PHONE = (1440, 900), (390, 844)
_BAD = {"serious", "critical"}
_ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: What differs between themes and widths; all else is the same page.
_LOOKS = ["color-contrast", "target-size", "scrollable-region-focusable", "aria-hidden-focus"]

#: Sums how much a page jumps by itself, as browsers measure it.
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
"""


@dataclass
class Visit:
    """One page of somebody who is logged in."""

    page: Page
    base: str

    async def go(self, path: str) -> None:
        """Open a page of the console and wait until it has what it shows."""
        await self.page.goto(self.base + path)
        await self.page.locator(".page").wait_for()
        await expect(self.page.locator(".loading")).to_have_count(0)

    async def turn(self, path: str) -> None:
        """Change to another page of the console without loading it anew."""
        before = await self.page.title()
        await self.page.evaluate("path => history.pushState(null, '', path)", path)
        await self.page.wait_for_function("title => document.title !== title", arg=before)
        await expect(self.page.locator(".loading")).to_have_count(0)

    def button(self, name: str, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    async def card(self, number: int, status: str) -> Locator:
        """Return the card at this place once it has this status."""
        card = self.page.locator("article.task").nth(number)
        wanted = card.locator(".badge", has_text=status)
        await wanted.first.wait_for(timeout=PATIENCE_MS)
        return card

    async def imagine(self, prompt: str) -> None:
        await self.page.get_by_label("Prompt", exact=True).fill(prompt)
        await self.page.locator(".composer .primary").click()

    async def shoot(self, name: str) -> None:
        """Keep what is seen, for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{name}.jpg", type="jpeg", quality=70)

    async def violations(self, *, looks: bool = False) -> list[str]:
        """Return what axe finds that keeps people out, in a line each."""
        only = {"type": "rule", "values": _LOOKS} if looks else {"type": "tag", "values": _ALL}
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        found: Any = await self.page.evaluate(
            "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only
        )
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in _BAD
        ]


@dataclass
class Visitor:
    """Opens pages in fresh contexts and keeps what went wrong in them."""

    browser: Browser
    base: str
    faults: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def page(
        self,
        size: tuple[int, int] = WIDE,
        theme: Literal["light", "dark"] = "light",
        language: str = "en-GB",
        touch: bool = False,
    ) -> Page:
        """Return an empty page."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            locale=language,
            reduced_motion="reduce",
            has_touch=touch,
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._listen(message.text))
        return page

    def _listen(self, text: str) -> None:
        if "Content Security Policy" in text or "React" in text:
            self.faults.append(text)

    async def enter(self, key: str, page: Page | None = None, **options: Any) -> Visit:
        """Log in through the door and return the page behind it."""
        page = page or await self.page(**options)
        await page.goto(self.base)
        await page.locator("form input").fill(key)
        await page.locator("form .primary").click()
        await page.locator(".shell").wait_for()
        return Visit(page, self.base)

    async def new_account(self, usd: str = "5") -> tuple[str, str]:
        """Create an account with money; return its id and the key of a member of it."""
        async with Client(self.base, ADMIN) as client:
            root = "/admin/api/v1"
            account = await client.post(f"{root}/accounts", {"name": f"visit {uuid.uuid4()}"})
            await client.post(f"{root}/accounts/{account['id']}/top-up", {"amount": {"usd": usd}})
            made = await client.post(f"{root}/keys", {"account": account["id"], "name": "visit"})
        return account["id"], made["secret"]

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()
