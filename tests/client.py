"""A small client of the Midjourney wire, as tests need it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from pyreqwest.client import Client as Http
from pyreqwest.client import ClientBuilder

FINAL = {"SUCCESS", "FAILURE", "CANCEL"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    def __init__(self, base: str, key: str) -> None:
        self.base = base
        self.key = key
        self._http: Http = ClientBuilder().no_proxy().follow_redirects(False).build()

    async def __aenter__(self) -> Client:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *rest: Any) -> None:
        await self._http.__aexit__(*rest)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request; `body` may be a JSON value or raw bytes."""
        url = path if path.startswith("http") else self.base + path
        request = self._http.request(method, url)
        sent = {"authorization": f"Bearer {self.key if key is None else key}"}
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            request = request.body_bytes(raw)
            sent["content-type"] = "application/json"
        response = await request.headers(sent | (headers or {})).build().send()
        data = bytes(await response.bytes())
        found = {k.lower(): v for k, v in response.headers.items()}
        return Reply(response.status, found, data)

    async def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return (await self.call("POST", path, {} if body is None else body, **options)).json

    async def get(self, path: str, **options: Any) -> Any:
        return (await self.call("GET", path, **options)).json

    async def imagine(self, prompt: str, **fields: Any) -> str:
        """Submit and return the task id."""
        answer = await self.post("/mj/submit/imagine", {"prompt": prompt, **fields})
        assert answer["code"] in {1, 22}, answer
        return str(answer["result"])

    async def until(self, task_id: str, statuses: set[str] = FINAL, limit_s: float = 30) -> Any:
        """Poll, as clients of this wire do, until the task has one of the statuses."""
        async with asyncio.timeout(limit_s):
            while True:
                task = await self.get(f"/mj/task/{task_id}/fetch")
                if task["status"] in statuses:
                    return task
                await asyncio.sleep(0.02)
