"""The playground: an answer as it is written, its pictures, and what it cost."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.visit import PATIENCE_MS, PHONE, Visit, Visitor
from tests.client import Client
from tests.conftest import ADMIN
from tests.models import Models, running_models

pytestmark = pytest.mark.anyio
#: 60 fresh, 40 cached and 50 written tokens of gpt-4o-mini.
COST = "cost $0.000042"
HOSTILE = (
    "<img src=x onerror=window.hurt=1>", "\n![x](javascript:window.hurt=1)",
    "\n[press](javascript:window.hurt=1)\n", "![far](https://far.example/a.png)",
)  # fmt: skip


async def say(visit: Visit, text: str) -> None:
    await visit.page.get_by_label("Message", exact=True).fill(text)
    await visit.page.keyboard.press("Enter")


async def add_channel(visitor: Visitor, models: Models) -> str:
    body = {
        "name": "models", "provider": "openai", "base_url": f"{models.url}/v1",
        "options": {"api_key": "up-1", "models": "gpt-4o-mini"},
    }  # fmt: skip
    async with Client(visitor.base, ADMIN) as admin:
        return str((await admin.post("/admin/api/v1/channels", body))["id"])


async def remove_channel(visitor: Visitor, channel: str) -> None:
    async with Client(visitor.base, ADMIN) as admin:
        await admin.call("PATCH", f"/admin/api/v1/channels/{channel}", {"enabled": False})
        await admin.call("DELETE", f"/admin/api/v1/channels/{channel}")


async def test_pictures_by_chat_with_their_cost(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key, size=PHONE)
    await visit.go("/chat")
    await expect(visit.page.get_by_label("Model", exact=True)).to_have_value("midjourney")
    await say(visit, "a paper boat --fast")
    answers = visit.page.locator(".said:not(.mine)")
    picture = answers.nth(0).locator("img")
    await picture.wait_for(timeout=PATIENCE_MS)
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("one => one.naturalWidth") > 0
    await expect(answers.nth(0)).to_contain_text("cost $0.05504")
    await say(visit, "upscale 2")
    await expect(answers.nth(1)).to_contain_text("cost $0.", timeout=PATIENCE_MS)
    assert await visit.violations() == []
    async with Client(visitor.base, key) as client:
        actions = [one["action"] for one in await client.get("/mj/task/list")]
    assert actions == ["UPSCALE", "IMAGINE"]


async def test_a_relayed_answer_is_shown_as_it_comes_and_only_as_text(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    async with running_models() as models:
        channel = await add_channel(visitor, models)
        try:
            models.script.words = HOSTILE
            models.script.gate = asyncio.Event()
            visit = await visitor.enter(key)
            await visit.go("/chat")
            await visit.page.get_by_label("Model", exact=True).select_option("gpt-4o-mini")
            await say(visit, "hello")
            answer = visit.page.locator(".said:not(.mine)")
            await expect(answer).to_have_attribute("aria-busy", "true")
            await expect(answer).to_contain_text(HOSTILE[0])
            models.script.gate.set()
            await expect(answer).to_contain_text(COST)
            await expect(answer).to_contain_text("150 tokens")
            await expect(answer.get_by_role("link", name="far")).to_have_attribute(
                "href", "https://far.example/a.png"
            )
            assert await answer.locator("img, a[href^=javascript]").count() == 0
            assert await visit.page.evaluate("window.hurt") is None

            models.script.gate = asyncio.Event()
            await say(visit, "again")
            await expect(answer.nth(1)).to_contain_text(HOSTILE[0])
            await visit.button("Stop").click()
            await expect(answer.nth(1)).to_contain_text("stopped")
            await asyncio.wait_for(models.left.wait(), 10)
        finally:
            await remove_channel(visitor, channel)
