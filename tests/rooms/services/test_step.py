"""Carrying a task on from every stored state, with providers that misbehave.

What upstreams do over the wire is in `tests/flows/test_upstream.py`; here a provider of a
few lines breaks the port itself.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import Refused, Unavailable, Uncertain
from gesso.domain.provider import Delivered, Job, Manifest, Progress, Stage
from gesso.domain.task import Action, TaskStatus
from gesso.kit import picture
from gesso.kit.mask import Polarity
from gesso.kit.web import Guard
from gesso.services.attempts import Accept, Begin
from gesso.services.breaker import Breaker, Patience
from gesso.services.gather import Gatherer
from gesso.services.step import MAX_ATTEMPTS, MAX_FAULTS, MAX_LOOKUPS, Again, Stepper
from tests.rooms.customer import Customer
from tests.upstream import png

pytestmark = pytest.mark.anyio
DONE = Progress(Stage.DONE, 100, pictures=[Delivered(0, png())])


class Scripted:
    """A provider whose every answer is set by the test; exceptions are raised."""

    manifest = Manifest("sandbox", "t", "t", frozenset(Action), poll_s=0.0, can_find=True)

    def __init__(self) -> None:
        self.submits: list[str | Exception] = ["up-1"]
        self.finds: list[str | Exception | None] = ["up-1"]
        self.polls: list[Progress | Exception] = [DONE]
        self.calls: list[str] = []

    def _next(self, name: str, script: list) -> object:  # type: ignore[type-arg]
        self.calls.append(name)
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def submit(self, job: Job) -> str:
        return str(self._next("submit", self.submits))

    async def find(self, job: Job) -> str | None:
        return self._next("find", self.finds)  # type: ignore[return-value]

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        return self._next("poll", self.polls)  # type: ignore[return-value]

    async def probe(self, channel: Channel) -> None:
        return None

    async def cancel(self, job: Job, upstream_id: str) -> None:
        self.calls.append("cancel")
        raise OSError("even this breaks")


@pytest.fixture
def provider(small_customer: Customer) -> Scripted:
    made = Scripted()
    small_customer.house.catalogue.providers = {"sandbox": made}
    return made


@pytest.fixture
def stepper(small_customer: Customer) -> Stepper:
    house = small_customer.house
    gatherer = Gatherer(house.blobs, house.reader, Guard(), picture.Limits(), Polarity.LIGHT)
    return Stepper(
        house.writer, house.reader, house.catalogue, house.blobs, gatherer,
        Breaker(house.database, house.catalogue, Patience(failures=99)), picture.Limits(),
        keep=timedelta(days=1), retry_s=0.001,
    )  # fmt: skip


async def test_submitted_followed_and_stored(
    small_customer: Customer, provider: Scripted, stepper: Stepper
) -> None:
    task = (await small_customer.submit()).task
    assert await stepper.run(task.id, task.channel_id) is None
    done = await small_customer.stored(task)
    assert done.status is TaskStatus.SUCCEEDED
    assert await small_customer.house.blobs.get(done.pictures[0].blob) == png()
    assert provider.calls == ["submit", "poll"]
    assert await stepper.run(task.id, task.channel_id) is None
    assert provider.calls == ["submit", "poll"]


@pytest.mark.parametrize("error", [Uncertain("broke"), KeyError("bug"), Refused("no")])
async def test_an_order_is_never_sent_twice_for_one_intent(
    small_customer: Customer, provider: Scripted, stepper: Stepper, error: Exception
) -> None:
    provider.submits = [error]
    task = (await small_customer.submit()).task
    await stepper.run(task.id, task.channel_id)
    assert provider.calls.count("submit") == 1
    refused = isinstance(error, Refused)
    status = (await small_customer.stored(task)).status
    assert status is (TaskStatus.FAILED if refused else TaskStatus.SUCCEEDED)


async def test_after_a_crash_the_upstream_is_asked_first(
    small_customer: Customer, provider: Scripted, stepper: Stepper
) -> None:
    task = (await small_customer.submit()).task
    await small_customer.house.writer.write(Begin(task.id, task.channel_id))
    await stepper.run(task.id, task.channel_id)
    assert provider.calls == ["find", "poll"]


async def test_after_a_crash_of_a_running_task_it_is_followed(
    small_customer: Customer, provider: Scripted, stepper: Stepper
) -> None:
    task = (await small_customer.submit()).task
    begun = await small_customer.house.writer.write(Begin(task.id, task.channel_id))
    assert begun is not None
    assert begun.attempt is not None
    await small_customer.house.writer.write(Accept(begun.attempt, "up-9"))
    await stepper.run(task.id, task.channel_id)
    assert provider.calls == ["poll"]


async def test_unavailable_is_tried_again_so_often(
    small_customer: Customer, provider: Scripted, stepper: Stepper
) -> None:
    provider.submits = [Unavailable("busy", retry_after_s=7)]
    task = (await small_customer.submit()).task
    for _ in range(MAX_ATTEMPTS - 1):
        assert await stepper.run(task.id, task.channel_id) == Again(timedelta(seconds=7))
        assert (await small_customer.stored(task)).status is TaskStatus.QUEUED
    assert await stepper.run(task.id, task.channel_id) is None
    failed = await small_customer.stored(task)
    assert (failed.status, failed.fail_code) == (TaskStatus.FAILED, "unavailable")
    assert await small_customer.postings(task) == ["hold", "release"]


@pytest.mark.parametrize("error", [Unavailable("down"), Refused("401"), OSError("bug")])
async def test_an_upstream_that_cannot_be_asked_ends_as_lost(
    small_customer: Customer, provider: Scripted, stepper: Stepper, error: Exception
) -> None:
    provider.submits, provider.finds = [Uncertain("broke")], [error]
    task = (await small_customer.submit()).task
    await stepper.run(task.id, task.channel_id)
    assert provider.calls.count("find") == MAX_LOOKUPS
    lost = await small_customer.stored(task)
    assert (lost.status, lost.fail_code) == (TaskStatus.FAILED, "lost")
    assert await small_customer.postings(task) == ["hold", "release"]


async def test_a_provider_that_keeps_breaking_ends_the_task(
    small_customer: Customer, provider: Scripted, stepper: Stepper
) -> None:
    provider.polls = [OSError("Truncated File Read")]
    task = (await small_customer.submit()).task
    await stepper.run(task.id, task.channel_id)
    failed = await small_customer.stored(task)
    assert (failed.status, failed.fail_code) == (TaskStatus.FAILED, "internal")
    assert "Truncated File Read" in (failed.fail_reason or "")
    assert provider.calls == ["submit", *["poll"] * MAX_FAULTS, "cancel"]
    assert await small_customer.postings(task) == ["hold", "release"]


@pytest.mark.parametrize(
    "error", [OSError("once"), Unavailable("down"), Refused("401"), Uncertain("?")]
)
async def test_a_look_that_fails_once_is_no_end(
    small_customer: Customer, provider: Scripted, stepper: Stepper, error: Exception
) -> None:
    provider.polls = [error, Progress(Stage.WORKING, 50), DONE]
    task = (await small_customer.submit()).task
    await stepper.run(task.id, task.channel_id)
    assert (await small_customer.stored(task)).status is TaskStatus.SUCCEEDED


@pytest.mark.parametrize("data", [b"", b"hello", png()[:-20]])
async def test_a_broken_picture_is_not_paid(
    small_customer: Customer, provider: Scripted, stepper: Stepper, data: bytes
) -> None:
    provider.polls = [Progress(Stage.DONE, 100, pictures=[Delivered(0, data)])]
    task = (await small_customer.submit()).task
    await stepper.run(task.id, task.channel_id)
    failed = await small_customer.stored(task)
    assert (failed.status, failed.fail_code) == (TaskStatus.FAILED, "garbled")
    assert await small_customer.postings(task) == ["hold", "release"]


@pytest.mark.parametrize("lose", ["channel", "provider"])
async def test_a_task_whose_way_is_gone_fails(
    small_customer: Customer, provider: Scripted, stepper: Stepper, lose: str
) -> None:
    task = (await small_customer.submit()).task
    if lose == "channel":
        small_customer.house.catalogue.channels = ()
    else:
        small_customer.house.catalogue.providers = {}
    await stepper.run(task.id, task.channel_id)
    assert (await small_customer.stored(task)).status is TaskStatus.FAILED
    assert provider.calls == []


async def test_a_stopping_worker_does_not_stop_the_upstream(
    small_customer: Customer, provider: Scripted, stepper: Stepper
) -> None:
    provider.polls = [Progress(Stage.WORKING)]
    task = (await small_customer.submit()).task
    carrying = asyncio.create_task(stepper.run(task.id, task.channel_id))
    while "poll" not in provider.calls:
        await asyncio.sleep(0)
    carrying.cancel()
    await asyncio.wait({carrying})
    assert "cancel" not in provider.calls
    assert (await small_customer.stored(task)).status is TaskStatus.RUNNING
