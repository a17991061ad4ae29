"""Buttons that ask first: code 21, MODAL, and the answer (wire/midjourney-proxy section 7.3)."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image, ImageDraw

from gesso.ledger import audit
from gesso.ledger.money import DOLLAR
from gesso.services import administer, sweep
from gesso.storage import channels
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio
FAST = 55_040_000


async def money(gateway: Gateway) -> tuple[int, int]:
    account = (await administer.list_accounts(gateway.house.database))[0]
    async with gateway.house.database.snapshot() as connection:
        assert not (await audit.check(connection)).findings
    return account.available_nanos - 10 * DOLLAR, account.held_nanos


async def single(gateway: Gateway, prompt: str = "an owl on a branch") -> Any:
    """Return an upscaled single picture, and forget what it cost."""
    grid = await gateway.client.until(await gateway.client.imagine(prompt))
    job = grid["properties"]["messageHash"]
    return await press(gateway, grid, f"MJ::JOB::upsample::1::{job}")


async def press(gateway: Gateway, task: Any, custom_id: str) -> Any:
    answer = await ask(gateway, task, custom_id)
    assert answer["code"] in {1, 22}, answer
    return await gateway.client.until(answer["result"])


async def ask(gateway: Gateway, task: Any, custom_id: str, **fields: Any) -> Any:
    body = {"taskId": task["id"], "customId": custom_id, **fields}
    return await gateway.client.post("/mj/submit/action", body)


def button(task: Any, part: str) -> str:
    return str(next(b["customId"] for b in task["buttons"] if part in b["customId"]))


def png(draw: Callable[[Image.Image], None], mode: str = "RGB", side: int = 64) -> str:
    image = Image.new(mode, (side, side))
    draw(image)
    out = io.BytesIO()
    image.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def box(colour: Any) -> Callable[[Image.Image], None]:
    """Fill the upper left quarter but for a margin, whatever the size."""

    def draw(image: Image.Image) -> None:
        low, high = image.width // 8, image.width // 2
        ImageDraw.Draw(image).rectangle((low, low, high, high), fill=colour)

    return draw


async def test_a_dialog_holds_nothing_until_it_is_answered(gateway: Gateway) -> None:
    one = await single(gateway)
    before, _ = await money(gateway)
    answer = await ask(gateway, one, button(one, "CustomZoom"), state="mine")
    assert answer["code"] == 21
    assert answer["description"] == "窗口等待"
    assert answer["properties"]["remix"] is True
    assert answer["properties"]["finalPrompt"].endswith("--zoom 2")
    task = await gateway.client.get(f"/mj/task/{answer['result']}/fetch")
    assert (task["status"], task["progress"], task["state"]) == ("MODAL", None, "mine")
    assert task["properties"]["modalCustomId"].startswith("MJ::OutpaintCustomZoomModal::")
    assert await gateway.client.get("/mj/task/queue") != []
    assert await money(gateway) == (before, 0)
    body = {"taskId": answer["result"], "prompt": "an owl in the mist --zoom 1.4"}
    reply = await gateway.client.post("/mj/submit/modal", body)
    assert (reply["code"], reply["result"]) == (1, answer["result"])
    task = await gateway.client.until(answer["result"])
    assert (task["status"], task["action"]) == ("SUCCESS", "ZOOM")
    assert task["prompt"] == "an owl in the mist --zoom 1.4"
    assert len(task["imageUrls"]) == 4
    assert await money(gateway) == (before - FAST, 0)
    again = await gateway.client.post("/mj/submit/modal", body)
    assert (again["code"], again["description"]) == (4, "关联任务状态错误")
    assert await money(gateway) == (before - FAST, 0)


async def test_a_bare_answer_works_for_every_dialog_but_region(gateway: Gateway) -> None:
    one = await single(gateway)
    zoom = await ask(gateway, one, button(one, "CustomZoom"))
    done = await gateway.client.post("/mj/submit/modal", {"taskId": zoom["result"]})
    assert done["code"] == 1
    assert (await gateway.client.until(zoom["result"]))["status"] == "SUCCESS"
    region = await ask(gateway, one, button(one, "Inpaint"))
    assert (region["code"], region["properties"]["remix"]) == (21, False)
    assert region["properties"]["finalPrompt"] == one["promptEn"]
    missing = await gateway.client.post("/mj/submit/modal", {"taskId": region["result"]})
    assert (missing["code"], missing["properties"]["param"]) == (4, "maskBase64")
    task = await gateway.client.get(f"/mj/task/{region['result']}/fetch")
    assert task["status"] == "MODAL"


async def test_zoom_must_be_one_to_two(gateway: Gateway) -> None:
    one = await single(gateway)
    zoom = await ask(gateway, one, button(one, "CustomZoom"))
    for text in ("a --zoom 3", "a --zoom 0.5", "a --zoom x"):
        body = {"taskId": zoom["result"], "prompt": text}
        assert (await gateway.client.post("/mj/submit/modal", body))["code"] == 4
    task = await gateway.client.get(f"/mj/task/{zoom['result']}/fetch")
    assert task["status"] == "MODAL"


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (png(box("black")), "empty_mask"),
        (png(box((255, 255, 255, 0)), "RGBA"), "empty_mask"),
        ("data:image/png;base64,AAAA", "unknown_format"),
        ("not base64!", "bad_base64"),
    ],
)
async def test_broken_and_empty_masks_are_refused(gateway: Gateway, mask: str, reason: str) -> None:
    one = await single(gateway)
    region = await ask(gateway, one, button(one, "Inpaint"))
    body = {"taskId": region["result"], "maskBase64": mask}
    reply = await gateway.client.post("/mj/submit/modal", body)
    assert (reply["code"], reply["properties"]["reason"]) == (4, reason)
    assert (await money(gateway))[1] == 0


@pytest.mark.parametrize(
    "mask", [png(box("white")), png(box((255, 255, 255, 255)), "RGBA"), png(box("white"), side=500)]
)
async def test_region_changes_only_what_the_mask_chooses(gateway: Gateway, mask: str) -> None:
    one = await single(gateway)
    region = await ask(gateway, one, button(one, "Inpaint"))
    body = {"taskId": region["result"], "prompt": "a lantern", "maskBase64": mask}
    assert (await gateway.client.post("/mj/submit/modal", body))["code"] == 1
    task = await gateway.client.until(region["result"])
    assert (task["status"], task["action"]) == ("SUCCESS", "VARIATION"), task["failReason"]
    old = await picture(gateway, one["imageUrl"])
    for shown in task["imageUrls"]:
        new = await picture(gateway, shown["url"])
        width, height = new.size
        corner = (width * 3 // 4, height * 3 // 4, width, height)
        assert new.crop(corner).tobytes() == old.crop(corner).tobytes()
        assert new.tobytes() != old.tobytes()


async def picture(gateway: Gateway, url: str) -> Image.Image:
    reply = await gateway.client.call("GET", url, key="")
    assert reply.status == 200
    return Image.open(io.BytesIO(reply.body)).convert("RGB")


async def set_options(gateway: Gateway, **options: Any) -> None:
    house = gateway.house
    channel = replace(house.catalogue.channels[0], options=options)
    async with house.database.transaction() as connection:
        await channels.change(connection, channel)
    await house.catalogue.refresh()


async def test_remix_makes_more_buttons_ask(gateway: Gateway) -> None:
    one = await single(gateway)
    strong = button(one, "high_variation")
    refused = await ask(gateway, one, strong, enableRemix=True)
    assert (refused["code"], refused["properties"]["param"]) == (4, "enableRemix")
    await set_options(gateway, remix=True)
    for part, dialog in (
        ("high_variation", "MJ::RemixModal::"),
        ("pan_left", "MJ::PanModal::left::"),
        ("animate_high", "MJ::AnimateModal::"),
    ):
        answer = await ask(gateway, one, button(one, part))
        assert answer["code"] == 21, part
        task = await gateway.client.get(f"/mj/task/{answer['result']}/fetch")
        assert task["properties"]["modalCustomId"].startswith(dialog)
    for part in ("Outpaint::50", "upsample_v7_2x_subtle"):
        assert (await ask(gateway, one, button(one, part)))["code"] in {1, 22}
    await set_options(gateway, remix=True, remix_auto=True)
    assert (await ask(gateway, one, strong))["code"] in {1, 22}
    assert (await ask(gateway, one, strong, enableRemix=True))["code"] == 21


async def test_a_remixed_prompt_is_painted(gateway: Gateway) -> None:
    one = await single(gateway)
    await set_options(gateway, remix=True)
    answer = await ask(gateway, one, button(one, "high_variation"))
    body = {"taskId": answer["result"], "prompt": "a whale in the deep sea"}
    await gateway.client.post("/mj/submit/modal", body)
    task = await gateway.client.until(answer["result"])
    assert task["status"] == "SUCCESS"
    assert task["promptEn"] == "a whale in the deep sea"


async def test_closing_the_dialog_and_letting_it_lapse(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for _ in range(2):
        answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "a --sandbox modal"})
        assert answer["code"] == 21
        ids.append(answer["result"])
    assert (await gateway.client.post(f"/mj/task/{ids[0]}/cancel"))["code"] == 1
    monkeypatch.setattr(sweep, "DIALOG", timedelta(0))
    assert await sweep.lapse_dialogs(gateway.house.database, gateway.house.writer) == 1
    for one in ids:
        task = await gateway.client.get(f"/mj/task/{one}/fetch")
        assert (task["status"], task["progress"]) == ("CANCEL", "100%")
        assert task["failReason"]
        late = await gateway.client.post("/mj/submit/modal", {"taskId": one})
        assert late["code"] == 4
    assert await money(gateway) == (0, 0)


async def test_an_answer_needs_the_money_and_the_place(gateway: Gateway) -> None:
    poor = await gateway.new_account(1)
    asked = {"prompt": "a --sandbox modal"}
    answer = await gateway.client.post("/mj/submit/imagine", asked, key=poor)
    body = {"taskId": answer["result"]}
    refused = await gateway.client.post("/mj/submit/modal", body, key=poor)
    assert refused["properties"]["error"] == "insufficient_funds"
    task = await gateway.client.get(f"/mj/task/{answer['result']}/fetch", key=poor)
    assert task["status"] == "MODAL"
    strange = await gateway.client.post("/mj/submit/modal", body)
    assert strange["code"] == 3
    await money(gateway)


async def test_an_answer_sent_twice_with_one_key_counts_once(gateway: Gateway) -> None:
    answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "a --sandbox modal blank"})
    once = {"idempotency-key": "answer-1"}
    body = {"taskId": answer["result"], "prompt": "b --sandbox blank"}
    replies = [
        await gateway.client.call("POST", "/mj/submit/modal", body, headers=once) for _ in range(3)
    ]
    assert {r.json["result"] for r in replies} == {answer["result"]}
    assert [r.headers.get("idempotency-replayed") for r in replies] == [None, "true", "true"]
    await gateway.client.until(answer["result"])
    assert await money(gateway) == (-FAST, 0)
