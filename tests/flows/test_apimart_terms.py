"""Terms of the APIMart wire: webhooks, Idempotency-Key, cost ceiling, deadline, quote, receipt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gesso.domain import ids
from gesso.domain.channel import Channel
from gesso.domain.task import TaskStatus
from gesso.kit import signing
from gesso.ledger import audit
from gesso.services import sweep
from gesso.services.administer import FIRST_CHANNEL
from gesso.services.attempts import Begin
from gesso.services.settle import too_late
from gesso.storage import channels
from tests.apimart import Mart, error_of
from tests.client import Client
from tests.conftest import Gateway, running_gateway
from tests.receiver import Receiver, running_receiver

pytestmark = pytest.mark.anyio
BLANK = {"prompt": "a --sandbox blank"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as made:
        yield made


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", tmp_path) as running:
        yield running


async def heard(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while len(receiver.heard) < count:
            await asyncio.sleep(0.02)
    return receiver.tasks


async def pause(gateway: Gateway) -> None:
    """Let the sandbox start nothing any more."""
    async with gateway.house.database.transaction() as connection:
        channel = Channel("ch_sandbox", "sandbox", "sandbox", queue_size=1000, paused=True)
        await channels.change(connection, channel)
    await gateway.house.catalogue.refresh()


async def held(gateway: Gateway) -> str:
    async with gateway.house.database.snapshot() as connection:
        assert not (await audit.check(connection)).findings
    balance = await gateway.client.get("/v1/user/balance")
    return f"{balance['remain_balance']:.5f}"


async def test_a_webhook_hears_the_end_and_a_notify_hook_everything(
    gateway: Gateway, receiver: Receiver
) -> None:
    mart = Mart(gateway.client)
    body = {"prompt": "a --sandbox fail:moderated", "webhook": receiver.url, "language": "fr"}
    failed = await mart.submit("imagine", body)
    assert (await mart.until(failed))["status"] == "FAILURE"
    (told,) = await heard(receiver, 1)
    assert told == {
        **(await mart.unified(failed, "?language=fr")), "estimated_time": 60,
    }  # fmt: skip
    assert told["error"]["message"] == "Le contenu a été bloqué par la modération."
    ((headers, raw),) = receiver.heard
    assert receiver.paths == ["/hook/callback"]
    assert signing.verify(gateway.house.hook_secret, headers, raw, now=int(time.time()))
    receiver.heard.clear()
    body = BLANK | {"notifyHook": receiver.url, "webhook": f"{receiver.url}/"}
    task = await mart.until(await mart.submit("imagine", body))
    tasks = await heard(receiver, 3)
    unified = [t for t in tasks if t["status"] == "completed"]
    assert [u["id"] for u in unified] == [task["id"]]
    flat = [t for t in tasks if "imageUrl" in t]
    assert flat[-1]["status"] == "SUCCESS"
    assert len(flat) >= 2
    ids = [headers["webhook-id"] for headers, _ in receiver.heard]
    assert len(set(ids)) == len(ids)


async def test_a_follow_up_has_terms_of_its_own(one: Gateway, receiver: Receiver) -> None:
    mart = Mart(one.client)
    body = {"prompt": "a", "webhook": receiver.url, "metadata": {"mine": 1}}
    grid = await mart.done("imagine", body)
    await heard(receiver, 1)
    again = await mart.done("reroll", {"task_id": grid["id"]})
    assert "metadata" not in again
    up = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
    assert "metadata" not in up
    await asyncio.sleep(0.5)  # A courier's round: nothing is expected to come.
    assert len(receiver.heard) == 1


async def test_an_idempotency_key_leads_to_one_task(gateway: Gateway) -> None:
    mart, headers = Mart(gateway.client), {"idempotency-key": "order-1"}
    replies = await asyncio.gather(
        *(mart.post("imagine", BLANK, headers=headers) for _ in range(5))
    )
    assert len({reply.body for reply in replies}) == 1
    assert sorted(r.headers.get("idempotency-replayed", "") for r in replies) == [
        "", "true", "true", "true", "true",
    ]  # fmt: skip
    other = await mart.post("imagine", {"prompt": "b --sandbox blank"}, headers=headers)
    assert error_of(other)[:2] == (409, "idempotency_key_reused")
    elsewhere = await mart.post("shorten", BLANK, headers=headers)
    assert error_of(elsewhere)[0] == 409
    assert (await mart.data("/v1/tasks"))["total"] == 1


async def test_a_ceiling_holds_nothing_above_it(one: Gateway) -> None:
    mart, before = Mart(one.client), await held(one)
    for most in (0.045, "0.045", 0):
        found = error_of(await mart.post("imagine", BLANK | {"max_cost": most}))
        assert found[:2] == (402, "payment_required")
        assert "costs $0.04504" in found[2]
    assert await held(one) == before
    assert (await mart.data("/v1/tasks"))["total"] == 0
    await mart.submit("imagine", BLANK | {"max_cost": 0.04504})


async def test_a_task_that_was_not_started_in_time_is_released(gateway: Gateway) -> None:
    mart, before = Mart(gateway.client), await held(gateway)
    await pause(gateway)
    late = await mart.submit("imagine", BLANK, headers={"cancel-after": "0.2"})
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    patient = await mart.submit("imagine", BLANK | {"deadline": soon})
    assert (await mart.unified(late))["status"] == "pending"
    await asyncio.sleep(0.25)
    await sweep.lapse_deadlines(gateway.house.database, gateway.house.writer)
    task = await mart.unified(late, "?language=es")
    assert (task["status"], task["cost"]) == ("cancelled", 0)
    assert task["error"]["code"] == "deadline_missed"
    assert task["error"]["message"].startswith("La tarea no empezó")
    assert (await mart.unified(patient))["status"] == "pending"
    await mart.post(f"/v1/tasks/{patient}/cancel")
    assert await held(gateway) == before
    receipt = await mart.data(f"/v1/tasks/{late}/receipt")
    assert (receipt["held"], receipt["released"], receipt["charged"]) == (
        "0.04504", "0.04504", "0.00",
    )  # fmt: skip


async def test_a_worker_does_not_start_what_is_too_late(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    slow = {"prompt": "a --sandbox slow:1"}
    busy = [await mart.submit("imagine", slow) for _ in range(3)]
    late = await mart.submit("imagine", slow, headers={"cancel-after": "0.3"})
    after = await mart.submit("imagine", BLANK)
    assert (await mart.until(late))["status"] == "CANCEL"
    # Whoever gave it up, the worker goes on with the next one.
    assert (await mart.until(after))["status"] == "SUCCESS"
    for task_id in busy:
        assert (await mart.until(task_id))["status"] == "SUCCESS"
    house = gateway.house
    await pause(gateway)
    begun = None
    while begun is None:  # The sweep, which looks every second, may have been there first.
        late = await mart.submit("imagine", slow, headers={"cancel-after": "0.05"})
        await asyncio.sleep(0.06)
        begun = await house.writer.write(Begin(ids.read_task_id(late), FIRST_CHANNEL))
    assert begun.task.status is TaskStatus.QUEUED
    assert begun.attempt is None
    ended = await house.writer.write(too_late(begun.task))
    assert (ended.status, ended.fail_code) == (TaskStatus.CANCELLED, "deadline_missed")
    assert (await house.writer.write(too_late(begun.task))).version == ended.version


async def test_receipts_explain_a_partial_delivery(gateway: Gateway) -> None:
    mart = Mart(gateway.client)
    task = await mart.done("imagine", {"prompt": "a --sandbox partial:3", "speed": "fast"})
    assert len(task["image_urls"]) == 3
    receipt = await mart.data(f"/v1/tasks/{task['id']}/receipt")
    assert [e["verb"] for e in receipt["entries"]] == ["hold", "capture", "release"]
    assert (receipt["held"], receipt["charged"], receipt["released"], receipt["open"]) == (
        "0.05504", "0.04128", "0.01376", "0.00",
    )  # fmt: skip
    assert receipt["explanation"] == (
        "3 of 4 pictures were delivered: $0.04128 of $0.05504 were charged, the rest went back"
    )
    usage = await mart.data("/v1/usage?group_by=date,model&scope=account&model=midjourney")
    assert usage["total"]["amount_usd"] == 0.04128
    assert usage["items"][0]["requests"] == 1
    assert (await mart.data("/v1/usage?model=other&scope=account"))["total"]["requests"] == 0


async def test_balances_of_a_limited_key(one: Gateway) -> None:
    secret = await one.new_key(spend_limit_nanos=1_000_000_000)
    async with Client(one.client.base, secret) as client:
        mart = Mart(client)
        await mart.until(await mart.submit("imagine", BLANK))
        mine = await client.get("/v1/balance")
        assert (mine["remain_balance"], mine["used_balance"]) == (0.95496, 0.04504)
        assert (mine["success"], mine["unlimited_quota"]) == (True, False)
        reply = await client.call("GET", "/v1/usage")
        assert reply.headers["x-usage-cache"] == "MISS"
        assert reply.json["data"]["total"]["requests"] == 1
    theirs = await one.client.get("/v1/balance")
    assert (theirs["remain_balance"], theirs["unlimited_quota"]) == (-1, True)
    assert theirs["used_balance"] == 0
    assert (await one.client.get("/user/balance"))["used_credits"] == 0.4504
