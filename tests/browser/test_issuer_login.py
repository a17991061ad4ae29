"""Logging in by an OpenID Connect issuer, in a browser that really goes there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import serving_console
from tests.browser.visit import PHONE, Visit, Visitor
from tests.client import Client
from tests.conftest import ADMIN
from tests.issuer import Issuer, running_issuer, settings_of

pytestmark = pytest.mark.anyio
ROOT = "/admin/api/v1"


async def test_in_by_the_issuer_and_out_again(browser: Browser, tmp_path: Path) -> None:
    async with running_issuer() as issuer:
        named = {f"GESSO_{name.upper()}": value for name, value in settings_of(issuer).items()}
        with serving_console(tmp_path, **named, GESSO_OIDC_NAME="Example") as url:
            visitor = Visitor(browser, url)
            try:
                await a_stranger(visitor, issuer)
                await a_user(visitor, issuer)
            finally:
                await visitor.close()
            assert visitor.faults == []


async def a_stranger(visitor: Visitor, issuer: Issuer) -> None:
    page = await visitor.page(PHONE, "dark")
    await through(page, visitor.base)
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("ann@example.com is not a user of this gateway")
    visit = Visit(page, visitor.base)
    await visit.shoot("login-issuer-phone-dark")
    assert await visit.violations() == []
    await page.goto(f"{visitor.base}/login?error=access_denied&error_description=Not+today")
    await expect(alert).to_contain_text("The login was not granted: Not today")
    await page.goto(f"{visitor.base}/login?code=stolen&state=stolen")
    await expect(alert).to_contain_text("begun in another tab")
    # Nobody is there: the button tells it and may be pressed again.
    issuer.instead = {"/.well-known/openid-configuration": b"", "/token": b""}
    await through(page, visitor.base)
    await expect(alert).to_contain_text("issuer does not answer")
    issuer.instead = {}


async def a_user(visitor: Visitor, issuer: Issuer) -> None:
    async with Client(visitor.base, ADMIN) as client:
        ann = {"name": "ann@example.com", "role": "operator", "account": "acc_first"}
        assert (await client.call("POST", f"{ROOT}/users", ann)).status == 201
    page = await visitor.page()
    await page.goto(f"{visitor.base}/operations/queue")
    await Visit(page, visitor.base).shoot("login-issuer")
    await through(page, visitor.base, at="/operations/queue")
    await page.locator(".shell").wait_for()
    # Back on the page that was wanted, and nothing of the issuer in the address.
    assert page.url == f"{visitor.base}/operations/queue"
    key = await page.evaluate("sessionStorage.getItem('gesso.key')")
    assert key.startswith("sk-")
    assert await page.evaluate("sessionStorage.length") == 1
    assert key not in page.url
    await page.goto(f"{visitor.base}/account")
    await expect(page.locator("main")).to_contain_text("Operator")
    await page.get_by_role("button", name="Log out").first.click()
    await expect(page.get_by_role("button", name="Log in with Example")).to_be_visible()
    async with Client(visitor.base, key) as client:
        assert (await client.call("GET", f"{ROOT}/me")).status == 401


async def through(page: Page, base: str, at: str = "/") -> None:
    """Press the button, agree at the issuer, and come back."""
    await page.goto(base + at)
    await page.get_by_role("button", name="Log in with Example").click()
    await page.get_by_role("link", name="I am Ann").click()
