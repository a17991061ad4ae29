"""What the failures of a connection mean."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Locked, Unavailable, Uncertain
from gesso.providers.mjproxy.line import Line, Missing
from tests.upstream import Upstream, png, running_upstream

pytestmark = pytest.mark.anyio
NOBODY = Channel("c", "c", "mjproxy", base_url="http://127.0.0.1:9")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running


def channel(upstream: Upstream) -> Channel:
    return Channel("c", "c", "mjproxy", base_url=upstream.url + "/")


async def test_nobody_there_is_never_uncertain() -> None:
    line = Line(1000)
    with pytest.raises(Unavailable, match="cannot connect"):
        await line.order(NOBODY, "/mj/submit/imagine", {})
    with pytest.raises(Unavailable):
        await line.ask(NOBODY, "GET", "/mj/task/list")
    with pytest.raises(Unavailable):
        await line.download(NOBODY, "/picture/1.png")


async def test_a_broken_answer_to_an_order_is_uncertain(upstream: Upstream) -> None:
    upstream.script.losses = deque(["drop"])
    with pytest.raises(Uncertain):
        await Line(1000).order(channel(upstream), "/mj/submit/imagine", {"prompt": "a"})


async def test_asking_for_a_page_that_is_not_there(upstream: Upstream) -> None:
    with pytest.raises(Garbled, match="HTTP 404"):
        await Line(1000).ask(channel(upstream), "GET", "/mj/nothing")
    upstream.script.answers = deque([(403, b""), (500, b"")])
    with pytest.raises(Locked):
        await Line(1000).ask(channel(upstream), "POST", "/mj/submit/imagine", {})
    with pytest.raises(Unavailable):
        await Line(1000).ask(channel(upstream), "POST", "/mj/submit/imagine", {})


async def test_downloads(upstream: Upstream) -> None:
    line, here = Line(1000), channel(upstream)
    data = png(colour=(7, 90, 160))
    assert await line.download(here, "/picture/7.png") == data
    assert await line.download(NOBODY, f"{upstream.url}/picture/7.png") == data
    upstream.script.pictures = deque([(200, b"x" * 1001), (404, b""), (503, b"")])
    with pytest.raises(Garbled, match="1000 bytes"):
        await line.download(here, "/picture/7.png")
    with pytest.raises(Missing, match="404"):
        await line.download(here, "/picture/7.png")
    with pytest.raises(Unavailable, match="503"):
        await line.download(here, "/picture/7.png")
    with pytest.raises((Missing, Unavailable)):
        await line.download(here, "file:///etc/passwd")


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("99999", 120.0), ("", None), ("Mon, 01 Jan", None)]
)
async def test_how_long_an_upstream_asks_us_to_wait(
    upstream: Upstream, header: str, seconds: float | None
) -> None:
    upstream.script.answers = deque([(429, b"")])
    upstream.script.headers = {"retry-after": header} if header else {}
    with pytest.raises(Unavailable) as busy:
        await Line(1000).order(channel(upstream), "/mj/submit/imagine", {})
    assert busy.value.retry_after_s == seconds
