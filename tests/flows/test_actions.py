"""The direct actions of the Midjourney wire, over HTTP: what they take, give and cost."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from gesso.ledger import audit
from gesso.ledger.money import DOLLAR
from gesso.services import administer
from tests.conftest import Gateway
from tests.flows.test_dialogs import box, picture, png

pytestmark = pytest.mark.anyio

OTHER = 55_040_000


async def spent(gateway: Gateway) -> int:
    account = (await administer.list_accounts(gateway.house.database))[0]
    async with gateway.house.database.snapshot() as connection:
        assert not (await audit.check(connection)).findings
    assert account.held_nanos == 0
    return 10 * DOLLAR - account.available_nanos


async def done(gateway: Gateway, path: str, body: Any) -> Any:
    answer = await gateway.client.post(path, body)
    assert answer["code"] in {1, 22}, answer
    task = await gateway.client.until(answer["result"])
    assert task["status"] == "SUCCESS", task["failReason"]
    return task


@pytest.mark.parametrize(
    ("dimensions", "ratio"), [(None, 1.0), ("PORTRAIT", 2 / 3), ("LANDSCAPE", 3 / 2)]
)
async def test_blend(gateway: Gateway, dimensions: str | None, ratio: float) -> None:
    body: dict[str, Any] = {"base64Array": [png(box("red")), png(box("blue"))]}
    if dimensions:
        body["dimensions"] = dimensions
    task = await done(gateway, "/mj/submit/blend", body)
    assert task["action"] == "BLEND"
    assert task["description"] == f"/blend {task['id']} 2"
    assert len(task["imageUrls"]) == 4
    assert task["imageWidth"] / task["imageHeight"] == pytest.approx(ratio, rel=0.2)
    assert await spent(gateway) == OTHER


@pytest.mark.parametrize("path", ["edits", "edit", "retexture"])
async def test_edits_take_a_picture_a_link_of_ours_and_bare_base64(
    gateway: Gateway, path: str
) -> None:
    first = png(box("green"))
    uploaded = await gateway.client.post(
        "/mj/submit/upload-discord-images", {"base64Array": [first]}
    )
    for image in (first, first.partition(",")[2], uploaded["result"][0]):
        body = {"prompt": "a lighthouse", "image": image}
        task = await done(gateway, f"/mj/submit/{path}", body)
        assert task["action"] == ("RETEXTURE" if path == "retexture" else "EDITS")
        assert len(task["imageUrls"]) == 4


async def test_video_gives_clips_that_play(gateway: Gateway) -> None:
    body = {"prompt": "slow waves", "image": png(box("blue")), "batchSize": 2, "motion": "high"}
    task = await done(gateway, "/mj/submit/video", body)
    assert (task["action"], len(task["videoUrls"])) == ("VIDEO", 2)
    assert task["videoUrl"] == task["videoUrls"][0]["url"]
    clip = await gateway.client.call("GET", task["videoUrl"], key="")
    assert clip.headers["content-type"] == "video/mp4"
    assert clip.body[4:8] == b"ftyp"
    part = await gateway.client.call(
        "GET", task["videoUrl"], key="", headers={"range": "bytes=0-99"}
    )
    assert (part.status, part.body) == (206, clip.body[:100])
    assert (await picture(gateway, task["imageUrl"])).height == 480
    assert await spent(gateway) == 2 * 200_000_000
    longer = {"prompt": "", "action": "extend", "taskId": task["id"], "index": 1, "batchSize": 1}
    more = await done(gateway, "/mj/submit/video", longer)
    assert len(more["videoUrls"]) == 1
    assert await spent(gateway) == 3 * 200_000_000


async def test_a_swap_without_a_face_says_so_and_costs_nothing(gateway: Gateway) -> None:
    body = {"sourceBase64": png(box("red")), "targetBase64": png(box("blue"))}
    answer = await gateway.client.post("/mj/insight-face/swap", body)
    task = await gateway.client.until(answer["result"])
    assert (task["action"], task["status"]) == ("SWAP_FACE", "FAILURE")
    assert "face" in task["failReason"]
    assert task["properties"]["botType"] == "INSIGHT_FACE"
    assert await spent(gateway) == 0


async def test_change_and_simple_change(gateway: Gateway) -> None:
    grid = await gateway.client.until(await gateway.client.imagine("an owl"))
    change = {"taskId": grid["id"], "action": "UPSCALE", "index": 3}
    up = await done(gateway, "/mj/submit/change", change)
    assert up["customId"] == f"MJ::JOB::upsample::3::{grid['properties']['messageHash']}"
    varied = await done(gateway, "/mj/submit/simple-change", {"content": f"{grid['id']} v2"})
    assert (varied["action"], varied["description"]) == ("VARIATION", f"/up {grid['id']} V2")
    again = await done(gateway, "/mj/submit/change", {"taskId": grid["id"], "action": "REROLL"})
    assert again["action"] == "IMAGINE"
    for content in ("", grid["id"], f"{grid['id']} U5", f"{grid['id']}  U1 x", f"{grid['id']} R2"):
        answer = await gateway.client.post("/mj/submit/simple-change", {"content": content})
        assert (answer["code"], answer["description"]) == (4, "content参数错误")
    for wrong in ({"index": 0}, {"action": "ZOOM"}, {"index": None}):
        answer = await gateway.client.post("/mj/submit/change", change | wrong)
        assert answer["code"] == 4


async def test_a_reroll_repeats_what_was_asked_anew(gateway: Gateway) -> None:
    body = {"base64Array": [png(box("red")), png(box("blue"))], "dimensions": "LANDSCAPE"}
    blend = await done(gateway, "/mj/submit/blend", body)
    reroll = {"taskId": blend["id"], "action": "REROLL"}
    second = await done(gateway, "/mj/submit/change", reroll)
    third = await done(gateway, "/mj/submit/change", {**reroll, "taskId": second["id"]})
    for again in (second, third):
        assert again["action"] == "BLEND"
        assert (again["imageWidth"], again["imageHeight"]) == (
            blend["imageWidth"], blend["imageHeight"],
        )  # fmt: skip
    seen = {(await picture(gateway, t["imageUrl"])).tobytes() for t in (blend, second, third)}
    assert len(seen) == 3


async def test_a_reroll_of_a_pan_pans_the_same_picture(gateway: Gateway) -> None:
    grid = await gateway.client.until(await gateway.client.imagine("an owl --v 7"))
    job = grid["properties"]["messageHash"]
    up = await press(gateway, grid, f"MJ::JOB::upsample::1::{job}")
    pan = await press(gateway, up, f"MJ::JOB::pan_left::1::{up['properties']['messageHash']}")
    again = await press(
        gateway, pan, f"MJ::JOB::reroll::0::{pan['properties']['messageHash']}::SOLO"
    )
    assert again["action"] == "PAN"
    old = await picture(gateway, up["imageUrl"])
    for shown in (pan["imageUrls"][0], again["imageUrls"][0]):
        new = await picture(gateway, shown["url"])
        right = new.crop((new.width - old.width // 2, 0, new.width, new.height))
        assert right.tobytes() == old.crop((old.width // 2, 0, *old.size)).tobytes()


async def press(gateway: Gateway, task: Any, custom_id: str) -> Any:
    return await done(gateway, "/mj/submit/action", {"taskId": task["id"], "customId": custom_id})


async def test_uploads_have_links_that_work_as_image_prompts(gateway: Gateway) -> None:
    body = {"base64Array": [png(box("red")), png(box("blue"))]}
    answer = await gateway.client.post("/mj/submit/upload-discord-images", body)
    assert (answer["code"], len(answer["result"])) == (1, 2)
    for url in answer["result"]:
        assert (await picture(gateway, url)).size == (64, 64)
    forged = answer["result"][0].replace("expires=", "expires=9")
    assert (await gateway.client.call("GET", forged, key="")).status == 403
    plain = await gateway.client.until(await gateway.client.imagine("a castle --seed 3"))
    tinted = await gateway.client.until(
        await gateway.client.imagine(f"{answer['result'][0]} a castle --seed 3")
    )
    assert tinted["status"] == "SUCCESS"
    assert (await picture(gateway, plain["imageUrl"])).tobytes() != (
        await picture(gateway, tinted["imageUrl"])
    ).tobytes()


async def test_a_private_link_fails_with_its_reason_and_costs_nothing(gateway: Gateway) -> None:
    prompt = "http://127.0.0.1:9/a.png a castle"
    task = await gateway.client.until(await gateway.client.imagine(prompt))
    assert task["status"] == "FAILURE"
    assert "127.0.0.1" in task["failReason"]
    assert await spent(gateway) == 0


async def test_show_finds_the_task_of_a_job_and_of_a_picture(gateway: Gateway) -> None:
    task = await gateway.client.until(await gateway.client.imagine("an owl --sandbox blank"))
    for job in (task["properties"]["messageHash"], task["imageUrl"]):
        answer = await gateway.client.post("/mj/submit/show", {"jobId": job})
        assert (answer["code"], answer["result"]) == (1, task["id"])
    stranger = await gateway.new_account(0)
    for job, key in (
        ("7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
        ("https://example.org/x.png", None),
        (task["properties"]["messageHash"], stranger),
    ):
        answer = await gateway.client.post("/mj/submit/show", {"jobId": job}, key=key)
        assert answer["code"] == 3


async def test_the_seed_is_told(gateway: Gateway) -> None:
    done_id = await gateway.client.imagine("an owl --seed 77 --sandbox blank")
    await gateway.client.until(done_id)
    answer = await gateway.client.get(f"/mj/task/{done_id}/image-seed")
    assert answer == {"code": 1, "description": "成功", "result": "77"}


async def test_pages_of_tasks(gateway: Gateway) -> None:
    ids = [await gateway.client.imagine(f"bird {n} --sandbox blank") for n in range(5)]
    for one in ids:
        await gateway.client.until(one)
    await gateway.client.until(await gateway.client.imagine("100% cat --sandbox fail:banned"))
    page = await gateway.client.post("/mj/task/query", {"pageSize": 2, "prompt": "BIRD"})
    assert (page["totalElements"], page["totalPages"]) == (5, 3)
    assert [t["id"] for t in page["content"]] == ids[:-3:-1]
    assert page["content"][0]["displays"]["status"] == "SUCCESS"
    assert (page["first"], page["last"], page["empty"]) == (True, False, False)
    last = await gateway.client.post(
        "/mj/task/query", {"pageNumber": 2, "pageSize": 2, "prompt": "bird", "sort": "id,asc"}
    )
    assert [t["id"] for t in last["content"]] == [ids[4]]
    assert last["last"] is True
    for body, total in (
        ({"status": "FAILURE"}, 1),
        ({"statusSet": ["SUCCESS", "FAILURE"]}, 6),
        ({"prompt": "100%"}, 1),
        ({"prompt": "10_%"}, 0),
        ({"ids": [ids[0], "nonsense"]}, 1),
        ({"ids": ["nonsense"]}, 0),
        ({"failReason": "banned"}, 1),
        ({"action": "IMAGINE"}, 6),
        ({"action": "BLEND"}, 0),
        ({"instanceId": "ch_sandbox"}, 6),
        ({"pageNumber": 9}, 6),
    ):
        found = await gateway.client.post("/mj/task/query", body)
        assert found["totalElements"] == total, body
    for wrong in (
        {"pageSize": 0}, {"pageNumber": -1}, {"pageSize": 10**9}, {"sort": "balance,desc"},
        {"status": "SLEEPING"}, {"action": "DANCE"},
    ):  # fmt: skip
        assert (await gateway.client.post("/mj/task/query", wrong))["code"] == 4, wrong


MISSING: list[tuple[str, Any, int, str]] = [
    ("blend", {}, 4, "base64Array"),
    ("blend", {"base64Array": ["a"]}, 4, "base64Array"),
    ("blend", {"base64Array": [png(box("red"))] * 2, "dimensions": "ROUND"}, 4, "dimensions"),
    ("describe", {}, 4, "base64"),
    ("describe", {"base64": "data:image/png;base64,!!"}, 4, "base64"),
    ("shorten", {"prompt": "  "}, 4, "prompt"),
    ("edits", {"prompt": "x"}, 4, "image"),
    ("edits", {"image": png(box("red"))}, 4, "prompt"),
    ("retexture", {"prompt": "x", "image": "data:,"}, 4, "image"),
    ("video", {"prompt": "x"}, 4, "image"),
    ("video", {"prompt": "x", "image": png(box("red")), "batchSize": 3}, 4, "batchSize"),
    ("video", {"prompt": "x", "image": png(box("red")), "motion": "wild"}, 4, "motion"),
    ("video", {"prompt": "x", "image": png(box("red")), "videoType": "8k"}, 4, "videoType"),
    ("video", {"action": "extend", "taskId": "1234567890123456", "index": 9}, 4, "index"),
    ("modal", {}, 4, "taskId"),
    ("show", {}, 4, "jobId"),
    ("upload-discord-images", {"base64Array": []}, 4, "base64Array"),
]


@pytest.mark.parametrize(("path", "body", "code", "param"), MISSING)
async def test_what_is_missing_is_named(
    gateway: Gateway, path: str, body: Any, code: int, param: str
) -> None:
    answer = await gateway.client.post(f"/mj/submit/{path}", body)
    assert answer["code"] == code, answer
    assert answer["properties"]["param"].partition("[")[0] == param
    assert answer["properties"]["charged"] is False
    assert await gateway.client.get("/mj/task/list") == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
async def test_every_format_is_read(gateway: Gateway, kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (48, 32), "orange").save(out, kind)
    text = base64.b64encode(out.getvalue()).decode()
    for sent in (text, f"data:;base64,{text}", f"data:image/{kind.lower()};base64,{text}"):
        answer = await gateway.client.post("/mj/submit/describe", {"base64": sent})
        assert answer["code"] == 1
        task = await gateway.client.until(answer["result"])
        assert task["prompt"].endswith("--ar 3:2")


async def test_a_picture_on_its_side_is_turned(gateway: Gateway) -> None:
    image = Image.new("RGB", (48, 32), "orange")
    exif = image.getexif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    sent = base64.b64encode(out.getvalue()).decode()
    task = await done(gateway, "/mj/submit/describe", {"base64": sent})
    assert task["prompt"].endswith("--ar 2:3")
