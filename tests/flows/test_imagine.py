"""From a submit to paid pictures, over HTTP, on both databases."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image

from gesso.ledger import audit
from gesso.ledger.money import DOLLAR
from gesso.services import administer
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio

FAST = 55_040_000


async def balance(gateway: Gateway) -> tuple[int, int]:
    account = (await administer.list_accounts(gateway.house.database))[0]
    return account.available_nanos, account.held_nanos


async def books_are_right(gateway: Gateway) -> bool:
    async with gateway.house.database.snapshot() as connection:
        return not (await audit.check(connection)).findings


async def test_four_pictures_a_grid_and_one_charge(gateway: Gateway) -> None:
    task_id = await gateway.client.imagine("a red fox in the snow --ar 3:2", state="mine")
    task = await gateway.client.until(task_id)
    assert task["status"] == "SUCCESS"
    assert task["progress"] == "100%"
    assert task["state"] == "mine"
    assert len(task["imageUrls"]) == 4
    assert [b["label"] or b["emoji"] for b in task["buttons"]] == [
        "U1", "U2", "U3", "U4", "🔄", "V1", "V2", "V3", "V4",
    ]  # fmt: skip
    seen = set()
    for url in [task["imageUrl"], *(one["url"] for one in task["imageUrls"])]:
        reply = await gateway.client.call("GET", url, key="")
        assert reply.status == 200
        with Image.open(io.BytesIO(reply.body)) as image:
            assert image.width > image.height
        seen.add(reply.body)
    assert len(seen) == 5
    assert await balance(gateway) == (10 * DOLLAR - FAST, 0)
    assert await books_are_right(gateway)


async def test_same_seed_same_pictures(gateway: Gateway) -> None:
    ids = [await gateway.client.imagine("a lighthouse --seed 7") for _ in range(2)]
    ids.append(await gateway.client.imagine("a lighthouse --seed 8"))
    pictures = []
    for one in ids:
        task = await gateway.client.until(one)
        pictures.append((await gateway.client.call("GET", task["imageUrl"], key="")).body)
    assert pictures[0] == pictures[1] != pictures[2]


async def test_twenty_equal_prompts_at_once_are_twenty_tasks(gateway: Gateway) -> None:
    ids = await asyncio.gather(*(gateway.client.imagine("a cat") for _ in range(20)))
    tasks = await asyncio.gather(*(gateway.client.until(one) for one in ids))
    assert len({t["seed"] for t in tasks}) == 20
    assert await balance(gateway) == (10 * DOLLAR - 20 * FAST, 0)
    assert await books_are_right(gateway)


async def test_upscale_is_the_tile_and_variation_is_near_it(gateway: Gateway) -> None:
    parent = await gateway.client.until(await gateway.client.imagine("an owl"))
    buttons = {b["label"] or "R": b["customId"] for b in parent["buttons"]}
    ids = {}
    for label in ("U2", "V3", "R"):
        body = {"taskId": parent["id"], "customId": buttons[label]}
        ids[label] = (await gateway.client.post("/mj/submit/action", body))["result"]
    done = {label: await gateway.client.until(one) for label, one in ids.items()}
    assert {t["status"] for t in done.values()} == {"SUCCESS"}
    assert [done[x]["action"] for x in ("U2", "V3", "R")] == ["UPSCALE", "VARIATION", "IMAGINE"]
    single = await gateway.client.call("GET", done["U2"]["imageUrl"], key="")
    tile = await gateway.client.call("GET", parent["imageUrls"][1]["url"], key="")
    assert single.body == tile.body
    assert len(done["V3"]["imageUrls"]) == 4
    assert done["R"]["seed"] != parent["seed"]
    assert any(b["label"] == "Vary (Region)" for b in done["U2"]["buttons"])
    assert done["U2"]["description"] == f"/up {parent['id']} U2"
    assert await books_are_right(gateway)


async def test_failure_gives_the_money_back(gateway: Gateway) -> None:
    task = await gateway.client.until(await gateway.client.imagine("x --sandbox fail:banned"))
    assert (task["status"], task["progress"]) == ("FAILURE", "100%")
    assert task["failReason"] == "Banned prompt detected"
    assert task["finishTime"]
    assert await balance(gateway) == (10 * DOLLAR, 0)


async def test_partial_delivery_is_charged_in_part(gateway: Gateway) -> None:
    task = await gateway.client.until(await gateway.client.imagine("x --sandbox partial:3"))
    assert task["status"] == "SUCCESS"
    assert len(task["imageUrls"]) == 3
    assert await balance(gateway) == (10 * DOLLAR - FAST * 3 // 4, 0)
    assert await books_are_right(gateway)


async def test_cancel_of_waiting_and_running(gateway: Gateway) -> None:
    ids = [await gateway.client.imagine("x --sandbox slow:600") for _ in range(4)]
    await gateway.client.until(ids[0], {"SUBMITTED", "IN_PROGRESS"})
    queue = await gateway.client.get("/mj/task/queue")
    assert [t["id"] for t in queue] == ids
    for one in (ids[3], ids[0]):
        reply = await gateway.client.call("POST", f"/mj/task/{one}/cancel", {})
        assert reply.body == '{"code":1,"description":"成功","result":null}'.encode()
        task = await gateway.client.get(f"/mj/task/{one}/fetch")
        assert (task["status"], task["progress"]) == ("CANCEL", "100%")
    # The place that was freed is used at once.
    await gateway.client.imagine("x --sandbox slow:600")
    again = await gateway.client.post(f"/mj/task/{ids[0]}/cancel")
    assert again["code"] == 1
    assert await balance(gateway) == (10 * DOLLAR - 3 * FAST, 3 * FAST)
    for one in (t["id"] for t in await gateway.client.get("/mj/task/queue")):
        await gateway.client.post(f"/mj/task/{one}/cancel")
    assert await balance(gateway) == (10 * DOLLAR, 0)
    assert await books_are_right(gateway)


async def test_fourth_task_of_three_places_waits_first_in_line(gateway: Gateway) -> None:
    for _ in range(3):
        answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "x --sandbox slow:600"})
        assert answer["code"] == 1
    answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "x"})
    assert answer["code"] == 22
    assert answer["properties"]["numberOfQueues"] == 1
    assert answer["description"] == "排队中，前面还有1个任务"


async def test_turbo_overtakes_fast_overtakes_relax(gateway: Gateway) -> None:
    blocking = [await gateway.client.imagine("x --sandbox slow:600") for _ in range(3)]
    for one in blocking:
        await gateway.client.until(one, {"SUBMITTED", "IN_PROGRESS"})
    order = []
    for mode in ("relax", "fast", "turbo"):
        path = f"/mj-{mode}/mj/submit/imagine"
        answer = await gateway.client.post(path, {"prompt": "x --sandbox blank"})
        order.append(answer["result"])
    await gateway.client.post(f"/mj/task/{blocking[0]}/cancel")
    done = [await gateway.client.until(one) for one in order]
    assert [t["mode"] for t in sorted(done, key=lambda t: t["startTime"])] == [
        "TURBO", "FAST", "RELAX",
    ]  # fmt: skip


async def test_image_prompts_change_the_picture(gateway: Gateway) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (20, 200, 40)).save(out, "PNG")
    import base64

    data = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    plain = await gateway.client.imagine("a castle --seed 3")
    tinted = await gateway.client.imagine("a castle --seed 3", base64Array=[data])
    pictures = [
        (
            await gateway.client.call("GET", (await gateway.client.until(one))["imageUrl"], key="")
        ).body
        for one in (plain, tinted)
    ]
    assert pictures[0] != pictures[1]


async def test_list_and_list_by_condition(gateway: Gateway) -> None:
    ids = [await gateway.client.imagine(f"x{n} --sandbox blank") for n in range(3)]
    for one in ids:
        await gateway.client.until(one)
    assert [t["id"] for t in await gateway.client.get("/mj/task/list")] == ids[::-1]
    body = {"ids": [ids[2], "1234567890123456", ids[0], "nonsense"]}
    listed = await gateway.client.post("/mj/task/list-by-condition", body)
    assert {t["id"] for t in listed} == {ids[0], ids[2]}
    assert await gateway.client.post("/mj/task/list-by-condition", {}) == []
    both_faces = await gateway.client.get(f"/mj/task/{listed[0]['taskId']}/fetch")
    assert both_faces["id"] == listed[0]["id"]


async def test_pictures_have_links_ranges_and_thumbnails(gateway: Gateway) -> None:
    task = await gateway.client.until(await gateway.client.imagine("a whale"))
    url = task["imageUrl"]
    whole = await gateway.client.call("GET", url, key="")
    part = await gateway.client.call("GET", url, key="", headers={"range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole.body[10:20])
    tail = await gateway.client.call("GET", url, key="", headers={"range": "bytes=-5"})
    assert tail.body == whole.body[-5:]
    wrong = await gateway.client.call("GET", url, key="", headers={"range": "bytes=999999999-"})
    assert wrong.status == 416
    etag = whole.headers["etag"]
    same = await gateway.client.call("GET", url, key="", headers={"if-none-match": etag})
    assert same.status == 304
    small = await gateway.client.call("GET", url + "&w=64", key="")
    with Image.open(io.BytesIO(small.body)) as image:
        assert image.width == 64
    forged = await gateway.client.call("GET", url.replace("expires=1", "expires=2"), key="")
    assert forged.status == 403
    owner = await gateway.client.call("GET", f"/mj/image/{task['id']}")
    assert owner.body == whole.body


async def test_test_keys_paint_and_cost_nothing(gateway: Gateway) -> None:
    key = await gateway.new_key(test=True)
    assert key.startswith("sk-test-")
    answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "a dog"}, key=key)
    task = await gateway.client.until(answer["result"])
    assert task["status"] == "SUCCESS"
    assert await balance(gateway) == (10 * DOLLAR, 0)
    assert await books_are_right(gateway)


async def test_idempotency_key_leads_to_the_same_task(gateway: Gateway) -> None:
    once = {"idempotency-key": "abc"}
    body = {"prompt": "a rabbit --sandbox blank"}
    answers = await asyncio.gather(
        *(gateway.client.post("/mj/submit/imagine", body, headers=once) for _ in range(5))
    )
    assert len({a["result"] for a in answers}) == 1
    other = await gateway.client.call(
        "POST", "/mj/submit/imagine", {"prompt": "a bear"}, headers=once
    )
    assert other.status == 409
    assert other.json["properties"]["error"] == "idempotency_key_reused"
    await gateway.client.until(answers[0]["result"])
    assert await balance(gateway) == (10 * DOLLAR - FAST, 0)
