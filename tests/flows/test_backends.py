"""Picture backends behind a whole gateway: from an order on each wire to its pictures."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gesso.domain.channel import Channel
from gesso.domain.task import TaskStatus
from gesso.ledger import audit
from gesso.testing.rig import Trouble
from tests.conftest import ADMIN, Gateway, running_gateway
from tests.upstreams.apimart import APIMart
from tests.upstreams.comfyui import MODEL, ComfyUI
from tests.upstreams.sdwebui import SDWebUI

pytestmark = pytest.mark.anyio
QUICK: dict[str, Any] = {"upstream_poll_s": 0.02, "upstream_retry_s": 0.01}


async def accepted(gateway: Gateway, task_id: str) -> bool:
    """Say whether the upstream's id of a task is stored."""
    task = await gateway.house.reader.find(int(task_id))
    return task is not None and task.status is TaskStatus.RUNNING


KINDS: dict[str, Any] = {"sdwebui": SDWebUI, "comfyui": ComfyUI, "apimart": APIMart}


@asynccontextmanager
async def backed(name: str, place: Path, url: str = "") -> AsyncIterator[Gateway]:
    """Run a gateway whose best channel is a backend, on SQLite: it changes nothing there."""
    async with AsyncExitStack() as stack:
        if not url:
            url = (await stack.enter_async_context(KINDS[name].running())).url
        options = {"size": "64", "model": MODEL, "api_key": ADMIN, "mask": "light"}
        channel = Channel("ch_up", "up", name, base_url=url, options=options, priority=9)
        yield await stack.enter_async_context(
            running_gateway("", place, channels=[channel], **QUICK)
        )


async def is_balanced(gateway: Gateway) -> bool:
    async with gateway.house.database.snapshot() as connection:
        report = await audit.check(connection)
    return report.findings == () and report.held_nanos == 0


@pytest.mark.parametrize("name", ["sdwebui", "comfyui", "apimart"])
async def test_a_grid_and_what_follows_it(name: str, tmp_path: Path) -> None:
    async with backed(name, tmp_path) as gateway:
        client = gateway.client
        task = await client.until(await client.imagine("a boat"))
        assert task["status"] == "SUCCESS", task["failReason"]
        assert task["properties"]["discordInstanceId"] == "ch_up"
        assert len(task["imageUrls"]) == 4
        mark = task["properties"]["messageHash"]
        for custom_id in (f"MJ::JOB::variation::2::{mark}", f"MJ::JOB::upsample::1::{mark}"):
            body = {"taskId": task["id"], "customId": custom_id}
            answer = await client.call("POST", "/mj/submit/action", body)
            child = await client.until(answer.json["result"])
            assert child["status"] == "SUCCESS", child["failReason"]
        assert await is_balanced(gateway)


@pytest.mark.parametrize("name", ["sdwebui", "comfyui", "apimart"])
async def test_the_image_endpoints_paint_on_it(name: str, tmp_path: Path) -> None:
    async with backed(name, tmp_path) as gateway:
        wish = {"model": "dall-e-2", "prompt": "a boat", "n": 3, "response_format": "b64_json"}
        answer = await gateway.client.call("POST", "/v1/images/generations", wish)
        assert answer.status == 200, answer.body
        shown = [base64.b64decode(row["b64_json"]) for row in answer.json["data"]]
        assert len(set(shown)) == 3
        for one in shown:
            Image.open(io.BytesIO(one)).load()
        (task,) = (await gateway.client.call("GET", "/mj/task/list")).json
        assert task["properties"]["discordInstanceId"] == "ch_up"
        assert await is_balanced(gateway)


@pytest.mark.parametrize("name", ["sdwebui", "comfyui", "apimart"])
async def test_a_cancelled_task_is_stopped_upstream(name: str, tmp_path: Path) -> None:
    async with KINDS[name].running() as upstream, backed(name, tmp_path, upstream.url) as gateway:
        upstream.trouble = Trouble.STUCK
        client = gateway.client
        task_id = await client.imagine("a boat")
        async with asyncio.timeout(10):
            while not await accepted(gateway, task_id):
                await asyncio.sleep(0.01)
        await client.call("POST", f"/mj/task/{task_id}/cancel", {})
        assert (await client.until(task_id))["status"] == "CANCEL"
        async with asyncio.timeout(10):
            while not upstream.stopped:
                await asyncio.sleep(0.01)
        upstream.trouble = None
        assert await is_balanced(gateway)


async def test_an_order_in_doubt_is_given_up_and_never_sent_again(tmp_path: Path) -> None:
    async with APIMart.running() as upstream, backed("apimart", tmp_path, upstream.url) as gateway:
        upstream.trouble = Trouble.LOSE
        task = await gateway.client.until(await gateway.client.imagine("a boat"))
        assert task["status"] == "FAILURE"
        assert "nobody knows" in task["failReason"]
        assert upstream.url.partition("://")[2] not in task["failReason"]
        assert upstream.started == 1
        assert await is_balanced(gateway)


async def test_another_gesso_as_an_apimart_host(tmp_path: Path) -> None:
    async with running_gateway("", tmp_path / "far") as far:
        url = far.house.settings.base_url
        async with backed("apimart", tmp_path / "near", url) as near:
            client = near.client
            task = await client.until(await client.imagine("a boat --ar 3:2"))
            assert task["status"] == "SUCCESS", task["failReason"]
            mark = task["properties"]["messageHash"]
            body = {"taskId": task["id"], "customId": f"MJ::JOB::variation::2::{mark}"}
            answer = await client.call("POST", "/mj/submit/action", body)
            child = await client.until(answer.json["result"])
            assert child["status"] == "SUCCESS", child["failReason"]
            there = (await far.client.call("GET", "/mj/task/list")).json
            assert sorted(one["action"] for one in there) == ["IMAGINE", "VARIATION"]
            assert await is_balanced(near)
