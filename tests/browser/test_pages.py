"""Every page: for everyone to read, on every screen, in both themes, for those who may."""

from __future__ import annotations

import uuid
from typing import Literal

import pytest
from playwright.async_api import Request, expect

from tests.browser.visit import PHONE, WIDE, Visit, Visitor
from tests.client import Client
from tests.conftest import ADMIN

pytestmark = pytest.mark.anyio
OPERATIONS = (
    "start", "queue", "channels", "accounts", "users", "prices", "ledger", "deliveries", "usage",
    "audit", "words", "health", "settings",
)  # fmt: skip
PAGES = (
    "/",
    "/gallery",
    "/chat",
    "/prices",
    "/account",
    *(f"/operations/{name}" for name in OPERATIONS),
)
#: What a member finds in the navigation.
OWN = ["Studio", "Gallery", "Chat", "Price list", "Account", "API documentation"]
#: What the page must come with before it shows anything, compressed.
SHELL_BYTES = 200_000


@pytest.mark.parametrize(("size", "theme"), [(WIDE, "light"), (PHONE, "dark")])
async def test_no_page_keeps_people_out(
    visitor: Visitor, size: tuple[int, int], theme: Literal["light", "dark"]
) -> None:
    async with Client(visitor.base, ADMIN) as client:
        await client.until(await client.imagine("a page --sandbox blank"))
    visit = await visitor.enter(ADMIN, size=size, theme=theme)
    found = {}
    await visit.go("/operations/health")
    for path in PAGES:
        await visit.turn(path)
        found[path] = await visit.violations(looks=size == PHONE)
        width = await visit.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], f"{path} is wider than the screen"
        for shown in ("light", "dark"):
            await visit.page.emulate_media(color_scheme=shown)
            await visit.shoot(f"{size[0]}-{shown}-{path.strip('/').replace('/', '-') or 'studio'}")
        await visit.page.emulate_media(color_scheme=theme)
    assert {path: faults for path, faults in found.items() if faults} == {}


async def test_the_first_load_is_small(visitor: Visitor) -> None:
    page = await visitor.page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    await page.goto(visitor.base, wait_until="networkidle")
    await page.locator("form").wait_for()
    loaded = {one.url: (await one.sizes())["responseBodySize"] for one in requests}
    assert any(url.endswith(".js") for url in loaded)
    assert sum(loaded.values()) <= SHELL_BYTES, loaded


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_theme_follows_the_system_until_one_is_chosen(
    visitor: Visitor, theme: Literal["light", "dark"]
) -> None:
    visit = await visitor.enter(ADMIN, theme=theme)

    async def brightness() -> int:
        colour = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.removeprefix("rgb(").split(",")[0])

    assert (await brightness() > 128) == (theme == "light")
    await visit.button("System theme").click()
    assert await brightness() > 128
    await visit.button("Light theme").click()
    assert await brightness() < 128
    await visit.page.reload()
    await expect(visit.button("Dark theme")).to_be_visible()
    assert await brightness() < 128


async def test_chinese_from_the_browser_and_by_the_switch(visitor: Visitor) -> None:
    visit = await visitor.enter(ADMIN, language="zh-CN")
    await expect(visit.page.get_by_role("link", name="画廊")).to_be_visible()
    await visit.button("English").click()
    await expect(visit.page.get_by_role("link", name="Gallery")).to_be_visible()
    assert await visit.page.evaluate("document.documentElement.lang") == "en"


async def test_a_member_sees_their_own_pages_alone(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key)
    links = visit.page.get_by_role("navigation").get_by_role("link")
    await expect(links).to_have_text(OWN)
    await visit.go("/account")
    await expect(visit.page.locator(".figure", has_text="Available")).to_contain_text("$5")
    await visit.page.goto(f"{visitor.base}/operations/ledger")
    await expect(visit.page.get_by_text("Your role may not see this page.")).to_be_visible()
    await visit.go("/")
    await expect(visit.page.get_by_text("costs at most $0.05504")).to_be_visible()


async def test_on_a_phone_the_drawer_leads_to_every_page(visitor: Visitor) -> None:
    visit = await visitor.enter(ADMIN, size=PHONE, theme="dark")
    await visit.button("More").click()
    drawer = visit.page.get_by_role("dialog")
    assert await visit.violations() == []
    await drawer.get_by_role("link", name="Channels").click()
    await expect(drawer).to_have_count(0)
    await visit.button("New channel").click()
    await expect(drawer.get_by_label("secret")).to_be_visible()
    assert await visit.violations() == []


async def test_an_operator_logs_in_by_password_and_changes_no_money(visitor: Visitor) -> None:
    name = f"ann-{uuid.uuid4()}"
    async with Client(visitor.base, ADMIN) as client:
        body = {"name": name, "role": "operator", "account": "acc_first", "password": "long enough"}
        await client.post("/admin/api/v1/users", body)
    page = await visitor.page()
    await page.goto(visitor.base)
    await page.get_by_role("button", name="Name and password").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill("long enough")
    await page.get_by_role("button", name="Log in").click()
    visit = Visit(page, visitor.base)
    await page.get_by_role("link", name="Accounts & keys").click()
    await expect(page.get_by_role("cell", name="acc_first").first).to_be_visible()
    await expect(visit.button("Top up")).to_have_count(0)
    await visit.button("Keys").click()
    await expect(visit.button("New key")).to_have_count(0)
    await visit.go("/operations/channels")
    await expect(visit.button("New channel")).to_be_visible()
    await visit.button("Log out").click()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert await page.evaluate("sessionStorage.getItem('gesso.key')") is None


async def test_the_palette_and_keys_lead_everywhere(visit: Visit) -> None:
    await visit.page.keyboard.press("Control+k")
    await expect(visit.page.get_by_role("combobox", name="Where to")).to_be_focused()
    await visit.page.keyboard.type("ledg")
    await visit.page.keyboard.press("Enter")
    await expect(visit.page).to_have_url(f"{visit.base}/operations/ledger")
    await expect(visit.page.get_by_text("in order")).to_be_visible()
    await visit.page.keyboard.press("?")
    await expect(visit.page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    await visit.page.keyboard.press("Escape")
    await visit.page.keyboard.press("/")
    await expect(visit.page).to_have_url(f"{visit.base}/")
    await expect(visit.page.get_by_label("Prompt", exact=True)).to_be_focused()
