"""From the door to a repainted picture, as somebody does who comes for the first time."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.visit import PATIENCE_MS, Visit, Visitor
from tests.client import Client

pytestmark = pytest.mark.anyio


async def drag_over_mask(visit: Visit) -> None:
    canvas = visit.page.locator(".mask-layers canvas")
    await canvas.wait_for()
    box = await canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await visit.page.mouse.move(x, y)
    await visit.page.mouse.down()
    await visit.page.mouse.move(x + 60, y + 40, steps=4)
    await visit.page.mouse.up()


async def test_from_the_first_login_to_a_repainted_region(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    page = await visitor.page()
    await page.goto(visitor.base)
    await page.get_by_label("API key").fill("sk-wrong")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Log in").click()
    visit = Visit(page, visitor.base)

    await expect(page.get_by_text("Three steps to a first picture")).to_be_visible()
    await visit.imagine("an owl on a branch --v 7")
    await expect(page.locator("article.task")).to_have_count(1)
    grid = await visit.card(0, "done")
    await expect(grid.locator(".tiles img")).to_have_count(4)

    await grid.get_by_role("button", name="U2", exact=True).click()
    await expect(page.locator("article.task")).to_have_count(2, timeout=PATIENCE_MS)
    single = await visit.card(0, "done")
    await single.get_by_role("button", name="Vary (Region)").click()
    send = visit.button("Submit")
    await send.click()
    await expect(page.locator(".toast.fault")).to_contain_text("Paint something first")
    await drag_over_mask(visit)
    await visit.button("Undo").click()
    await expect(visit.button("Undo")).to_be_disabled()
    await visit.button("Redo").click()
    await send.click()
    await expect(page.locator("dialog")).to_have_count(0)
    repainted = await visit.card(0, "done")
    await expect(repainted).to_contain_text("Variation")
    await expect(repainted.locator(".tiles img")).to_have_count(4)

    async with Client(visitor.base, key) as client:
        newest = (await client.get("/mj/task/list"))[0]
    assert (newest["status"], newest["action"]) == ("SUCCESS", "VARIATION")
    assert "Inpaint" in newest["customId"]


async def test_flags_are_one_thing_in_text_and_controls(visit: Visit) -> None:
    prompt = visit.page.get_by_label("Prompt", exact=True)
    await prompt.fill("a fox --aspect 16:9 --no trees")
    await expect(visit.page.get_by_label("Aspect")).to_have_value("16:9")
    await visit.page.get_by_label("Aspect").select_option("3:2")
    await expect(prompt).to_have_value("a fox --ar 3:2 --no trees")
    await visit.page.get_by_label("Chaos").fill("20")
    await visit.button("Tile").click()
    await expect(prompt).to_have_value("a fox --ar 3:2 --no trees --c 20 --tile")
    await visit.page.get_by_label("Speed").select_option("turbo")
    await expect(visit.page.get_by_text("costs at most $0.10")).to_be_visible()


async def test_a_refused_prompt_is_not_lost(visit: Visit) -> None:
    await visit.imagine("a fox --ar nonsense")
    await expect(visit.page.locator(".toast.fault")).to_be_visible()
    prompt = visit.page.get_by_label("Prompt", exact=True)
    await expect(prompt).to_have_value("a fox --ar nonsense")


async def test_a_zoom_that_asks_and_a_task_that_is_cancelled(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    async with Client(visitor.base, key) as client:
        grid = await client.until(await client.imagine("a boat"))
        body = {"taskId": grid["id"], "customId": grid["buttons"][0]["customId"]}
        await client.until((await client.post("/mj/submit/action", body))["result"])
    visit = await visitor.enter(key)
    single = await visit.card(0, "done")
    await single.get_by_role("button", name="Custom Zoom").click()
    await visit.page.locator("dialog input[type=range]").fill("1.5")
    await expect(visit.page.locator("dialog textarea")).to_have_value(re.compile("--zoom 1.5$"))
    await visit.button("Submit").click()
    zoomed = await visit.card(0, "done")
    await expect(zoomed).to_contain_text("Zoom")

    await visit.imagine("a boat --sandbox slow:60")
    await visit.button("Cancel the task").click()
    await visit.card(0, "cancelled")


async def test_pictures_are_compared_and_found_again(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    async with Client(visitor.base, key) as client:
        grid = await client.until(await client.imagine("a green hill"))
        body = {"taskId": grid["id"], "customId": grid["buttons"][1]["customId"]}
        await client.until((await client.post("/mj/submit/action", body))["result"])
    visit = await visitor.enter(key)
    single = await visit.card(0, "done")
    await single.locator(".tiles button").click()
    await visit.button("Compare with the picture before").click()
    await visit.page.get_by_label("Comparison position").fill("30")
    await expect(visit.page.locator(".compare img")).to_have_count(2)
    async with visit.page.expect_download() as download:
        await visit.page.get_by_role("dialog").get_by_role("button", name="Download").click()
    assert (await download.value).suggested_filename.endswith("-1.png")
    await visit.page.keyboard.press("Escape")

    await visit.page.keyboard.press("g")
    await visit.page.keyboard.press("g")
    cells = visit.page.locator("button.cell")
    await expect(cells).to_have_count(2)
    await visit.page.get_by_label("Action", exact=True).select_option("UPSCALE")
    await expect(cells).to_have_count(1)
    await cells.first.click()
    await expect(visit.page.get_by_role("heading", name="Its family")).to_be_visible()
    assert await visit.violations() == []
