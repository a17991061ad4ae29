"""The gallery: found again by what it was, with its family, its receipt and its seed."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.visit import PATIENCE_MS, Visitor
from tests.client import Client

pytestmark = pytest.mark.anyio


async def test_filters_family_receipt_and_the_same_again(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    async with Client(visitor.base, key) as client:
        await client.until(await client.imagine("a red door --v 6.1 --sandbox blank"))
        grid = await client.until(await client.imagine("a blue hill --v 7 --seed 77"))
        body = {"taskId": grid["id"], "customId": grid["buttons"][1]["customId"]}
        upscaled = (await client.post("/mj/submit/action", body))["result"]
        await client.until(upscaled)
    visit = await visitor.enter(key)
    await visit.go("/gallery")
    page, cells = visit.page, visit.page.locator("button.cell")
    await expect(cells).to_have_count(3)
    await page.get_by_label("Text of the prompt").fill("blue")
    await expect(cells).to_have_count(2)
    await page.get_by_label("Text of the prompt").fill("")
    await page.get_by_label("Version").select_option("--v 6")
    await expect(cells).to_have_count(1)
    await page.get_by_label("Version").select_option("")
    await page.get_by_label("To", exact=True).fill("2020-01-01")
    await expect(page.get_by_text("No picture fits")).to_be_visible()
    await visit.button("Clear").click()
    await page.get_by_label("From", exact=True).fill("2020-01-01")
    await page.get_by_label("Action", exact=True).select_option("UPSCALE")
    await expect(cells).to_have_count(1)

    await cells.first.click()
    dialog = page.get_by_role("dialog")
    family = dialog.get_by_role("region", name="Its family").get_by_role("button")
    await expect(family).to_have_count(2)
    await expect(family.nth(1)).to_have_attribute("aria-current", "true")
    receipt = dialog.get_by_role("region", name="Receipt")
    await expect(receipt.get_by_role("listitem")).to_have_count(2)
    await expect(receipt).to_contain_text("midjourney@upscale-fast")
    assert await visit.violations() == []
    await family.nth(0).click()
    await expect(dialog).to_contain_text("77")
    await dialog.get_by_role("button", name="Same seed again").click()
    async with Client(visitor.base, key) as client:
        await expect(page.locator(".toast")).to_contain_text("Started", timeout=PATIENCE_MS)
        again = (await client.get("/mj/task/list"))[0]
    assert (again["action"], again["id"] != grid["id"]) == ("IMAGINE", True)
    assert "--seed 77" in again["promptEn"]
