"""Hundreds of random tasks on two wires, with failures, cancels and refusals: every nano counts.

What a client pays is told in three places: the balance, the tasks and their receipts. They
agree to the nano-dollar, whatever happened on the way.
"""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.ledger import audit
from tests.client import Client
from tests.conftest import Gateway, running_gateway

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

TASKS, AT_ONCE = 300, 24
NANOS = 10**9
BALANCE = 8 * NANOS  #: Less than all of them would cost, so that some are refused.
#: Outcomes with how often they are drawn.
OUTCOMES = {
    "blank": 10,
    "blank partial:1": 2,
    "blank partial:3": 2,
    "blank partial:0": 1,
    "fail:backend_broke": 2,
    "moderated": 1,
    "lost": 1,
    "garbled": 1,
    "queue-full": 1,
    "blank slow:0.3": 3,
    "blank busy:1": 1,
}


class Shopper:
    """Somebody who orders at random and forgets nothing."""

    def __init__(self, client: Client, seed: int) -> None:
        self.client = client
        self.draw = random.Random(seed)
        self.taken: list[str] = []
        self.refused = 0

    async def go(self, count: int) -> None:
        for _ in range(count):
            await self.buy()

    async def buy(self) -> None:
        draw = self.draw
        card = draw.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        words = f"a boat {draw.randrange(10**6)} --sandbox {card}"
        way = draw.choice(["mj", "mj-relax/mj", "mj-turbo/mj", "mart", "mart", "again"])
        task = await (self.press() if way == "again" else self.submit(way, words))
        if task is None:
            self.refused += 1
            return
        self.taken.append(task)
        if draw.random() < 0.15:
            await self.client.post(f"/v1/tasks/{task}/cancel")

    async def submit(self, way: str, words: str) -> str | None:
        if way != "mart":
            answer = await self.client.post(f"/{way}/submit/imagine", {"prompt": words})
            return str(answer["result"]) if answer["code"] in {1, 22} else None
        speed = self.draw.choice(["relax", "fast", "turbo"])
        version = self.draw.choice(["6.1", "7", "8.1"])
        body = {"prompt": words, "speed": speed, "version": version}
        return _task_of(await self.client.post("/v1/midjourney/generations/imagine", body))

    async def press(self) -> str | None:
        """Press a button of an earlier task, or order it again."""
        if not self.taken:
            return None
        parent = self.draw.choice(self.taken)
        if self.draw.random() < 0.3:
            return _task_of(await self.client.post(f"/v1/tasks/{parent}/rerun"))
        name = self.draw.choice(["upscale", "variation", "reroll"])
        body = {"task_id": parent, "index": self.draw.randint(1, 4), "speed": "fast"}
        return _task_of(await self.client.post(f"/v1/midjourney/generations/{name}", body))


def _task_of(answer: Any) -> str | None:
    return str(answer["data"][0]["task_id"]) if answer.get("code") == 200 else None


async def _all_ended(gateway: Gateway, key: str) -> list[Any]:
    """Return all tasks of the caller, once none is open."""
    async with asyncio.timeout(120):
        while True:
            found: list[Any] = []
            total = 1
            while len(found) < total:
                page = len(found) // 100 + 1
                path = f"/v1/tasks?page_size=100&page={page}"
                data = (await gateway.client.get(path, key=key))["data"]
                total = data["total"]
                found += data["items"]
            if all(task["status"] in {"completed", "failed", "cancelled"} for task in found):
                return found
            await asyncio.sleep(0.2)


async def test_balance_tasks_and_receipts_agree(database_url: str, tmp_path: Any) -> None:
    wide = Channel("wide", "wide", "sandbox", core_size=16, queue_size=200, priority=5)
    async with running_gateway(database_url, tmp_path, channels=[wide]) as gateway:
        key = await gateway.new_account(BALANCE)
        async with Client(gateway.client.base, key) as client:
            shoppers = [Shopper(client, seed) for seed in range(AT_ONCE)]
            await asyncio.gather(*(s.go(TASKS // AT_ONCE + 1) for s in shoppers))
            ended = await _all_ended(gateway, key)
            assert len(ended) == sum(len(s.taken) for s in shoppers) >= 100
            assert sum(s.refused for s in shoppers) > 5
            charged = held = 0
            for task in ended:
                data = (await client.get(f"/v1/tasks/{task['id']}/receipt"))["data"]
                assert data["open"] == "0.00", data
                charged += _nanos(data["charged"])
                held += _nanos(data["held"])
                if task["status"] != "completed":
                    assert _nanos(data["charged"]) == 0, data
            left = _nanos((await client.get("/v1/user/balance"))["remain_balance"])
            usage = (await client.get("/v1/usage?group_by=model&tz=UTC"))["data"]["total"]
        assert {task["status"] for task in ended} == {"completed", "failed", "cancelled"}
        assert 0 < charged < held
        assert left == BALANCE - charged
        assert _nanos(usage["amount_usd"]) == charged
        async with gateway.house.database.reading() as connection:
            assert not (await audit.check(connection)).findings


def _nanos(dollars: Any) -> int:
    return round(Decimal(str(dollars)) * NANOS)
