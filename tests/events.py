"""A client of event streams, as an EventSource hears them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from tests.client import Client


async def stream(
    client: Client, path: str, headers: dict[str, str] | None = None
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the head and the events of a stream as they come, until the server ends it."""
    base = client.base.removeprefix("http://")
    host, _, port = base.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sent = {"host": base, "authorization": f"Bearer {client.key}", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    writer.write(f"GET {path} HTTP/1.1\r\nconnection: close\r\n{lines}\r\n".encode())
    event: dict[str, Any] = {}
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        yield {"status": int(head.split()[1]), "head": head.lower()}
        while line := await reader.readline():
            text = line.decode().strip()
            name, colon, value = text.partition(": ")
            if colon and name in {"id", "event", "data"}:
                event[name] = json.loads(value) if name == "data" else value
            elif not text and event:
                yield event
                event = {}
    finally:
        writer.close()


async def collect(client: Client, path: str, **options: Any) -> list[dict[str, Any]]:
    """Return the head and all events of a stream that ends."""
    async with asyncio.timeout(20):
        return [event async for event in stream(client, path, **options)]


async def leave_after(client: Client, path: str, snapshots: int) -> str:
    """Listen to a stream for some snapshots, hang up, and return the id of the last one."""
    leaving, last = stream(client, path), ""
    async with asyncio.timeout(20):
        async for event in leaving:
            last = event.get("id", last)
            snapshots -= "id" in event
            if not snapshots:
                break
    await leaving.aclose()
    return last
