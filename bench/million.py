"""A million chat calls, then the books."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.gateway import environment, gesso, resident_mb
from bench.load import run
from bench.ours import Gesso
from bench.relay import start
from bench.site import CONNECTIONS, PLAIN, Site, upstream

Row = dict[str, Any]


def million(free_port: Callable[[], int], calls: int) -> list[Row]:
    """Many chat calls through gesso; then a row of each, and books that add up to nothing."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        port = stack.enter_context(upstream(free_port()))
        gateway, site = Gesso(), Site(Path(name) / "gesso", free_port(), port)
        runner = start(stack, gateway, site)
        before, rows_before = resident_mb(runner.pid), _settled(site)
        sent = gateway.chat(site, PLAIN)
        load = run(site.port, lambda: sent, connections=CONNECTIONS, seconds=0, most=calls)
        checked = gesso(environment(site.folder, site.port, ""), "ledger", "check")
        return [
            {
                "figure": f"{calls} chat calls",
                "per second": round(load.rate),
                "errors": load.errors,
                "rows of usage": _settled(site) - rows_before,
                "ledger check": checked,
                "MB before": round(before),
                "MB after": round(resident_mb(runner.pid)),
                "MB of database": round((site.folder / "gesso.db").stat().st_size / 1e6),
            }
        ]


def _settled(site: Site) -> int:
    """Count the calls that were paid, once none is open any more.

    A call is answered before the commit that settles it. Raises TimeoutError after a minute.
    """
    connection = sqlite3.connect(site.folder / "gesso.db")
    try:
        for _ in range(600):
            if not _count(connection, "state = 'open'"):
                return _count(connection, "state = 'settled' and charged_nanos > 0")
            time.sleep(0.1)
        raise TimeoutError("calls are still open")
    finally:
        connection.close()


def _count(connection: sqlite3.Connection, where: str) -> int:
    return int(connection.execute(f"select count(*) from calls where {where}").fetchone()[0])
