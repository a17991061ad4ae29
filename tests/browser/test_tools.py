"""Everything in the studio that starts from pictures, done by hand: drop, paint, watch, keep."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import Image
from playwright.async_api import FilePayload, Locator, Request, expect

from tests.browser.visit import PATIENCE_MS, PHONE, Visitor
from tests.client import Client
from tests.rooms.painting.test_swap_face import SOURCE, TARGET
from tests.upstream import png

pytestmark = pytest.mark.anyio


def a_file(data: bytes, name: str = "a.png") -> FilePayload:
    return FilePayload(name=name, mimeType="image/png", buffer=data)


def face(pixels: Any) -> bytes:
    return bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())


async def drop(target: Locator, data: bytes) -> None:
    """Drop a file as a mouse would: the page sees the same event with the same file."""
    held = await target.page.evaluate_handle(
        """text => {
          const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
          const held = new DataTransfer();
          held.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));
          return held;
        }""",
        base64.b64encode(data).decode(),
    )
    await target.dispatch_event("drop", {"dataTransfer": held})


async def newest(visitor: Visitor, key: str) -> Any:
    async with Client(visitor.base, key) as client:
        return (await client.get("/mj/task/list"))[0]


async def test_blend_and_face_swap(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key)
    await visit.button("Blend").click()
    files = [a_file(png(64, 64, (200, 60, 60))), a_file(png(64, 64, (60, 60, 200)))]
    await expect(visit.button("Submit")).to_be_disabled()
    await visit.page.locator(".pictures input").set_input_files(files)
    await visit.button("Landscape").click()
    await visit.button("Submit").click()
    blended = await visit.card(0, "done")
    await expect(blended.locator(".tiles img")).to_have_count(4)
    task = await newest(visitor, key)
    assert task["action"] == "BLEND"
    assert task["imageWidth"] > task["imageHeight"]

    await visit.button("Face swap").click()
    inputs = visit.page.locator(".pictures input")
    await inputs.nth(0).set_input_files(a_file(face(SOURCE)))
    await inputs.last.set_input_files(a_file(face(TARGET)))
    await visit.button("Submit").click()
    await expect(visit.page.locator("article.task")).to_have_count(2)
    await visit.card(0, "done")
    assert (await newest(visitor, key))["action"] == "SWAP_FACE"


async def test_describe_by_drop_and_shorten(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key, size=PHONE)
    await visit.button("Describe").click()
    await drop(visit.page.locator(".pictures"), png(64, 64, (90, 160, 60)))
    await expect(visit.page.locator(".pictures figure img")).to_have_count(1)
    await visit.button("Submit").click()
    described = await visit.card(0, "done")
    await expect(described.locator(".rich p")).to_have_count(4)
    assert await visit.violations() == []

    await visit.button("Imagine").first.click()
    prompt = visit.page.get_by_label("Prompt", exact=True)
    await prompt.fill("a very very old lighthouse that stands on a big grey rock by the sea")
    await visit.button("Shorten").click()
    await expect(visit.page.locator("article.task")).to_have_count(2)
    shortened = await visit.card(0, "done")
    await expect(shortened.locator(".rich p").first).to_be_visible()
    await shortened.get_by_role("button", name="Line 1").click()
    await expect(visit.page.locator("article.task")).to_have_count(3, timeout=PATIENCE_MS)


async def test_a_mask_is_painted_by_touch(visitor: Visitor) -> None:
    _, key = await visitor.new_account()
    page = await visitor.page(size=PHONE, touch=True)
    visit = await visitor.enter(key, page=page)
    await visit.button("Edit").click()
    await page.locator(".pictures input").set_input_files(a_file(png(96, 64, (60, 120, 90))))
    await page.get_by_label("What should it become?").fill("a small boat")
    await visit.button("Paint a mask").click()
    canvas = page.locator(".mask-layers canvas")
    await canvas.wait_for()
    assert await visit.violations() == []
    await page.get_by_label("Brush size").fill("16")
    await touch_across(canvas)
    await visit.button("Undo").click()
    await visit.button("Redo").click()
    await visit.button("Use the mask").click()
    await expect(visit.button("Mask set – change it")).to_be_visible()
    async with page.expect_request("**/mj/submit/edits") as sent:
        await visit.button("Submit").click()
    body = json.loads((await sent.value).post_data or "")
    mask = Image.open(io.BytesIO(base64.b64decode(body["maskBase64"].partition(",")[2]))).convert(
        "L"
    )
    assert mask.size == (96, 64)
    assert (mask.getpixel((48, 32)), mask.getpixel((2, 2)), mask.getpixel((93, 61))) == (255, 0, 0)
    await visit.card(0, "done")
    assert (await newest(visitor, key))["action"] == "EDITS"


async def touch_across(canvas: Locator) -> None:
    """Draw one line through the middle with a finger, then spread two to come closer."""
    page = canvas.page
    box = await canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    screen = await page.context.new_cdp_session(page)

    async def touch(kind: str, *fingers: tuple[float, float]) -> None:
        points = [{"x": a, "y": b, "id": n} for n, (a, b) in enumerate(fingers)]
        await screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await touch("touchStart", (x - 40, y))
    for step in range(-30, 41, 10):
        await touch("touchMove", (x + step, y))
    await touch("touchEnd")
    zoom = page.get_by_label("Fit")
    await expect(zoom).to_have_text("100 %")
    await touch("touchStart", (x - 20, y))
    await touch("touchStart", (x - 20, y), (x + 20, y))
    await touch("touchMove", (x - 60, y), (x + 60, y))
    await touch("touchEnd")
    await expect(zoom).not_to_have_text("100 %")
    await zoom.click()


async def test_a_video_plays_and_a_grid_is_kept_as_one_file(
    visitor: Visitor, tmp_path: Path
) -> None:
    _, key = await visitor.new_account()
    visit = await visitor.enter(key)
    await visit.button("Video").click()
    await visit.page.locator(".pictures input").first.set_input_files(a_file(png(96, 96)))
    await visit.page.get_by_label("What should move?").fill("slow clouds")
    await visit.button("Submit").click()
    card = await visit.card(0, "done")
    film = card.locator("video")
    await film.evaluate("film => film.play()")
    await visit.page.wait_for_function(
        "() => { const f = document.querySelector('video'); return f.currentTime > 0 || f.ended; }"
    )
    assert await film.evaluate("film => film.videoWidth") > 0

    await visit.button("Imagine").first.click()
    await visit.imagine("a kite")
    await expect(visit.page.locator("article.task")).to_have_count(2)
    grid = await visit.card(0, "done")
    async with visit.page.expect_download() as download:
        await grid.get_by_role("button", name="Download all").click()
    kept = tmp_path / "all.zip"
    await (await download.value).save_as(kept)
    with zipfile.ZipFile(kept) as archive:
        assert archive.testzip() is None
        sizes = {Image.open(io.BytesIO(archive.read(one))).size for one in archive.namelist()}
        assert (len(archive.namelist()), len(sizes)) == (4, 1)


@pytest.mark.parametrize("broken", [False, True])
async def test_progress_comes_by_events_else_by_asking(visitor: Visitor, broken: bool) -> None:
    _, key = await visitor.new_account()
    page = await visitor.page()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.rpartition("/")[2])

    page.on("request", note)
    if broken:
        await page.route("**/events", lambda route: route.abort())
    visit = await visitor.enter(key, page=page)
    # Longer than a busy machine takes to ask again, so that a moment of it is surely seen.
    await visit.imagine("a lantern --sandbox slow:6")
    bar = visit.page.get_by_role("progressbar")
    await expect(bar).not_to_have_attribute("aria-valuenow", "0")
    done = await visit.card(0, "done")
    await expect(done.locator(".tiles img")).to_have_count(4)
    assert "events" in asked
    assert ("list-by-condition" in asked) is broken
