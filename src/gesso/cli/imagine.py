"""`gesso imagine`: paint from the shell, through a running gateway or by itself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gesso import settings as settings_room
from gesso.domain.errors import OperatorError

_PAUSE_S = 0.3
_WAIT_S = 900


def imagine(
    prompt: Annotated[str, typer.Argument(help="What to paint; flags may be in it too.")],
    ar: Annotated[str | None, typer.Option("--ar", help="Aspect ratio, such as 3:2.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same pictures.")] = None,
    niji: Annotated[bool, typer.Option("--niji", help="Anime look.")] = False,
    stylize: Annotated[int | None, typer.Option("--stylize", "-s", help="0–1000.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory for the pictures.")] = Path(),
    url: Annotated[
        str | None, typer.Option(help="A running gesso; empty paints in this process.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="GESSO_KEY", help="API key for --url.")] = None,
) -> None:
    """Paint four pictures and save them with their grid.

    Without --url the pictures are painted right here by the sandbox, without a server.
    """
    flags = "".join(
        f" --{name} {value}"
        for name, value in (("ar", ar), ("seed", seed), ("stylize", stylize))
        if value is not None
    )
    text = prompt + flags + (" --niji" if niji else "")
    out.mkdir(parents=True, exist_ok=True)
    asyncio.run(_imagine(text, out, url, key))


async def _imagine(text: str, out: Path, url: str | None, key: str | None) -> None:
    async with _gateway(url, key) as (base, secret):
        answer = await _call(f"{base}/mj/submit/imagine", secret, {"prompt": text})
        if answer["code"] not in {1, 22}:
            reason = answer.get("properties", {}).get("message") or answer["description"]
            raise OperatorError(f"{reason} (code {answer['code']}; nothing was charged)")
        task = await _wait(base, secret, str(answer["result"]))
        if task["status"] != "SUCCESS":
            raise OperatorError(f"{task['failReason']} (nothing was charged)")
        name = re.sub(r"[^\w]+", "-", text.partition(" --")[0].lower())[:40].strip("-") or "picture"
        await _save(task["imageUrl"], out / f"{name}-grid.png")
        for number, one in enumerate(task["imageUrls"], 1):
            await _save(one["url"], out / f"{name}-{number}.png")


@asynccontextmanager
async def _gateway(url: str | None, key: str | None) -> AsyncIterator[tuple[str, str]]:
    if url:
        if not key:
            raise OperatorError("--url needs a key: --key sk-… or GESSO_KEY")
        yield url.rstrip("/"), key
        return
    async with _own_gateway() as own:
        yield own


@asynccontextmanager
async def _own_gateway() -> AsyncIterator[tuple[str, str]]:
    """Run a gateway of our own on a free loopback port, with a key for this one command."""
    import socket

    import uvicorn

    from gesso.app import build_web, open_house, running_worker
    from gesso.http.server import configure
    from gesso.kit import log
    from gesso.services import administer

    log.set_up(as_json=False, level="ERROR")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listener_port = free.getsockname()[1]
    environ = {k: v for k, v in os.environ.items() if k != "GESSO_PUBLIC_URL"}
    settings = settings_room.read(environ, host="127.0.0.1", port=listener_port)
    async with open_house(settings, set_up=True) as house, running_worker(house):
        if house.first_key:
            typer.echo(f"First admin key (shown this one time, keep it): {house.first_key}")
        own = await administer.create_key(
            house.database, administer.FIRST_ACCOUNT, "gesso imagine", test=True
        )
        config = configure(build_web(house), "127.0.0.1", listener_port, log_level="error")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        try:
            yield settings.base_url, own.secret
        finally:
            server.should_exit = True
            await serving
            await administer.revoke_key(house.database, own.key.id)


async def _wait(base: str, secret: str, task_id: str) -> dict[str, Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    started = time.monotonic()
    with Progress(*columns, TimeElapsedColumn()) as progress:
        bar = progress.add_task("painting", total=100)
        while time.monotonic() - started < _WAIT_S:
            task = await _call(f"{base}/mj/task/{task_id}/fetch", secret, None)
            progress.update(bar, completed=int((task["progress"] or "0%").rstrip("%")))
            if task["status"] in {"SUCCESS", "FAILURE", "CANCEL"}:
                return task
            await asyncio.sleep(_PAUSE_S)
    raise OperatorError(f"task {task_id} is still running; it goes on and can be fetched later")


async def _save(url: str, path: Path) -> None:
    data = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=60).read())
    path.write_bytes(data)
    typer.echo(f"saved {path}")


async def _call(url: str, secret: str, body: dict[str, Any] | None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers | {"Accept-Language": "en"})

    def send() -> dict[str, Any]:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            try:
                return dict(json.load(error))
            except ValueError:
                raise OperatorError(f"{url} answered HTTP {error.code}") from error
        except OSError as error:
            raise OperatorError(f"{url} cannot be reached: {error}") from error

    return await asyncio.to_thread(send)
