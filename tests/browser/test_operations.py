"""What operators do, and what strangers write: it is done, and shown as text."""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import expect

from tests.browser import openapi
from tests.browser.visit import Visit, Visitor
from tests.client import Client
from tests.conftest import ADMIN
from tests.upstream import running_upstream

pytestmark = pytest.mark.anyio
HOSTILE = """'"><img src=x onerror=window.hurt=1><script>window.hurt=1</script>"""
ROOT = "/admin/api/v1"


async def test_the_snapshot_of_the_api_is_not_stale() -> None:
    assert openapi.SNAPSHOT.read_text() == await openapi.describe(), "run `make types`"


async def test_what_strangers_write_stays_text(visitor: Visitor) -> None:
    account, key = await visitor.new_account()
    mark = f"{HOSTILE} {uuid.uuid4()}"
    async with running_upstream() as upstream, Client(visitor.base, ADMIN) as admin:
        upstream.script.fails = HOSTILE
        body = {"name": mark, "provider": "mjproxy", "base_url": upstream.url, "remark": HOSTILE}
        channel = (await admin.post(f"{ROOT}/channels", body))["id"]
        async with Client(visitor.base, key) as client:
            chosen = {"accountFilter": {"instanceId": channel}}
            failed = await client.until(await client.imagine("refused", **chosen))
            assert failed["failReason"] == HOSTILE
            await admin.call("PATCH", f"{ROOT}/channels/{channel}", {"enabled": False})
            task = await client.until(
                await client.imagine(f"{HOSTILE} --sandbox blank", state=mark)
            )
        await admin.post(f"{ROOT}/keys", {"account": account, "name": mark})
        await admin.post(f"{ROOT}/accounts", {"name": mark})
        user = {"name": mark, "role": "viewer", "account": account, "password": "long enough"}
        await admin.post(f"{ROOT}/users", user)
        money = {"amount": {"usd": "1"}, "reason": mark, "reference": str(uuid.uuid4())}
        await admin.post(f"{ROOT}/accounts/{account}/adjust", money)
        await admin.post(f"{ROOT}/words", {"word": mark})
    own = await visitor.enter(key)
    await expect(own.page.locator("article .task-prompt").first).to_contain_text(HOSTILE)
    await expect(own.page.locator("article .notice.bad")).to_contain_text(HOSTILE)
    await own.go(f"/gallery?task={task['id']}")
    await expect(own.page.locator("dialog dd", has_text=mark)).to_have_text(mark)
    visit = await visitor.enter(ADMIN)
    await visit.go("/operations/audit")
    for name in ("audit", "channels", "accounts", "users", "ledger", "words", "queue"):
        if name != "audit":
            await visit.turn(f"/operations/{name}")
        shown = visit.page.get_by_text(mark).locator("visible=true")
        await expect(shown.first).to_be_visible()
    for page in (own.page, visit.page):
        assert await page.evaluate("window.hurt") is None
        assert await page.locator("img[src=x]").count() == 0


async def test_a_key_is_shown_once_and_works(visit: Visit, visitor: Visitor) -> None:
    name = f"shop {uuid.uuid4()}"
    await visit.go("/operations/accounts")
    await visit.button("Keys").click()
    await visit.button("New key").click()
    await visit.page.get_by_role("dialog").get_by_label("Name").fill(name)
    await visit.button("Create").click()
    secret = await visit.page.locator(".secret").inner_text()
    assert secret.startswith("sk-")
    await visit.button("I have it").click()
    row = visit.page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("Member")
    assert secret not in await visit.page.content()
    await row.get_by_role("button", name="Revoke").click()
    await visit.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(row).to_contain_text("revoked")
    async with Client(visitor.base, secret) as client:
        assert (await client.call("GET", "/mj/task/list")).status == 401


async def test_money_is_exact(visit: Visit, visitor: Visitor) -> None:
    account, _ = await visitor.new_account("1")
    await visit.go("/operations/accounts")
    row = visit.page.get_by_role("row").filter(has_text=account)
    await row.get_by_role("button", name="Top up").click()
    await visit.page.get_by_label("Amount in US dollars").fill("0.000000001")
    await visit.button("Confirm").click()
    await expect(row).to_contain_text("$1.000000001")
    await row.get_by_role("button", name="Adjust").click()
    await visit.page.get_by_label("Amount in US dollars").fill("-1")
    await visit.page.get_by_label("Reason").fill("a mistake")
    await visit.button("Confirm").click()
    await expect(row).to_contain_text("$0.000000001")
    await visit.go("/operations/ledger")
    await expect(visit.page.get_by_text("in order")).to_be_visible()


async def test_a_price_is_changed_where_it_stands(visit: Visit) -> None:
    await visit.go("/operations/prices")
    await visit.page.get_by_label("Search").fill("swap_face-turbo")
    price = visit.page.locator("input[aria-label$='midjourney@swap_face-turbo']")
    await expect(price).to_have_value("0.10")
    await price.fill("0.25")
    await visit.button("Save").click()
    await expect(visit.button("Back to default")).to_be_visible()
    await visit.button("Back to default").click()
    await expect(price).to_have_value("0.10")


async def test_a_paused_channel_keeps_its_queue(visit: Visit, visitor: Visitor) -> None:
    name = f"spare {uuid.uuid4()}"
    await visit.go("/operations/channels")
    await visit.button("New channel").click()
    form = visit.page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Provider").select_option("sandbox")
    await form.get_by_label("paused").check()
    await visit.button("Create").click()
    await expect(visit.page.get_by_role("row").filter(has_text=name)).to_contain_text("paused")

    _, key = await visitor.new_account()
    async with Client(visitor.base, ADMIN) as client:
        found = (await client.get("/admin/api/v1/channels?limit=500"))["items"]
    channel = next(one["id"] for one in found if one["name"] == name)
    async with Client(visitor.base, key) as client:
        chosen = {"accountFilter": {"instanceId": channel}}
        await client.imagine("first in line", **chosen)
        await client.imagine("before it --turbo", **chosen)
    await visit.go("/operations/queue")
    section = visit.page.locator("section").filter(has_text=name)
    await expect(section.get_by_role("cell").first).to_contain_text("before it")
    cancels = section.get_by_role("button", name="Cancel")
    for left in (1, 0):
        await cancels.first.click()
        await expect(cancels).to_have_count(left)
    await section.get_by_role("button", name="Resume").click()
    await expect(section.get_by_role("button", name="Pause")).to_be_visible()
