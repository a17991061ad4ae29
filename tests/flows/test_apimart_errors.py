"""Every refusal of the APIMart wire: status, type and text; nothing held, nothing kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gesso.domain.channel import Channel
from gesso.domain.ids import new_task_id
from gesso.storage import channels
from gesso.storage.schema import idempotency, ledger_entries, tasks
from tests.apimart import GENERATIONS, Mart, error_of, mask, picture
from tests.conftest import Gateway, running_gateway
from tests.flows.test_bad_input import bomb

pytestmark = pytest.mark.anyio
BAD = "invalid_request_error"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", tmp_path, banned_words="gore") as running:
        yield running


async def rows(gateway: Gateway) -> tuple[int, ...]:
    async with gateway.house.database.reading() as connection:
        return tuple(
            [
                int((await connection.execute(select(func.count()).select_from(t))).scalar_one())
                for t in (tasks, ledger_entries, idempotency)
            ]
        )


IMAGES = [picture()]
WRONG: list[tuple[str, Any, str]] = [
    ("imagine", b"{", "the body is not valid JSON"),
    ("imagine", [1], "Expected `object`"),
    ("imagine", {}, "prompt is required for imagine"),
    ("imagine", {"prompt": "  "}, "prompt is required for imagine"),
    ("imagine", {"prompt": 7}, "Expected `str"),
    ("imagine", {"prompt": "a\x00"}, "zero character"),
    ("imagine", {"prompt": "a", "version": "99"}, "version:"),
    ("imagine", {"prompt": "a", "version": "9", "niji": True}, "version:"),
    ("imagine", {"prompt": "a --v 99"}, "--v must be"),
    ("imagine", {"prompt": "a", "size": "wide"}, "size:"),
    ("imagine", {"prompt": "a", "size": "99:1"}, "size:"),
    ("imagine", {"prompt": "a", "quality": "3"}, "quality:"),
    ("imagine", {"prompt": "a", "stylize": 1001}, "stylize:"),
    ("imagine", {"prompt": "a", "chaos": -1}, "chaos:"),
    ("imagine", {"prompt": "a", "weird": 3001}, "weird:"),
    ("imagine", {"prompt": "a", "iw": 3.5}, "iw:"),
    ("imagine", {"prompt": "a", "cw": 101}, "cw:"),
    ("imagine", {"prompt": "a", "sw": 1001}, "sw:"),
    ("imagine", {"prompt": "a", "dw": 101}, "dw:"),
    ("imagine", {"prompt": "a", "repeat": 41}, "repeat:"),
    ("imagine", {"prompt": "a", "seed": -1}, "seed:"),
    ("imagine", {"prompt": "a", "sref": "ftp://x"}, "sref:"),
    ("imagine", {"prompt": "a", "style": "--raw"}, "style:"),
    ("imagine", {"prompt": "a", "stop": 50}, "stop needs version 5 to 6.1"),
    ("imagine", {"prompt": "a", "hd": True, "version": "7"}, "hd needs version 8.1 or 8.2"),
    ("imagine", {"prompt": "a", "draft": True, "version": "6"}, "draft needs version 7"),
    ("imagine", {"prompt": "a", "raw": True, "version": "5"}, "raw needs version 5.1"),
    ("imagine", {"prompt": "a --ar 1:1", "extra": "words"}, "flags stand at the end"),
    ("imagine", {"prompt": "a", "extra": "--nonsense"}, "unknown flag"),
    ("imagine", {"prompt": "a", "speed": "warp"}, "speed must be relax, fast or turbo"),
    ("imagine", {"prompt": "a", "metadata": {"x": "y" * 17000}}, "metadata may have"),
    ("imagine", {"prompt": "a", "webhook": "ftp://x"}, "webhook is an http"),
    ("imagine", {"prompt": "a", "notifyHook": "x"}, "notifyHook must start"),
    ("imagine", {"prompt": "a", "max_cost": "much"}, "max_cost is an amount"),
    ("imagine", {"prompt": "a", "max_cost": -1}, "max_cost is an amount"),
    ("imagine", {"prompt": "a", "deadline": 1}, "deadline lies within"),
    ("imagine", {"prompt": "a", "deadline": "tomorrow"}, "deadline is a time"),
    ("imagine", {"prompt": "a", "state": "x" * 256}, "state may have"),
    ("imagine", {"prompt": "a", "image_urls": ["x"]}, "base64"),
    ("imagine", {"prompt": "a", "image_urls": [""]}, "empty"),
    ("imagine", {"prompt": "a", "image_urls": IMAGES * 17}, "0-16 images"),
    ("imagine", {"prompt": "a", "image_urls": ["A" * 17_000_000]}, "12"),
    ("imagine", {"prompt": "a", "image_urls": ["http://127.0.0.1/a.png"]}, "not a public URL"),
    ("imagine", {"prompt": "a", "image_urls": [bomb(60_000, 60_000)]}, "pixels"),
    ("blend", {}, "image_urls is required for blend"),
    ("blend", {"image_urls": IMAGES}, "2-4 images"),
    ("blend", {"image_urls": IMAGES * 5}, "2-4 images"),
    ("blend", {"image_urls": IMAGES * 2, "dimensions": "ROUND"}, "dimensions must be"),
    ("blend", {"image_urls": IMAGES * 2, "size": "x"}, "size:"),
    ("describe", {}, "image_urls is required for describe"),
    ("edits", {"prompt": "a"}, "image_urls is required for edits"),
    ("edits", {"image_urls": IMAGES}, "prompt is required for edits"),
    ("shorten", {}, "prompt is required for shorten"),
    ("upscale", {"index": 1}, "task_id is required for upscale"),
    ("reroll", {}, "task_id is required for reroll"),
    ("modal", {}, "task_id is required for modal"),
    ("video", {}, "exactly one of image_urls and task_id"),
    ("video", {"image_urls": IMAGES, "task_id": "x"}, "exactly one of image_urls and task_id"),
    ("video", {"image_urls": IMAGES * 2, "prompt": "a"}, "exactly 1"),
    ("video", {"image_urls": IMAGES}, "prompt is required for video"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "batch_size": 3}, "1, 2 or 4"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "motion": "wild"}, "motion must be"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "index": 4}, "index must be 0-3"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "animate_mode": "x"}, "animate_mode must"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "animate_mode": "auto"}, "auto needs"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "video_type": "vid_1.1_i2v_extend_480"},
     "video_type must be"),
    ("video", {"image_urls": IMAGES, "prompt": "a", "video_type": "vid_1.1_i2v_start_end_480"},
     "end_url is required"),
]  # fmt: skip


async def test_bad_bodies_leave_nothing_behind(gateway: Gateway) -> None:
    mart, before = Mart(gateway.client), await rows(gateway)
    for name, body, text in WRONG:
        reply = await mart.post(name, body, headers={"idempotency-key": "k"})
        assert reply.status == 400, (name, str(body)[:200], reply.body)
        found = error_of(reply)
        assert found[:2] == (400, BAD), (name, body if len(str(body)) < 200 else "…", found)
        assert text in found[2], (name, found)
    assert await rows(gateway) == before


async def test_parents_that_do_not_fit(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    waiting = await mart.submit("imagine", {"prompt": "a --sandbox slow:60"})
    failed = await mart.submit("imagine", {"prompt": "a --sandbox fail:refused"})
    old = await mart.done("imagine", {"prompt": "a", "version": "5.2"})
    grid = await mart.done("imagine", {"prompt": "a --sandbox partial:3", "version": "8.1"})
    single = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    old_single = await mart.done("upscale", {"task_id": old["id"], "index": 1})
    await mart.until(failed)
    job = single["buttons"][0]["customId"].split("::")[4]
    hash_of_grid = grid["buttons"][0]["customId"].split("::")[4]
    one = {"task_id": grid["id"], "index": 1}
    for name, body, text in (
        ("upscale", {"task_id": waiting, "index": 1}, "is not in SUCCESS state"),
        ("reroll", {"task_id": failed}, "is not in SUCCESS state"),
        ("upscale", {"task_id": single["id"], "index": 1}, "requires a grid task"),
        ("upscale", {"task_id": grid["id"]}, "index or custom_id is required for upscale"),
        ("upscale", {"task_id": grid["id"], "index": 5}, "index must be 1-4"),
        ("upscale", {"task_id": grid["id"], "index": 4}, "the task has no image 4"),
        ("upscale", one | {"custom_id": "nonsense"}, "unknown action"),
        ("upscale", one | {"custom_id": f"MJ::JOB::reroll::0::{hash_of_grid}"}, "no button of"),
        ("upscale", one | {"custom_id": f"MJ::JOB::upsample::1::{job}"}, "belongs to another task"),
        ("upscale", one | {"custom_id": f"MJ::JOB::upsample_v6_2x_subtle::1::{hash_of_grid}"},
         "not one of version v8.1"),
        ("variation", {"task_id": grid["id"]}, "index or custom_id is required for variation"),
        ("high-variation", {"task_id": grid["id"]}, "required for high_variation"),
        ("reroll", {"task_id": single["id"]}, "can be rerolled"),
        ("zoom", {"task_id": grid["id"]}, "This action requires an upscaled task"),
        ("zoom", {"task_id": single["id"], "zoom_ratio": 0.5}, "zoom_ratio"),
        ("pan", {"task_id": grid["id"], "direction": "up"}, "This action requires an upscaled"),
        ("pan", {"task_id": single["id"]}, "direction (left, right, up or down) or custom_id"),
        ("pan", {"task_id": single["id"], "direction": "in"}, "direction"),
        ("pan", {"task_id": old_single["id"], "direction": "up"}, "pan needs version 6"),
        ("inpaint", {"task_id": grid["id"]}, "This action requires an upscaled task"),
        ("remix-strong", {"task_id": old["id"], "index": 1}, "remix needs version 8.1 or 8.2"),
        ("remix-subtle", {"task_id": grid["id"]}, "index is required for remix"),
        ("remix-subtle", {"task_id": single["id"], "index": 1}, "requires a grid task"),
        ("modal", {"task_id": grid["id"]}, "is not in MODAL state"),
        ("video", {"task_id": grid["id"], "index": 3}, "the task has no image 4"),
        ("video", {"task_id": waiting, "index": 0}, "is not in SUCCESS state"),
    ):  # fmt: skip
        found = error_of(await mart.post(name, body))
        assert found[:2] == (400, BAD), (name, body, found)
        assert text in found[2], (name, body, found)
    await mart.post(f"/v1/tasks/{waiting}/cancel")


async def test_modal_is_paid_once_and_refuses_bad_masks(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a lake --ar 1:1"})
    single = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    before = await rows(gateway)
    task_id = await mart.submit("inpaint", {"task_id": single["id"]}, status="modal")
    task = await mart.flat(task_id)
    assert (task["status"], task["progress"], task["cost"]) == ("MODAL", "15%", 0)
    assert (await mart.unified(task_id))["status"] == "processing"
    for url, text in (
        ("http://169.254.169.254/mask.png", "not a public URL"),
        ("http://localhost/mask.png", "not a public URL"),
        ("https://[::1]/mask.png", "not a public URL"),
        (picture("black"), "selects nothing"),
        ("A" * 17_000_000, "12"),
        ("???", "base64"),
    ):
        found = error_of(await mart.post("modal", {"task_id": task_id, "mask_url": url}))
        assert found[:2] == (400, BAD)
        assert text in found[2], found
    assert (await rows(gateway))[1] == before[1]
    body = {"task_id": task_id, "prompt": "a red boat", "mask_url": mask(), "speed": "turbo"}
    dear = error_of(await mart.post("modal", body | {"max_cost": 0.05}))
    assert dear[:2] == (402, "payment_required")
    first = await mart.post("modal", body, headers={"idempotency-key": "once"})
    again = await mart.post("modal", body, headers={"idempotency-key": "once"})
    assert first.body == again.body
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json["data"] == [{"status": "submitted", "task_id": task_id}]
    task = await mart.flat(task_id)
    assert (task["action"], task["mode"]) == ("MODAL", "TURBO")
    assert task["prompt_en"] == "a red boat --ar 1:1"
    receipt = await mart.data(f"/v1/tasks/{task_id}/receipt")
    assert (receipt["price_key"], receipt["held"]) == ("midjourney@modal-turbo", "0.10")


async def test_statuses_and_types(gateway: Gateway) -> None:
    mart, client = Mart(gateway.client), gateway.client
    ok = {"prompt": "a --sandbox blank"}
    unknown = f"task_{'0' * 26}"
    poor = await gateway.new_account(0)
    mine = await mart.submit("imagine", ok)
    narrow = await gateway.new_key(rate_per_minute=1)
    limited = await gateway.new_key(actions=["blend"])
    await client.call("GET", "/v1/balance", key=narrow)
    cases: list[tuple[Any, int, str, str]] = [
        (await mart.post("imagine", ok, key="sk-nobody"), 401, "authentication_error", "key"),
        (await mart.post("imagine", ok, key=poor), 402, "payment_required", "balance"),
        (await mart.post("imagine", ok, key=limited), 403, "permission_error", "may not"),
        (await client.call("GET", f"/v1/midjourney/{mine}", key=poor), 403, "permission_error",
         "another account"),
        (await client.call("GET", f"/v1/tasks/{mine}", key=poor), 403, "permission_error", ""),
        (await mart.post("upscale", {"task_id": mine, "index": 1}, key=poor), 403,
         "permission_error", "another account"),
        (await client.call("GET", f"/v1/tasks/{unknown}"), 404, "not_found_error", "not found"),
        (await client.call("GET", f"/v1/midjourney/{new_task_id()}"), 404, "not_found_error",
         "not found"),
        (await mart.post("reroll", {"task_id": unknown}), 404, "not_found_error",
         f"task {unknown} not found"),
        (await mart.post("/v1/tasks/x/cancel"), 404, "not_found_error", "task x not found"),
        (await client.call("GET", "/v1/tasks/a/b/c"), 404, "not_found_error", "no path"),
        (await mart.post("nothing", {}), 404, "not_found_error", "no path"),
        (await client.call("DELETE", f"/v1/tasks/{mine}"), 405, BAD, "not allowed"),
        (await client.call("GET", f"{GENERATIONS}/imagine"), 405, BAD, "not allowed"),
        (await mart.post("imagine", b"x" * (81 * 1024 * 1024)), 413, BAD, "bytes"),
        (await mart.post("imagine", {"prompt": "gore"}), 422, BAD, "banned word: gore"),
        (await client.call("GET", "/v1/balance", key=narrow), 429, "rate_limit_error", "minute"),
        (await mart.post("imagine", {"prompt": "a --sandbox queue-full"}), 429,
         "rate_limit_error", ""),
        (await mart.post("imagine", ok, headers={"idempotency-key": "é"}), 400, BAD, "ASCII"),
        (await mart.post("imagine", ok, headers={"cancel-after": "soon"}), 400, BAD, "seconds"),
        (await mart.post("/v1/tasks/batch", {}), 400, BAD, "ids holds"),
        (await client.call("GET", "/v1/tasks?page=0"), 400, BAD, "page must be"),
        (await client.call("GET", "/v1/tasks?status=odd"), 400, BAD, "status must be"),
        (await client.call("GET", "/v1/tasks?action=odd"), 400, BAD, "action must be"),
        (await client.call("GET", "/v1/usage?start=x"), 400, BAD, "invalid_start"),
        (await client.call("GET", "/v1/usage?start=1&end=2678402"), 400, BAD, "range_too_large"),
        (await client.call("GET", "/v1/usage?tz=Mars/Base"), 400, BAD, "invalid_tz"),
        (await client.call("GET", "/v1/usage?group_by=x"), 400, BAD, "invalid_group_by"),
        (await client.call("GET", "/v1/usage?scope=x"), 400, BAD, "invalid_scope"),
        (await client.call("GET", "/v1/usage?model=" + ",".join(map(str, range(51)))), 400, BAD,
         "too_many_models"),
        (await client.call("GET", "/v1/models/midjourney-v99"), 404, "not_found_error", "model"),
        (await client.call("GET", "/v1/model-schema?model=midjourney&operation=x"), 400, BAD,
         "operation must be"),
        (await mart.post("/v1/quote", {"action": "x"}), 400, BAD, "action must be"),
        (await mart.post("/v1/uploads/images", {}), 400, BAD, "missing or invalid file field"),
    ]  # fmt: skip
    for number, (reply, status, kind, text) in enumerate(cases):
        found = error_of(reply)
        assert found[:2] == (status, kind), (number, found)
        assert text in found[2], (number, found)
    assert int(cases[16][0].headers["retry-after"]) >= 1
    assert cases[12][0].headers["allow"] == "GET, HEAD"


async def test_no_channel(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    sandbox = Channel("ch_sandbox", "sandbox", "sandbox", enabled=False)
    async with gateway.house.database.transaction() as connection:
        await channels.change(connection, sandbox)
    await gateway.house.catalogue.refresh()
    found = error_of(await mart.post("imagine", {"prompt": "a"}))
    assert found[:2] == (503, "service_unavailable")
    assert error_of(await mart.post("/v1/quote", {"prompt": "a"}))[0] == 503
    assert await mart.data("/v1/models") == []
