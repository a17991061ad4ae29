"""The base of providers over HTTP: what it does for them, and what it says of what they lack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import Unavailable, Uncertain
from gesso.domain.provider import Job, Manifest, Progress, Stage
from gesso.domain.task import Action
from gesso.testing.rig import Rig, is_picture
from gesso.upstream.http_provider import HttpProvider
from tests.upstream import Upstream, running_upstream

pytestmark = pytest.mark.anyio
SECRET = "sk-very-secret"


class Small(HttpProvider):
    manifest = Manifest("small", "Small", "As little as can be.", frozenset({Action.IMAGINE}))

    async def submit(self, job: Job) -> str:
        return "1"

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        return self.work_on()

    async def probe(self, channel: Channel) -> None:
        """Always well."""


class SmallRig(Rig):
    def open(self) -> Small:
        return Small()

    def make(self, trouble: object) -> None:
        raise NotImplementedError

    @property
    def started(self) -> int:
        return 0

    @property
    def stopped(self) -> bool:
        return False


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running


def job(url: str) -> Job:
    return SmallRig(Channel("c", "c", "small", base_url=url, options={"api_key": SECRET})).job()


async def test_settings_of_gesso_are_taken_by_name() -> None:
    quick = Small(upstream_poll_s=0.25, unknown_setting=3)
    assert (quick.manifest.poll_s, Small.manifest.poll_s) == (0.25, 1.0)
    headers = quick.sign(job("http://h").channel)
    assert headers == {"authorization": f"Bearer {SECRET}"}


async def test_what_an_upstream_lacks_is_said() -> None:
    small, one = Small(), job("http://127.0.0.1:9")
    with pytest.raises(Uncertain):
        await small.find(one)
    await small.cancel(one, "1")
    assert not small.manifest.can_find


@pytest.mark.parametrize(
    ("told", "percent"), [(40, 40), (12.7, 12), (100, 0), (-3, 0), ("70", 0), (None, 0)]
)
def test_any_percentage_is_taken(told: Any, percent: int) -> None:
    assert Small().work_on(told) == Progress(Stage.WORKING, percent)


async def test_an_end_has_the_pictures_and_their_grid(upstream: Upstream) -> None:
    done = await Small().finish(job(upstream.url), [f"/picture/{n}.png" for n in range(4)])
    assert (done.stage, done.expected) == (Stage.DONE, 4)
    assert [one.position for one in done.pictures] == [0, 1, 2, 3, 4]
    assert all(is_picture(one.data) for one in done.pictures)


@pytest.mark.parametrize("urls", [None, [], [1], "/picture/1.png", ["/nothing/there.png"]])
async def test_an_end_without_its_pictures_is_a_failure(upstream: Upstream, urls: Any) -> None:
    failed = await Small().finish(job(upstream.url), urls)
    assert (failed.stage, failed.code) == (Stage.FAILED, "garbled")


async def test_an_end_that_cannot_be_fetched_now_is_no_end() -> None:
    with pytest.raises(Unavailable):
        await Small().finish(job("http://127.0.0.1:9"), ["/picture/1.png"])


def test_a_failure_leaks_nothing() -> None:
    failed = Small().fail(job("http://up.example"), f"no room at up.example for {SECRET}")
    assert (failed.stage, failed.code) == (Stage.FAILED, "refused")
    assert failed.reason == "no room at *** for ***"
