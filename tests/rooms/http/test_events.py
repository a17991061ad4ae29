"""Streams of events: what `Last-Event-ID` may say, and streams that do not open."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from gesso.app import House
from gesso.domain.errors import NotFound, RateLimited
from gesso.domain.task import Task
from gesso.http.events import EventRoom
from gesso.services.attempts import Accept, Advance, Begin
from gesso.services.catch_up import CatchUp
from gesso.services.settle import Cancel
from tests.rooms.customer import Customer

pytestmark = pytest.mark.anyio


def room(house: House, most: int = 9) -> EventRoom:
    return EventRoom(house.watch, CatchUp(house.database, house.writer), most)


def request(seen: str = "", query: str = "") -> Request:
    headers = [(b"last-event-id", seen.encode("latin-1"))] if seen else []
    return Request({"type": "http", "headers": headers, "query_string": query.encode()})


async def heard(response: Response) -> str:
    """Listen to a stream until it ends."""
    parts: list[bytes] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        parts.append(message.get("body", b""))

    async with asyncio.timeout(10):
        await response({"type": "http"}, receive, send)
    return b"".join(parts).decode()


def told(text: str) -> list[tuple[str, int]]:
    found = re.findall(r"id: (\d+)\nevent: (\w+)\n", text)
    return [(event, int(version)) for version, event in found]


async def lived(customer: Customer) -> tuple[Task, list[Task]]:
    """A task as its first stream showed it, and all that it became afterwards."""
    house = customer.house
    submitted = (await customer.submit()).task
    await room(house).stream(request(), submitted, "midjourney")
    begun = await house.writer.write(Begin(submitted.id, submitted.channel_id))
    assert begun is not None
    assert begun.attempt is not None
    accepted = await house.writer.write(Accept(begun.attempt, "up-1"))
    assert accepted is not None
    half = await house.writer.write(Advance(submitted.id, 50, None))
    ended = await house.writer.write(Cancel(half))
    return submitted, [begun.task, accepted.task, half, ended]


async def test_who_comes_back_hears_all_in_order_and_the_end_last(customer: Customer) -> None:
    first, stages = await lived(customer)
    for known in (first, *stages[:-1]):
        later = [one.version for one in stages if one.version > known.version]
        for asked in (request(str(known.version)), request("", f"lastEventId={known.version}")):
            response = await room(customer.house).stream(asked, stages[-1], "midjourney")
            expected = [("task", version) for version in later[:-1]] + [("end", later[-1])]
            assert told(await heard(response)) == expected


async def test_what_happens_meanwhile_comes_after_what_was_missed(customer: Customer) -> None:
    house = customer.house
    task = (await customer.submit()).task
    events = room(house)
    await events.stream(request(), task, "midjourney")
    begun = await house.writer.write(Begin(task.id, task.channel_id))
    assert begun is not None
    # Read before the end, which is committed while the stream opens.
    response = await events.stream(request(str(task.version)), begun.task, "midjourney")
    ended = await house.writer.write(Cancel(task))
    versions = told(await heard(response))
    assert versions[-1] == ("end", ended.version)
    assert versions == sorted(set(versions), key=lambda one: one[1])


@pytest.mark.parametrize("seen", ["999999999", "9" * 40, "-1", "1.5", "x", "²", "0x1", "1 2"])
async def test_a_number_that_says_nothing_is_like_none(small_customer: Customer, seen: str) -> None:
    _, stages = await lived(small_customer)
    response = await room(small_customer.house).stream(request(seen), stages[-1], "midjourney")
    assert told(await heard(response)) == [("end", stages[-1].version)]


async def test_who_has_seen_the_end_is_sent_away(small_customer: Customer) -> None:
    _, stages = await lived(small_customer)
    events = room(small_customer.house, most=0)
    seen = str(stages[-1].version)
    assert (await events.stream(request(seen), stages[-1], "midjourney")).status_code == 204
    with pytest.raises(RateLimited):
        await events.stream(request(), stages[-1], "midjourney")


async def test_a_stream_that_could_not_open_leaves_its_place(small_customer: Customer) -> None:
    house = small_customer.house
    task = (await small_customer.submit()).task
    unknown = Task(1, "a", "k", task.action, task.status, task.lane, task.submitted_at)
    events = room(house, most=1)
    with pytest.raises(NotFound):
        await events.stream(request(), unknown, "midjourney")
    await events.stream(request(), task, "midjourney")
    with pytest.raises(RateLimited):
        await events.stream(request(), task, "midjourney")
