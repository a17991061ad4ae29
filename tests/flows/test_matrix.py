"""Every action of the APIMart wire from submit to pictures, on the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gesso.ledger import audit
from tests.apimart import Mart, mask, picture
from tests.conftest import Gateway, running_gateway

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """One gateway; its clips are short."""
    async with running_gateway("", tmp_path, sandbox_video_s=0.3) as running:
        yield running
        async with running.house.database.snapshot() as connection:
            assert not (await audit.check(connection)).findings


async def test_first_orders(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    two = [picture("red"), picture("blue")]
    blend = await mart.done("blend", {"image_urls": two, "size": "2:1"})
    assert (blend["action"], len(blend["image_urls"])) == ("BLEND", 4)
    assert "--ar 2:1" in blend["prompt_en"]
    told = await mart.done("describe", {"image_urls": two})
    assert (told["mode"], told["action"]) == ("DESCRIBE", "DESCRIBE")
    assert "image_urls" not in told
    assert told["prompt"] == told["description"]
    lines = told["prompt"].split("\n")
    assert [line[0] for line in lines if line] == ["1", "2", "3", "4"]
    assert (await mart.unified(told["id"]))["result"]["text"] == told["prompt"]
    short = await mart.done("/v1/midjourney/shorten", {"prompt": "a very large old red fox"})
    assert short["action"] == "SHORTEN"
    edits = await mart.done("edits", {"prompt": "in winter", "image_urls": two, "speed": "fast"})
    assert (edits["action"], edits["cost"]) == ("EDITS", 0.05504)
    assert edits["image_urls"]
    form = {"model": "sandbox", "prompt": "a boat", "image_urls": two[:1], "mask_url": mask(32)}
    masked = await mart.done("/v1/images/generations", form)
    assert masked["action"] == "EDITS"


async def test_follow_ups(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a lighthouse", "size": "3:2", "version": "7"})
    single = await mart.done("upscale", {"task_id": grid["id"], "index": 3})
    one, first = {"task_id": single["id"]}, {"task_id": grid["id"], "index": 1}
    for name, body, action, tiles in (
        ("variation", first, "VARIATION", 4),
        ("high-variation", first, "HIGH_VARIATION", 4),
        ("low-variation", first, "LOW_VARIATION", 4),
        ("variation", one | {"index": 1}, "LOW_VARIATION", 4),
        ("high-variation", one | {"index": 2}, "HIGH_VARIATION", 4),
        ("zoom", one, "ZOOM", 4),
        ("zoom", one | {"zoom_ratio": 1.5}, "ZOOM", 4),
        ("pan", one | {"direction": "left"}, "PAN", 4),
    ):
        task = await mart.done(name, body)
        assert (task["action"], len(task["image_urls"])) == (action, tiles), (name, task)
    job = grid["buttons"][0]["customId"].split("::")[4]
    hd = {"task_id": grid["id"], "custom_id": f"MJ::JOB::upsample_v7_2x_subtle::2::{job}"}
    assert len((await mart.done("upscale", hd))["image_urls"]) == 1
    tree = (await mart.data(f"/v1/tasks/{single['id']}/tree"))["root"]
    assert tree["id"] == grid["id"]
    assert len(tree["children"]) == 5


async def test_version_8_pans_and_remixes(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    body = {"prompt": "a fox in the snow", "size": "3:2", "version": "8.1", "chaos": 10}
    grid = await mart.done("imagine", body)
    single = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    panned = await mart.done("pan", {"task_id": single["id"], "direction": "up"})
    assert panned["action"] == "PAN"
    for name in ("strong", "subtle"):
        body = {"task_id": grid["id"], "index": 2, "prompt": "an owl in the snow"}
        task = await mart.done(f"remix-{name}", body)
        assert (task["action"], len(task["image_urls"])) == (f"REMIX_{name.upper()}", 4)
        assert task["prompt_en"] == "an owl in the snow --v 8.1 --ar 3:2 --c 10"
        receipt = await mart.data(f"/v1/tasks/{task['id']}/receipt")
        assert receipt["price_key"] == f"midjourney@remix_{name}"


async def test_inpaint_and_outpaint(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a lake"})
    single = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    for answer in ({"mask_url": mask(), "prompt": "a red boat"}, {}):
        task_id = await mart.submit("inpaint", {"task_id": single["id"]}, status="modal")
        assert await mart.submit("modal", answer | {"task_id": task_id}) == task_id
        task = await mart.until(task_id)
        assert task["status"] == "SUCCESS", task
        assert len(task["image_urls"]) == 4
        receipt = await mart.data(f"/v1/tasks/{task_id}/receipt")
        assert receipt["price_key"] == "midjourney@modal"
        assert [e["verb"] for e in receipt["entries"]] == ["hold", "capture"]


async def test_video(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    grid = await mart.done("imagine", {"prompt": "a sailing boat"})
    body = {"task_id": grid["id"], "index": 0, "batch_size": 2, "animate_mode": "auto"}
    task = await mart.done("video", body)
    assert (task["mode"], task["action"], task["cost"]) == ("FAST", "VIDEO", 0.4)
    assert task["video_urls"][0] == task["video_url"]
    assert len(task["video_urls"]) == 2
    (videos,) = (await mart.unified(task["id"]))["result"]["videos"]
    assert videos["url"] == task["video_urls"]
    one = await mart.done("upscale", {"task_id": task["id"], "index": 2})
    assert one["video_url"]
    body = {
        "prompt": "drifting away", "image_urls": [picture(side=64)], "end_url": picture("blue"),
        "video_type": "vid_1.1_i2v_720", "motion": "low",
    }  # fmt: skip
    task = await mart.done("video", body)
    assert (task["cost"], len(task["video_urls"])) == (0.4, 1)
