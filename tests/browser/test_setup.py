"""Setting a gateway up and running it: first steps, prices, channels, webhooks, settings."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import serving_console
from tests.browser.visit import Visit, Visitor
from tests.client import Client
from tests.conftest import ADMIN
from tests.receiver import running_receiver

pytestmark = pytest.mark.anyio
ROOT = "/admin/api/v1"


async def test_a_first_run_and_a_public_price_list(browser: Browser, tmp_path: Path) -> None:
    with serving_console(tmp_path, GESSO_PUBLIC_PRICES="1") as url:
        visitor = Visitor(browser, url)
        try:
            page = await visitor.page()
            await page.goto(f"{url}/prices")
            row = page.get_by_role("row").filter(has_text="Blend")
            await expect(row).to_contain_text("$0.05504")
            await page.get_by_role("link", name="Log in").click()
            await first_run(await visitor.enter(ADMIN, page=page))
        finally:
            await visitor.close()
        assert visitor.faults == []


async def first_run(visit: Visit) -> None:
    """Go through every step, from the hint in the studio to the first picture."""
    page = visit.page
    await page.get_by_role("link", name="Set this gateway up").click()
    steps = page.locator(".step")
    await expect(steps.get_by_text("done")).to_have_count(0)
    await steps.nth(0).get_by_label("Name").fill("boss")
    await steps.nth(0).get_by_label("Password").fill("long enough for this")
    await visit.button("Create the user").click()
    await visit.button("New channel").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("backend")
    await form.get_by_label("Provider").select_option("mjproxy")
    await form.get_by_label("Address").fill("http://127.0.0.1:9")
    await form.get_by_label("Enabled").uncheck()
    await visit.button("Create").click()
    await visit.button("New key").click()
    await form.get_by_label("Name").fill("program")
    await visit.button("Create").click()
    assert (await page.locator(".secret").inner_text()).startswith("sk-")
    await visit.button("I have it").click()
    await expect(steps.get_by_text("done")).to_have_count(3)
    await steps.nth(3).get_by_role("link", name="Studio").click()
    await visit.imagine("a first picture --sandbox blank")
    await visit.card(0, "done")
    await visit.go("/operations/start")
    await expect(steps.get_by_text("done")).to_have_count(4)
    async with Client(visit.base, "") as client:
        made = await client.post(
            f"{ROOT}/login", {"name": "boss", "password": "long enough for this"}
        )
    assert made["key"]["role"] == "admin"


async def test_what_other_prices_would_have_brought(visit: Visit, visitor: Visitor) -> None:
    async with Client(visitor.base, ADMIN) as client:
        await client.until(await client.imagine("a week --fast --sandbox blank"))
        paid = (await client.get(f"{ROOT}/usage?by=action"))["items"]
    assert paid
    await visit.go("/operations/prices")
    await visit.button("Simulate prices").click()
    card = visit.page.get_by_role("region", name="Simulate prices")
    await card.get_by_label("Would be ($)").fill("7")
    await card.get_by_role("button", name="Compute").click()
    row = card.get_by_role("row").filter(has_text="midjourney@imagine-fast")
    sold = int(await row.get_by_role("cell").nth(1).locator("div").inner_text())
    await expect(row).to_contain_text(f"${sold * 7}.00")
    assert await visit.violations() == []
    async with Client(visitor.base, ADMIN) as client:
        unchanged = await client.get(f"{ROOT}/prices?changed=true")
    assert all(one["key"] != "midjourney@imagine-fast" for one in unchanged["items"])


async def test_a_channel_shows_how_it_did_and_is_tested(visit: Visit, visitor: Visitor) -> None:
    async with Client(visitor.base, ADMIN) as client:
        await client.until(await client.imagine("good --sandbox blank"))
        await client.until(await client.imagine("bad --sandbox fail:banned"))
    await visit.go("/operations/channels")
    await visit.button("sandbox").click()
    dialog = visit.page.get_by_role("dialog")
    await expect(dialog.get_by_role("img", name="Outcomes")).to_be_visible()
    await expect(dialog.locator(".chart-bars .bad").first).to_be_attached()
    await visit.button("Test the backend").click()
    await expect(dialog.get_by_role("status")).to_have_text("It would work.")
    for span in ("7 days", "30 days"):
        await visit.button(span).click()
        await expect(dialog.get_by_role("img", name="Run time")).to_be_visible()
    assert await visit.violations() == []


async def test_a_channel_that_rests_says_why(visit: Visit, visitor: Visitor) -> None:
    hostile = "<img src=x onerror=window.hurt=1>"
    name = f"broken {hostile} {uuid.uuid4()}"
    async with Client(visitor.base, ADMIN) as client:
        body = {"name": name, "provider": "mjproxy", "base_url": "http://127.0.0.1:9/"}
        channel = (await client.post(f"{ROOT}/channels", body | {"remark": hostile}))["id"]
        filter_ = {"accountFilter": {"instanceId": channel}}
        for number in range(5):
            await client.imagine(f"lost {number}", **filter_)
        async with asyncio.timeout(20):
            while not (found := await client.get(f"{ROOT}/channels/{channel}"))["broken_until"]:
                await asyncio.sleep(0.05)
    await visit.go("/operations/channels")
    row = visit.page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("rests until")
    await row.get_by_role("button", name=name).click()
    await expect(visit.page.get_by_role("dialog")).to_contain_text(found["broken_reason"])
    await visit.page.keyboard.press("Escape")
    await row.get_by_role("button", name="Drain").click()
    await expect(row).to_contain_text("disabled")
    assert await visit.page.evaluate("window.hurt") is None


async def until_all_are_sent(base: str, task_id: str) -> None:
    async with Client(base, ADMIN) as admin, asyncio.timeout(20):
        while (await admin.get(f"{ROOT}/deliveries?task={task_id}&state=waiting"))["items"]:
            await asyncio.sleep(0.05)


async def test_webhooks_are_seen_sent_again_and_signed(visit: Visit, visitor: Visitor) -> None:
    account, key = await visitor.new_account()
    async with running_receiver() as receiver, Client(visitor.base, key) as client:
        hook = f"{receiver.url}?<img src=x onerror=window.hurt=1>"
        task = await client.until(await client.imagine("a --sandbox blank", notifyHook=hook))
        # An older event is not sent again once a newer one is out: the last one must be.
        await until_all_are_sent(visitor.base, task["id"])
        await visit.go("/operations/deliveries")
        await visit.page.get_by_label("Task").first.fill(task["id"])
        # Rows of others are still there until the list has followed the filter.
        row = visit.page.get_by_role("row").filter(has_text=task["id"]).filter(has_text="sent")
        await row.first.get_by_role("button", name="Details").click()
        heard = len(receiver.heard)
        await visit.button("Send again").click()
        async with asyncio.timeout(10):
            while len(receiver.heard) == heard:
                await asyncio.sleep(0.02)
        await visit.page.keyboard.press("Escape")
        await visit.button("Send a test event").click()
        dialog = visit.page.get_by_role("dialog")
        await dialog.get_by_label("Receiver").fill(receiver.url)
        await dialog.get_by_role("button", name="Submit").click()
        await expect(dialog.get_by_role("status")).to_contain_text("Delivered: HTTP 204")
        await visit.page.keyboard.press("Escape")
    await visit.button("Signing secrets").click()
    card = visit.page.get_by_role("region", name="Signing secrets")
    await card.get_by_label("Of").select_option(account)
    await expect(card).to_contain_text("No secret of its own")
    await card.get_by_role("button", name="Draw a new secret").click()
    assert (await visit.page.locator(".secret").inner_text()).startswith("whsec_")
    await visit.button("I have it").click()
    await card.get_by_role("button", name="Draw a new secret").click()
    await visit.button("I have it").click()
    await expect(card.get_by_role("listitem")).to_have_count(2)
    await expect(card).to_contain_text("signs until")
    assert await visit.page.evaluate("window.hurt") is None


async def test_settings_are_shown_without_secrets(visit: Visit) -> None:
    await visit.go("/operations/settings")
    await visit.page.get_by_label("Changed ones only").check()
    row = visit.page.get_by_role("row").filter(has_text="GESSO_ADMIN_KEY")
    await expect(row).to_contain_text("set")
    assert ADMIN not in await visit.page.content()
    await expect(visit.page.get_by_role("row").filter(has_text="GESSO_NOTIFY_HOOK")).to_have_count(
        0
    )


async def test_strangers_do_not_read_a_price_list_that_is_not_public(visitor: Visitor) -> None:
    page = await visitor.page()
    await page.goto(f"{visitor.base}/prices")
    await expect(page.get_by_text("The price list is for customers")).to_be_visible()
    await page.get_by_role("link", name="Log in").click()
    await expect(page.get_by_label("API key")).to_be_visible()
