"""Answer the dialog of a task: the same task goes on, paid for from now on.

Until the answer nothing is held and no place in a queue is taken (wire/decisions 9). The
price is the one quoted when the button was pressed, unless the answer has one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from gesso.domain import prompt
from gesso.domain.caller import ApiKey
from gesso.domain.channel import Wish, choose
from gesso.domain.errors import IllegalMove, InvalidOrder, NotAllowed
from gesso.domain.model import SANDBOX
from gesso.domain.order import PRICE, Accepted, Repeatable, is_link
from gesso.domain.prompt import Prompt
from gesso.domain.task import Lane, Task, TaskStatus
from gesso.domain.terms import NO_TERMS, Terms
from gesso.kit import clock
from gesso.ledger import book
from gesso.ledger.pricing import Quote
from gesso.services import spend_limits
from gesso.services.catalogue import Catalogue
from gesso.services.submit import (
    channels_to_count,
    check_cost,
    find_replay,
    remember,
)
from gesso.services.translate import Translator
from gesso.storage.needs import Needs
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer


@dataclass(frozen=True, slots=True)
class Reply:
    """What a caller answers; all parts may be missing."""

    prompt: Prompt | None = None
    written: str = ""  #: The prompt as the caller wrote it.
    mask: str | None = None  #: Stored blob or link.
    outpaint: bool = False  #: Whether a missing mask means to paint around the picture.
    lane: Lane | None = None  #: Another speed than the one of the press.
    price_action: str = ""  #: Billing name of the answer, where the answer is what is billed.
    terms: Terms = NO_TERMS


class Answerer:
    """Takes answers for one process."""

    def __init__(
        self, writer: Writer, catalogue: Catalogue, translator: Translator, *, keep: timedelta
    ) -> None:
        """Hold the writer, the catalogue and how long input pictures are kept."""
        self._writer = writer
        self._catalogue = catalogue
        self._translator = translator
        self._keep = keep

    async def answer(
        self, key: ApiKey, task: Task, reply: Reply, repeatable: Repeatable | None = None
    ) -> Accepted:
        """Let a waiting task go on with an answer; the id stays the same.

        Raises IllegalMove when the task waits for none, and InvalidOrder when the answer
        lacks what the dialog asks for.
        """
        key.check_action(task.action.lower())
        if reply.prompt is not None:
            wanted = await self._translator.translate(reply.prompt)
            self._catalogue.check_words(wanted.write(), reply.written)
            reply = replace(reply, prompt=wanted)
        operation = Resume(key, task, reply, self._catalogue, self._keep, repeatable)
        return await self._writer.write(operation)


def _answered(task: Task, reply: Reply) -> Task:
    """Return the task with the answer in place, still waiting."""
    if task.status is not TaskStatus.NEEDS_INPUT:
        raise IllegalMove(f"the task waits for no answer: it is {task.status}")
    dialog = task.order.get("dialog") or {}
    order: dict[str, Any] = dict(task.order)
    changes: dict[str, Any] = {}
    if reply.prompt is not None and (dialog.get("may_edit", True) or dialog.get("needs_mask")):
        changes = {
            "prompt": reply.written,
            "final_prompt": reply.prompt.strip_speed().write(),
        }
    if reply.mask:
        order["mask"] = reply.mask
    elif dialog.get("needs_mask") and not reply.outpaint:
        raise InvalidOrder("maskBase64 is needed: paint what should change", param="maskBase64")
    if "zoom" in order:
        order["zoom"] = _zoom(changes.get("final_prompt", task.final_prompt))
    return replace(task, order=reply.terms.added_to(order), **changes)


def _zoom(final_prompt: str) -> float:
    zoom = prompt.parse(final_prompt, need_words=False).zoom
    if zoom is not None and not 1 <= zoom <= 2:
        raise InvalidOrder("--zoom takes 1–2", param="prompt")
    return float(zoom or 2)


@dataclass(frozen=True, slots=True)
class Resume:
    """The transaction of one answer."""

    key: ApiKey
    task: Task
    reply: Reply
    catalogue: Catalogue
    keep: timedelta
    repeatable: Repeatable | None
    at: datetime = field(default_factory=clock.now)

    @property
    def needs(self) -> Needs:
        """The task, its account, queue lengths and what the Idempotency-Key led to before."""
        return Needs(
            tasks=(self.task.id,),
            accounts=(self.task.account_id,),
            spending_keys=(self.key.id,),
            channels=channels_to_count(self.catalogue),
            turns=(((self.reply.lane or self.task.lane).value, self.task.account_id),),
            replays=((self.key.id, self.repeatable.key),) if self.repeatable else (),
            meters=spend_limits.meters_of(self.key, self.at),
        )

    def apply(self, unit: Unit) -> Accepted:
        """Hold the money and queue the task."""
        replayed = find_replay(unit, self.key, self.repeatable)
        if replayed is not None:
            return replayed
        task = self._priced(_answered(unit.tasks[self.task.id], self.reply))
        if not unit.accounts[task.account_id].enabled:
            raise NotAllowed("the account of this task is disabled")
        channel = choose(
            _wish(task), self.catalogue.channels, unit.loads, self.catalogue.can,
            now=unit.now, luck=self.catalogue.luck(),
        )  # fmt: skip
        place = unit.loads[channel.id].place_of_next(channel)
        # Whoever answers pays, within the limits of that key.
        turn = unit.next_turn(channel.id, task.lane, task.account_id)
        order = spend_limits.take(unit, self.key, self.at, task.price_nanos, task.order)
        task = replace(task, channel_id=channel.id, key_id=self.key.id, turn=turn, order=order)
        task = task.move(TaskStatus.QUEUED, now=unit.now)
        book.hold(unit, task, spend_limit_nanos=self.key.spend_limit_nanos)
        unit.save_task(task)
        unit.enqueue(task)
        mask = self.reply.mask
        if mask and not is_link(mask):
            unit.use_blob(mask, task.id, unit.now + self.keep)
        remember(unit, self.key, self.repeatable, task.id)
        return Accepted(task, place)

    def _priced(self, task: Task) -> Task:
        """Return the task in the lane of the answer, at the price that holds for it."""
        reply = self.reply
        task = replace(task, lane=reply.lane or task.lane)
        price = Quote(task.price_key, task.price_nanos)
        if reply.price_action:
            price = self.catalogue.price(self.key, reply.price_action, "", task.lane)
            task = replace(task, order={**task.order, PRICE: [reply.price_action, "", 1]})
        check_cost(price, reply.terms)
        return replace(task, price_key=price.key, price_nanos=price.nanos)


def _wish(task: Task) -> Wish:
    return Wish(
        action=task.action,
        lane=task.lane,
        prefer_id=task.channel_id,
        provider=SANDBOX if task.sandboxed else None,
    )
