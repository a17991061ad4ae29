"""A finished task runs once more: same input, same parent, same seed, and so the same picture."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apimart import Mart, mask, picture
from tests.conftest import Gateway

pytestmark = pytest.mark.anyio


async def _bytes(gateway: Gateway, task: Any) -> list[bytes]:
    return [(await gateway.client.call("GET", url)).body for url in task["image_urls"]]


async def _again(mart: Mart, task: Any, **fields: Any) -> Any:
    reply = await mart.post(f"/v1/tasks/{task['id']}/rerun", fields)
    assert reply.status == 200, reply.body
    return await mart.until(reply.json["data"][0]["task_id"])


async def test_a_grid_and_what_was_made_of_it_come_out_the_same(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a lighthouse", "speed": "fast"})
    varied = await mart.done("variation", {"task_id": grid["id"], "index": 3, "speed": "fast"})
    blended = await mart.done("blend", {"image_urls": [picture("red"), picture("blue")]})
    for first in (grid, varied, blended):
        second = await _again(mart, first)
        assert second["status"] == "SUCCESS"
        assert (second["action"], second["mode"]) == (first["action"], first["mode"])
        assert second["id"] != first["id"]
        assert second["cost"] == first["cost"]
        assert await _bytes(gateway, second) == await _bytes(gateway, first)
    tree = await mart.data(f"/v1/tasks/{varied['id']}/tree")
    assert [child["index"] for child in tree["root"]["children"]] == [3, 3]


async def test_a_repainted_region_and_a_reroll_keep_what_they_came_from(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a harbour", "speed": "fast"})
    up = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    asked = await mart.submit("inpaint", {"task_id": up["id"]}, "modal")
    await mart.post("modal", {"task_id": asked, "mask_url": mask(), "prompt": "a red boat"})
    region = await mart.until(asked)
    assert region["status"] == "SUCCESS", region
    rerolled = await mart.done("reroll", {"task_id": region["id"]})
    for first in (region, rerolled):
        second = await _again(mart, first)
        assert second["status"] == "SUCCESS", second
        assert second["cost"] == first["cost"]
        assert await _bytes(gateway, second) == await _bytes(gateway, first)


async def test_the_speed_of_the_new_task_may_be_another(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a kite", "speed": "fast"})
    second = await _again(mart, grid, speed="turbo")
    assert second["mode"] == "TURBO"
    assert await _bytes(gateway, second) == await _bytes(gateway, grid)


async def test_what_cannot_run_again_is_refused(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    running = await mart.submit("imagine", {"prompt": "x --sandbox slow:60"})
    early = await mart.post(f"/v1/tasks/{running}/rerun")
    assert early.status == 400, early.body
    grid = await mart.done("imagine", {"prompt": "x", "speed": "fast"})
    stranger = await gateway.new_account(10**9)
    assert (await mart.post(f"/v1/tasks/{grid['id']}/rerun", key=stranger)).status == 403
    assert (await mart.post("/v1/tasks/task_nothing/rerun")).status == 404
    up = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    asked = await mart.submit("inpaint", {"task_id": up["id"]}, "modal")
    await mart.post(f"/v1/tasks/{asked}/cancel")
    never = await mart.post(f"/v1/tasks/{asked}/rerun")
    assert (never.status, b"never answered" in never.body) == (400, True)
