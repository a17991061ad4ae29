"""Callbacks: in order, signed, retried, the last one exactly once per event id."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from gesso.kit import signing
from tests.conftest import Gateway
from tests.receiver import Receiver, running_receiver

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as made:
        yield made


async def test_callbacks_in_order_and_signed(gateway: Gateway, receiver: Receiver) -> None:
    task_id = await gateway.client.imagine("a boat --sandbox slow:1", notifyHook=receiver.url)
    bodies = await receiver.until_final()
    order = {"SUBMITTED": 1, "IN_PROGRESS": 2, "SUCCESS": 3}
    shown = [(order[b["status"]], int(b["progress"].rstrip("%"))) for b in bodies]
    assert shown == sorted(shown)
    assert shown[-1] == (3, 100)
    assert len(bodies) >= 3
    fetched = await gateway.client.get(f"/mj/task/{task_id}/fetch")
    assert bodies[-1] == fetched
    ids = [headers["webhook-id"] for headers, _ in receiver.heard]
    assert len(set(ids)) == len(ids)
    for headers, body in receiver.heard:
        secret = gateway.house.hook_secret
        assert signing.verify(secret, headers, body, now=int(time.time()))


async def test_a_receiver_that_was_down_hears_it_later(
    gateway: Gateway, receiver: Receiver
) -> None:
    receiver.fail_first = 2
    await gateway.client.imagine("a boat --sandbox fail:moderated", notifyHook=receiver.url)
    bodies = await receiver.until_final()
    assert bodies[-1]["status"] == "FAILURE"
    assert [b["status"] for b in bodies].count("FAILURE") == 1


async def test_private_addresses_are_not_called(gateway: Gateway) -> None:
    url = "http://169.254.169.254/latest"
    task_id = await gateway.client.imagine("a boat --sandbox blank", notifyHook=url)
    assert (await gateway.client.until(task_id))["status"] == "SUCCESS"


async def test_what_was_told_can_be_used_at_once(gateway: Gateway, receiver: Receiver) -> None:
    """Read your writes: with the SUCCESS callback the picture and the buttons are there."""
    await gateway.client.imagine("a boat", notifyHook=receiver.url)
    told = (await receiver.until_final())[-1]
    assert (await gateway.client.call("GET", told["imageUrl"], key="")).status == 200
    body = {"taskId": told["id"], "customId": told["buttons"][0]["customId"]}
    assert (await gateway.client.post("/mj/submit/action", body))["code"] == 1


async def test_a_dialog_is_told_from_its_answer_on(gateway: Gateway, receiver: Receiver) -> None:
    body = {"prompt": "a boat --sandbox modal blank", "notifyHook": receiver.url}
    answer = await gateway.client.post("/mj/submit/imagine", body)
    assert answer["code"] == 21
    await gateway.client.post("/mj/submit/modal", {"taskId": answer["result"]})
    told = await receiver.until_final()
    assert {b["id"] for b in told} == {answer["result"]}
    assert told[-1]["status"] == "SUCCESS"
