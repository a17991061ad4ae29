"""The APIMart wire over HTTP: submits, queries, money, uploads, both wires on one task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.apimart import Mart, error_of, form, picture, png
from tests.conftest import Gateway, running_gateway

pytestmark = pytest.mark.anyio
FLAGS = {
    "prompt": "a beautiful sunset --ar 1:1 --v 6", "size": "16:9", "quality": "0.5",
    "version": 7, "seed": 7, "negative_prompt": "people, text", "stylize": "250", "chaos": 5,
    "weird": 3, "tile": True, "iw": 1.5, "sw": 100, "raw": True, "draft": True,
    "extra": "--ow 100", "speed": "turbo", "metadata": {"mine": 1}, "nsfw_check": True,
}  # fmt: skip


@pytest.fixture
async def single(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", tmp_path) as running:
        yield running


async def test_a_life_on_both_databases(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    body = {"prompt": "a red fox --ar 1:1", "size": "3:2", "version": "8.1", "speed": "fast"}
    grid = await mart.done("imagine", body)
    assert (grid["action"], grid["mode"], grid["progress"]) == ("IMAGINE", "FAST", "100%")
    assert grid["prompt"] == "a red fox --ar 1:1"
    assert grid["prompt_en"] == "a red fox --v 8.1 --ar 3:2"
    assert len(grid["image_urls"]) == 4
    assert grid["grid_image_url"] not in grid["image_urls"]
    assert (grid["cost"], grid["credits_cost"], grid["quota"]) == (0.05504, 0.5504, 27520)
    labels = [button["label"] for button in grid["buttons"]]
    assert labels[:5] == ["U1", "U2", "U3", "U4", "🔄"]
    up = await mart.done("upscale", {"task_id": grid["id"], "index": 2})
    assert (up["action"], len(up["image_urls"])) == ("UPSCALE", 1)
    assert "grid_image_url" not in up
    unified = await mart.unified(grid["id"])
    assert (unified["status"], unified["progress"]) == ("completed", 100)
    (images,) = unified["result"]["images"]
    assert images["url"] == grid["image_urls"]
    assert images["expires_at"] > unified["completed"] >= unified["created"]
    tree = await mart.data(f"/v1/tasks/{up['id']}/tree")
    assert tree["root"]["id"] == grid["id"]
    assert [(c["id"], c["index"]) for c in tree["root"]["children"]] == [(up["id"], 2)]
    usage = await mart.data("/v1/usage?group_by=model&tz=UTC")
    assert usage["total"]["requests"] == 2
    assert usage["items"][0]["model"] == "midjourney@imagine-v8.1-fast"
    page = await mart.data("/v1/tasks?page_size=1&status=completed&action=imagine")
    assert (page["total"], page["items"][0]["id"]) == (1, grid["id"])
    quote = (await mart.post("/v1/quote", body)).json["data"]
    assert (quote["samples"], quote["cost"]) == (1, 0.05504)
    assert quote["expected_s"] > 0
    assert quote["channel"]["id"] == "ch_sandbox"


async def test_every_field_becomes_a_flag(single: Gateway) -> None:
    mart = Mart(single.client)
    task = await mart.flat(await mart.submit("imagine", FLAGS))
    assert task["prompt_en"] == (
        "a beautiful sunset --v 7 --ar 16:9 --q 0.5 --seed 7 --no people, text --s 250 --c 5 "
        "--w 3 --tile --iw 1.5 --sw 100 --raw --draft --ow 100"
    )
    assert (task["mode"], task["metadata"]) == ("TURBO", {"mine": 1})
    for body, written in (
        ({"prompt": "a", "niji": True, "version": "6"}, "a --niji 6"),
        ({"prompt": "a --v 6", "niji": True}, "a --niji 6"),
        ({"prompt": "a", "hd": True}, "a --hd --v 8.1"),
        ({"prompt": "a --raw", "raw": False}, "a"),
        ({"prompt": "a", "extra": "--ar 2:1", "size": "1:1"}, "a --ar 2:1"),
    ):
        task = await mart.flat(await mart.submit("/v1/midjourney/generations", body))
        assert task["prompt_en"] == written
        assert task["mode"] == "RELAX"


async def test_both_wires_act_on_one_task(single: Gateway) -> None:
    mart, client = Mart(single.client), single.client
    shown = await client.until(await client.imagine("a boat"))
    grid = await mart.flat(shown["id"])
    assert grid["id"] == shown["taskId"]
    up = await mart.done("upscale", {"task_id": shown["id"], "index": 4})
    (number,) = [t["id"] for t in await client.get("/mj/task/list") if t["taskId"] == up["id"]]
    custom_id = next(b["customId"] for b in up["buttons"] if b["label"] == "Vary (Strong)")
    answer = await client.post("/mj/submit/action", {"taskId": up["id"], "customId": custom_id})
    assert answer["code"] in {1, 22}
    assert (await client.until(answer["result"]))["status"] == "SUCCESS"
    tree = await mart.data(f"/v1/tasks/{number}/tree")
    assert tree["root"]["id"] == grid["id"]
    assert tree["root"]["children"][0]["children"][0]["action"] == "HIGH_VARIATION"
    rerolled = await mart.done("reroll", {"task_id": grid["id"]})
    assert (rerolled["action"], rerolled["cost"]) == ("REROLL", 0.05504)
    varied = await mart.done("high-variation", {"task_id": grid["id"], "index": 1})
    assert (varied["action"], len(varied["image_urls"])) == ("HIGH_VARIATION", 4)


async def test_batch_keeps_the_order_and_marks_the_unknown(single: Gateway) -> None:
    mart = Mart(single.client)
    one = await mart.submit("imagine", {"prompt": "a --sandbox blank"})
    two = await mart.submit("imagine", {"prompt": "b --sandbox blank"})
    ids = [two, "task_nothing", one, 1000000000000000]
    found = (await mart.post("/v1/tasks/batch", {"ids": ids})).json["data"]
    assert [f["id"] for f in found] == [str(i) for i in ids]
    assert [f["status"] == "not_found" for f in found] == [False, True, False, True]
    assert found[1]["error"]["code"] == 404


async def test_the_general_form_for_every_image_model(single: Gateway) -> None:
    mart = Mart(single.client)
    models = await mart.data("/v1/models?expand=category,parameters&category=image")
    assert {"midjourney", "midjourney-v7", "midjourney-niji6", "sandbox"} <= {
        m["id"] for m in models
    }
    assert "prompt" in models[0]["parameters"]["input_schema"]["$defs"]["Images"]["properties"]
    assert await mart.data("/v1/models?category=video") == []
    schema = await single.client.get("/v1/models/midjourney/schema?operation=high-variation")
    assert schema["endpoint"]["path"].endswith("/high-variation")
    body = {
        "model": "sandbox", "prompt": "a hut --sandbox slow:0", "n": 2, "size": "1024x768",
        "quality": "low",
    }  # fmt: skip
    task = await mart.until(await mart.submit("/v1/images/generations", body))
    assert task["prompt_en"].startswith("a hut --sandbox slow:0 --ar 4:3 --q 0.5")
    (images,) = (await mart.unified(task["id"]))["result"]["images"]
    assert len(images["url"]) == 2
    guided = {"model": "midjourney-v6", "prompt": "a", "image_urls": [picture()], "size": "auto"}
    assert (await mart.flat(await mart.submit("/v1/images/generations", guided)))[
        "prompt_en"
    ] == "a --v 6"
    for wrong, status in (
        ({"model": "midjourney-v99", "prompt": "a"}, 404),
        ({"model": "midjourney"}, 400),
        ({"model": "midjourney", "prompt": "a", "n": 9}, 400),
        ({"model": "midjourney", "prompt": "a", "size": "wide"}, 400),
        ({"model": "midjourney", "prompt": "a", "resolution": "4k"}, 400),
        ({"model": "midjourney-v6", "prompt": "a", "resolution": "2k"}, 400),
        ({"model": "midjourney", "prompt": "a", "quality": "best"}, 400),
        ({"model": "midjourney", "prompt": "a", "mask_url": picture()}, 400),
    ):
        assert error_of(await mart.post("/v1/images/generations", wrong))[0] == status


async def test_uploads_are_taken_and_usable(single: Gateway) -> None:
    mart = Mart(single.client)
    body, headers = form(png())
    reply = await mart.post("/v1/uploads/images", body, headers=headers)
    assert reply.status == 200, reply.body
    found = reply.json
    assert (found["filename"], found["content_type"], found["bytes"]) == (
        "a.png", "image/png", len(png()),
    )  # fmt: skip
    assert (await single.client.call("GET", found["url"], key="")).body == png()
    used = await mart.submit("imagine", {"prompt": "a", "image_urls": [found["url"]]})
    assert (await mart.until(used))["status"] == "SUCCESS"
    body, headers = form(b"%PDF-1.7 nothing", kind="application/pdf")
    status, kind, message = error_of(await mart.post("/v1/uploads/images", body, headers=headers))
    assert (status, kind) == (400, "invalid_request_error")
    assert message == "unsupported image type: application/pdf, allowed: jpeg, png, gif, webp"
    body, headers = form(png(), field="picture")
    assert error_of(await mart.post("/v1/uploads/images", body, headers=headers))[2] == (
        "missing or invalid file field: http: no such file"
    )
    body, headers = form(b"x" * (20 * 1024 * 1024 + 1))
    status, _, message = error_of(await mart.post("/v1/uploads/images", body, headers=headers))
    assert (status, message) == (413, "file size 20971521 exceeds maximum 20971520 bytes")
    body, headers = form(b"x" * (21 * 1024 * 1024))
    assert error_of(await mart.post("/v1/uploads/images", body, headers=headers))[0] == 413


async def test_cancel_and_seed(single: Gateway) -> None:
    mart = Mart(single.client)
    task_id = await mart.submit("imagine", {"prompt": "a --sandbox slow:30"})
    ended = (await mart.post(f"/v1/tasks/{task_id}/cancel")).json["data"]
    assert (ended["status"], ended["cost"]) == ("cancelled", 0)
    assert (await mart.post(f"/v1/tasks/{task_id}/cancel")).status == 200
    assert (await mart.flat(task_id))["status"] == "CANCEL"
    assert error_of(await single.client.call("GET", f"/v1/tasks/{task_id}/seed"))[0] == 400
    done = await mart.done("imagine", {"prompt": "a", "seed": 99})
    assert (await mart.data(f"/v1/tasks/{done['id']}/seed"))["seed"] == 99
    assert error_of(await mart.post(f"/v1/tasks/{done['id']}/cancel"))[0] == 400


async def test_failures_speak_ten_languages(single: Gateway) -> None:
    mart = Mart(single.client)
    task = await mart.until(await mart.submit("imagine", {"prompt": "a --sandbox fail:timeout"}))
    assert (task["status"], task["fail_reason"]) == ("FAILURE", "Task timeout")
    told = {}
    for language in ("", "?language=zh", "?language=DE", "?language=tlh"):
        error = (await mart.unified(task["id"], language))["error"]
        assert (error["code"], error["type"]) == ("timeout", "task_failed")
        told[language] = error["message"]
    assert told == {
        "": "Task timeout",
        "?language=zh": "任务超时。",
        "?language=DE": "Die Aufgabe hat zu lange gedauert.",
        "?language=tlh": "Task timeout",
    }
