"""Answers of dialogs: only where one is awaited, held once, whatever is missing named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gesso.domain import prompt
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.order import Dialog, Repeatable
from gesso.domain.task import TaskStatus
from gesso.services.answer import Answerer, Reply
from tests.rooms.customer import Customer, no_translator, order

pytestmark = pytest.mark.anyio


def answerer(customer: Customer) -> Answerer:
    house = customer.house
    return Answerer(house.writer, house.catalogue, no_translator(house), keep=timedelta(days=1))


async def test_an_answer_holds_the_money_once(customer: Customer) -> None:
    asked = (await customer.submit(order(dialog=Dialog("MJ::Remix::1")))).task
    assert asked.status is TaskStatus.NEEDS_INPUT
    assert await customer.postings(asked) == []
    reply = Reply(prompt.parse("a red boat --turbo"), "a red boat --turbo")
    again = Repeatable("once", b"\0" * 32)
    first = await answerer(customer).answer(customer.key, asked, reply, again)
    second = await answerer(customer).answer(customer.key, asked, reply, again)
    assert (first.task.id, second.task.id, second.replayed) == (asked.id, asked.id, True)
    found = await customer.stored(asked)
    assert found.status is TaskStatus.QUEUED
    assert (found.prompt, found.final_prompt) == ("a red boat --turbo", "a red boat")
    assert await customer.postings(asked) == ["hold"]
    with pytest.raises(IllegalMove):
        await answerer(customer).answer(customer.key, asked, reply)
    assert await customer.postings(asked) == ["hold"]


async def test_a_missing_mask_is_named_and_the_dialog_stays_open(customer: Customer) -> None:
    wish = order(dialog=Dialog("MJ::iframe::1", needs_mask=True))
    asked = (await customer.submit(wish)).task
    with pytest.raises(InvalidOrder) as refusal:
        await answerer(customer).answer(customer.key, asked, Reply())
    assert refusal.value.param == "maskBase64"
    assert (await customer.stored(asked)).status is TaskStatus.NEEDS_INPUT
    assert await customer.postings(asked) == []


async def test_what_waits_for_nothing_takes_no_answer(small_customer: Customer) -> None:
    task = (await small_customer.submit()).task
    with pytest.raises(IllegalMove):
        await answerer(small_customer).answer(small_customer.key, task, Reply())
