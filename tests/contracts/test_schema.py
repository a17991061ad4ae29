"""The described wire is the spoken one: requests made from its schema find no surprise."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import ADMIN, running_gateway


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway in a thread of its own: schemathesis calls it from this one."""
    ready, stop = threading.Event(), asyncio.Event()
    found: list[tuple[str, asyncio.AbstractEventLoop]] = []

    async def serve(where: Path) -> None:
        async with running_gateway("", where, free_balance="1000") as gateway:
            found.append((gateway.client.base, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    where = tmp_path_factory.mktemp("schema")
    thread = threading.Thread(target=lambda: asyncio.run(serve(where)))
    thread.start()
    assert ready.wait(30)
    base, loop = found[0]
    yield base
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


# schemathesis draws from `random` inside a strategy, which hypothesis frowns on.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
def test_the_midjourney_wire(base_url: str) -> None:
    wire = schemathesis.openapi.from_url(f"{base_url}/openapi.json").include(path_regex="^/mj/")
    described = [found.ok() for found in wire.get_all_operations() if isinstance(found, Ok)]
    assert len(described) >= 32
    for operation in described:

        @settings(
            max_examples=15, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Case[Any]) -> None:
            case.call_and_validate(headers={"authorization": f"Bearer {ADMIN}"}, checks=CHECKS)

        ask()
