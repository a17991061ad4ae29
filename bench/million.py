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
        before, rows_before = resident_mb(runner.pid), _rows(site)
        sent = gateway.chat(site, PLAIN)
        load = run(site.port, lambda: sent, connections=CONNECTIONS, seconds=0, most=calls)
        # A call is answered before its last row is written, by one commit at most.
        time.sleep(1)
        checked = gesso(environment(site.folder, site.port, ""), "ledger", "check")
        return [
            {
                "figure": f"{calls} chat calls",
                "per second": round(load.rate),
                "errors": load.errors,
                "rows of usage": _rows(site) - rows_before,
                "ledger check": checked,
                "MB before": round(before),
                "MB after": round(resident_mb(runner.pid)),
                "MB of database": round((site.folder / "gesso.db").stat().st_size / 1e6),
            }
        ]


def _rows(site: Site) -> int:
    """Count the calls that ended well and were paid."""
    asked = "select count(*) from calls where state = 'done' and charged_nanos > 0"
    connection = sqlite3.connect(site.folder / "gesso.db")
    try:
        return int(connection.execute(asked).fetchone()[0])
    finally:
        connection.close()
