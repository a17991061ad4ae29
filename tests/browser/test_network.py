"""A slow network, a broken one and a cut stream: something is always seen, and it goes on.

`python -m tests.browser.slow_walk` walks all pages over a really slow one, for people to look at.
"""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.test_pages import PAGES
from tests.browser.visit import PATIENCE_MS, SHIFTS, Visit, Visitor
from tests.client import Client
from tests.conftest import ADMIN

pytestmark = pytest.mark.anyio
#: What pages are filled from.
API = re.compile(r"/(admin/api|mj|v1|readyz|healthz|pricing\.json)\b")
#: A shape, or what is known already, be it that there is nothing.
SHAPES = ".loading, .table, .figure, .feed, .empty"
#: Layout shift that browsers call good.
STILL = 0.1


class Gate:
    """Holds the answers of a page back until it is opened."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self.shut, self.lift = self._open.clear, self._open.set

    async def stand(self, page: Page) -> None:
        await page.route(API, self._pass)

    async def _pass(self, route: Route) -> None:
        await self._open.wait()
        await route.continue_()


async def test_every_page_shows_its_shape_until_it_is_filled(visitor: Visitor) -> None:
    async with Client(visitor.base, ADMIN) as client:
        await client.until(await client.imagine("a shape --sandbox blank"))
    page = await visitor.page()
    await page.add_init_script(SHIFTS)
    await visitor.enter(ADMIN, page=page)
    gate, jumps, blank = Gate(), {}, []
    await gate.stand(page)
    for path in PAGES:
        gate.shut()
        await page.evaluate("path => history.pushState(null, '', path)", path)
        await expect(page.locator(".page h1")).to_have_count(1)
        # What another page has read already is shown at once.
        if not await page.locator(f".page :is({SHAPES})").count():
            blank.append(path)
        await page.evaluate("window.shifted = 0")
        gate.lift()
        await expect(page.locator(".loading")).to_have_count(0)
        jumps[path] = await page.evaluate("window.shifted")
    assert blank == []
    assert {path: jump for path, jump in jumps.items() if jump > STILL} == {}


async def test_a_broken_connection_is_said_and_waited_out(visitor: Visitor) -> None:
    visit = await visitor.enter(ADMIN)
    page = visit.page
    await page.context.set_offline(True)
    await expect(page.get_by_text("No connection to the gateway")).to_be_visible()
    await page.get_by_role("link", name="Audit").click()
    await expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    await expect(page.locator(".skeleton").first).to_be_visible()
    assert await visit.violations() == []
    await visit.shoot("offline")
    await page.context.set_offline(False)
    await expect(page.get_by_text("No connection to the gateway")).to_have_count(0)
    await expect(page.get_by_role("table")).to_be_visible()


async def test_an_order_is_sent_once_however_often_it_is_pressed(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key)
    heard: list[str] = []

    async def lose_the_answer(route: Route) -> None:
        heard.append(route.request.headers["idempotency-key"])
        if len(heard) == 1:
            await route.fetch()  # The gateway hears it, its answer is lost.
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await visit.page.route("**/mj/submit/imagine", lose_the_answer)
    await visit.page.get_by_label("Prompt", exact=True).fill("once --sandbox blank")
    button = visit.page.locator(".composer .primary")
    await button.dblclick()
    await visit.card(0, "done")
    assert len(heard) == 2
    assert len(set(heard)) == 1
    async with Client(visitor.base, key) as client:
        assert len(await client.get("/mj/task/list")) == 1


async def test_a_stream_that_was_cut_is_opened_again(visit: Visit) -> None:
    opened: list[str] = []
    again = asyncio.Event()

    async def cut_first(route: Route) -> None:
        opened.append(route.request.url)
        if len(opened) == 1:
            await route.abort()
        else:
            await route.continue_()
            again.set()

    await visit.page.route(re.compile(r"/mj/task/[^/]+/events"), cut_first)
    await visit.imagine("a long one --sandbox slow:15")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await again.wait()
    assert opened[0] == opened[1]
    await visit.page.locator("article.task").first.get_by_role("button", name="Cancel").click()
    await visit.card(0, "cancelled")
