"""Who reads Chinese reads it everywhere, also where the gateway says why something failed."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.async_api import Locator, expect

from tests.browser.test_pages import PAGES
from tests.browser.visit import Visitor
from tests.client import Client
from tests.conftest import ADMIN, free_port
from tests.upstream import running_upstream

pytestmark = pytest.mark.anyio
ROOT = "/admin/api/v1"
#: Every text of a page, shown or told to screen readers, but for code and what people named.
_TEXTS = """() => {
  const found = [document.title];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { parentElement: above, textContent } = walk.currentNode;
    if (!above.closest('code, pre, noscript, script')) found.push(textContent);
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
    for (const one of document.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name));
  }
  return found;
}"""
#: Pages that show other tests' prompts, notes and banned words.
WRITTEN = {f"/operations/{name}" for name in ("audit", "ledger", "queue", "words")}
#: Three words in a row are a sentence; names, codes and flags are shorter.
_SENTENCE = re.compile(r"[A-Za-z']{2,}(?:[ ,]+[a-z']{2,}){2,}")
_CHINESE = re.compile("[一-鿿]{2}")


async def _reads(place: Locator) -> str:
    """Return a text once it is in Chinese; no English sentence may be left in it."""
    await expect(place).to_contain_text(_CHINESE)
    text = await place.inner_text()
    assert _SENTENCE.findall(text) == [], text
    return text


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("fail:banned", "提示词包含"),
        ("lost", "无法确定上游是否已接受订单：结果未知（测试卡要求）"),
        ("garbled", "上游返回的图片已损坏：图片不是 PNG、JPEG、WebP、GIF 或 AVIF"),
    ],
)
async def test_a_failed_task_says_why_in_chinese(visitor: Visitor, card: str, reason: str) -> None:
    _, key = await visitor.new_account()
    async with Client(visitor.base, key) as client:
        await client.until(await client.imagine(f"一只猫 --sandbox {card}"))
    visit = await visitor.enter(key, language="zh-CN")
    shown = await visit.card(0, "失败")
    assert reason in await _reads(shown.locator(".notice"))
    await _reads(shown)


async def test_a_refused_order_says_why_in_chinese(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key, language="zh-CN")
    await visit.page.locator(".composer textarea").fill("一只猫 --s 5000")
    await visit.page.locator(".composer .primary").click()
    toast = visit.page.locator(".toast")
    assert "--s 必须在 0 到 1000 之间，收到 5000" in await _reads(toast)


async def test_the_words_of_an_upstream_stay_its_own(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    async with running_upstream() as upstream, Client(visitor.base, ADMIN) as admin:
        upstream.script.fails = "the quota of this month is used up"
        body = {"name": str(uuid.uuid4()), "provider": "mjproxy", "base_url": upstream.url}
        channel = (await admin.post(f"{ROOT}/channels", body))["id"]
        async with Client(visitor.base, key) as client:
            chosen = {"accountFilter": {"instanceId": channel}}
            await client.until(await client.imagine("一只猫", **chosen))
        await admin.call("PATCH", f"{ROOT}/channels/{channel}", {"enabled": False})
    visit = await visitor.enter(key, language="zh-CN")
    notice = (await visit.card(0, "失败")).locator(".notice")
    await expect(notice).to_contain_text("后端拒绝了此任务（the quota of this month is used up）。")


async def test_a_channel_that_rests_says_why_in_chinese(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    name = f"渠道 {uuid.uuid4()}"
    visit = await visitor.enter(ADMIN, language="zh-CN")
    async with running_upstream() as upstream, Client(visitor.base, ADMIN) as admin:
        upstream.script.answers.append((401, {"code": 401, "description": "no"}))
        body = {"name": name, "provider": "mjproxy", "base_url": upstream.url}
        channel = (await admin.post(f"{ROOT}/channels", body))["id"]
        async with Client(visitor.base, key) as client:
            chosen = {"accountFilter": {"instanceId": channel}}
            task = await client.imagine("一只猫", **chosen)
            await visit.go("/operations/channels")
            row = visit.page.get_by_role("row").filter(has_text=name)
            await expect(row).to_contain_text("熔断至")
            await _reads(row)
            await row.get_by_role("button", name=name).click()
            panel = visit.page.get_by_role("dialog")
            reason = panel.locator(".notice.bad")
            assert await _reads(reason.first) == "上游拒绝我方密钥（HTTP 401）"
            await client.post(f"/mj/task/{task}/cancel", {})
        await admin.call("PATCH", f"{ROOT}/channels/{channel}", {"enabled": False})
        await _reads(panel)


async def test_probes_and_callbacks_say_why_in_chinese(visitor: Visitor) -> None:
    name = f"渠道 {uuid.uuid4()}"
    visit = await visitor.enter(ADMIN, language="zh-CN")
    async with Client(visitor.base, ADMIN) as admin:
        dead = f"http://127.0.0.1:{free_port()}"
        body = {"name": name, "provider": "mjproxy", "base_url": dead, "enabled": False}
        await admin.post(f"{ROOT}/channels", body)
    await visit.go("/operations/channels")
    row = visit.page.get_by_role("row").filter(has_text=name)
    await row.get_by_role("button", name=name).click()
    await visit.button("测试后端").click()
    assert await _reads(visit.page.locator(".notice.bad")) == "无法建立连接"
    await visit.go("/operations/deliveries")
    await visit.button("发送测试事件").click()
    panel = visit.page.get_by_role("dialog")
    await panel.locator("input").fill("http://127.0.0.1:9/")
    await panel.locator(".primary").click()
    assert await _reads(panel.locator(".notice.bad")) == "未送达：不访问端口 9"


async def test_no_page_has_an_english_sentence(visitor: Visitor) -> None:
    visit = await visitor.enter(ADMIN, language="zh-CN")
    async with Client(visitor.base, ADMIN) as admin:
        # People's names for things are nobody's to translate.
        kinds = ("keys", "accounts", "channels", "users")
        pages = [await admin.get(f"{ROOT}/{kind}?limit=500") for kind in kinds]
    names = sorted((one["name"] for page in pages for one in page["items"]), key=len, reverse=True)

    async def english() -> list[str]:
        texts: list[str] = await visit.page.evaluate(_TEXTS)
        for name in names:
            texts = [text.replace(name, "") for text in texts]
        return [text for text in texts if _SENTENCE.search(text)]

    left = {}
    for path in PAGES:
        await visit.go(path)
        if path not in {"/", "/gallery", *WRITTEN}:
            left[path] = await english()
    for keys in ("Control+k", "?"):
        await visit.page.keyboard.press(keys)
        await visit.page.get_by_role("dialog").wait_for()
        left[keys] = await english()
        await visit.page.keyboard.press("Escape")
    assert {path: texts for path, texts in left.items() if texts} == {}
