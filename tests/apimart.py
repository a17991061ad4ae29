"""A small client of the APIMart wire, as tests need it."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

from PIL import Image, ImageDraw

from tests.client import Client, Reply

ENDS = {"completed", "failed", "cancelled"}
GENERATIONS = "/v1/midjourney/generations"


def picture(colour: str = "red", side: int = 32) -> str:
    """A small PNG as a data URL."""
    return _data_url(Image.new("RGB", (side, side), colour))


def mask(side: int = 64) -> str:
    """White where it is repainted, clear elsewhere."""
    image = Image.new("RGBA", (side, side))
    ImageDraw.Draw(image).rectangle((8, 8, side // 2, side // 2), fill="white")
    return _data_url(image)


def png(side: int = 32) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "blue").save(out, "PNG")
    return out.getvalue()


def _data_url(image: Image.Image) -> str:
    out = io.BytesIO()
    image.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def form(data: bytes, *, field: str = "file", name: str = "a.png", kind: str = "image/png") -> Any:
    """Return body and headers of a form with one file."""
    head = (
        f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode() + data + b"\r\n--edge--\r\n"
    return body, {"content-type": "multipart/form-data; boundary=edge"}


class Mart:
    """The wire over a client of a running gateway."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def post(self, name: str, body: Any = None, **options: Any) -> Reply:
        path = name if name.startswith("/") else f"{GENERATIONS}/{name}"
        return await self.client.call("POST", path, {} if body is None else body, **options)

    async def submit(self, name: str, body: Any, status: str = "submitted", **options: Any) -> str:
        """Submit, check the answer, and return the id of the new task."""
        reply = await self.post(name, body, **options)
        assert reply.status == 200, reply.body
        answer = reply.json
        assert answer["code"] == 200
        (one,) = answer["data"]
        assert one["status"] == status, answer
        assert one["task_id"].startswith("task_")
        return str(one["task_id"])

    async def until(self, task_id: str, limit_s: float = 60) -> Any:
        """Poll until the task has ended; return it in the flat shape."""
        async with asyncio.timeout(limit_s):
            while (await self.unified(task_id))["status"] not in ENDS:
                await asyncio.sleep(0.03)
        return await self.flat(task_id)

    async def done(self, name: str, body: Any) -> Any:
        """Submit and wait for a success."""
        task = await self.until(await self.submit(name, body))
        assert task["status"] == "SUCCESS", task
        return task

    async def unified(self, task_id: str, query: str = "", **options: Any) -> Any:
        return (await self.client.get(f"/v1/tasks/{task_id}{query}", **options))["data"]

    async def flat(self, task_id: str) -> Any:
        return await self.client.get(f"/v1/midjourney/{task_id}")

    async def data(self, path: str) -> Any:
        reply = await self.client.call("GET", path)
        assert reply.status == 200, reply.body
        return reply.json["data"]


def error_of(reply: Reply) -> tuple[int, str, str]:
    """Check the envelope of a refusal; return status, type and message."""
    error = reply.json["error"]
    assert error["code"] == reply.status
    return reply.status, error["type"], error["message"]
