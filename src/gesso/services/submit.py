"""Take an order: check, choose a channel, quote, hold, store task and job. All or nothing.

Everything that can be refused without the database is refused before; the rest happens in
one transaction, so that an accepted task is committed with its hold and its job before the
client hears yes, and a refused one leaves no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from gesso.domain import ids, prompt
from gesso.domain.buttons import Deed
from gesso.domain.caller import ApiKey
from gesso.domain.channel import Channel, Wish, choose
from gesso.domain.errors import InsufficientFunds, KeyReused, NotAllowed, QueueFull, RateLimited
from gesso.domain.model import SANDBOX
from gesso.domain.order import Accepted, Order, Repeatable
from gesso.domain.sandbox_card import RULES, Card, read_cards
from gesso.domain.task import Action, BotType, Task, TaskStatus
from gesso.domain.terms import NO_TERMS, Terms
from gesso.kit import clock
from gesso.ledger import book
from gesso.ledger.money import write_dollars
from gesso.ledger.pricing import Quote
from gesso.services import spend_limits
from gesso.services.catalogue import Catalogue
from gesso.services.moderate import Moderator
from gesso.services.translate import Translator
from gesso.storage.needs import Needs
from gesso.storage.replays import Replay
from gesso.storage.unit import Unit
from gesso.storage.writer import Writer

#: Most tasks of one channel that are counted for a queue number.
_COUNT_AT_MOST = 10_000


class Submitter:
    """Takes orders for one process."""

    def __init__(
        self,
        writer: Writer,
        catalogue: Catalogue,
        translator: Translator,
        moderator: Moderator,
        *,
        notify_hook: str = "",
        keep: timedelta = timedelta(days=30),
        waits: bool = True,
    ) -> None:
        """Hold the writer, the catalogue and what applies to every order."""
        self._writer = writer
        self._catalogue = catalogue
        self._translator = translator
        self._moderator = moderator
        self._notify_hook = notify_hook
        self._keep = keep
        self._waits = waits

    async def submit(
        self,
        key: ApiKey,
        order: Order,
        repeatable: Repeatable | None = None,
        terms: Terms = NO_TERMS,
    ) -> Accepted:
        """Accept an order or raise a CallerError, leaving nothing behind.

        With an Idempotency-Key that was used before, the same request gets the same task
        back and another one raises KeyReused.
        """
        key.check_action(order.price_action)
        order = await self._translator.translate_order(order)
        self._catalogue.check_words(order.final_prompt, order.prompt)
        price = self._catalogue.quote(key, order)
        check_cost(price, terms)
        await self._moderator.check(order, asked=terms.moderate)
        order = terms.on(order)
        operation = Submit(
            key=key,
            order=order,
            wish=wish_of(key, order, waits=self._waits),
            draft=_draft(key, order, price, self._notify_hook),
            catalogue=self._catalogue,
            keep=self._keep,
            repeatable=repeatable,
        )
        try:
            return await self._writer.write(operation)
        except IntegrityError:
            if repeatable is None:
                raise
            # Another process took the same Idempotency-Key at the same moment. Its task is
            # committed by now, and it is the answer to this request too.
            return await self._writer.write(operation)


def wish_of(key: ApiKey, order: Order, *, waits: bool = True) -> Wish:
    """Return what an order asks of a channel."""
    return Wish(
        action=order.action,
        lane=order.lane,
        selection=order.selection,
        prefer_id=order.parent.channel_id if order.parent else None,
        provider=SANDBOX if key.test else None,
        waits=waits,
    )


def check_cost(price: Quote, terms: Terms) -> None:
    """Raise InsufficientFunds when an order would cost more than its caller allows."""
    if terms.max_nanos is not None and price.nanos > terms.max_nanos:
        raise InsufficientFunds(
            f"this costs ${write_dollars(price.nanos)} ({price.key}), and max_cost allows "
            f"${write_dollars(terms.max_nanos)}",
            param="max_cost",
        )


def _draft(key: ApiKey, order: Order, price: Quote, notify_hook: str) -> dict[str, Any]:
    """Return the fields of the task that are known before a channel is chosen.

    The task itself is built once, when all is known: copying it again and again is what a
    submit would spend most of its time on.
    """
    parent = order.parent
    return {
        "id": order.task_id,
        "account_id": key.account_id,
        "key_id": key.id,
        "action": order.action,
        "lane": order.lane,
        "bot": order.bot,
        "prompt": order.prompt,
        "final_prompt": order.final_prompt,
        "description": order.description,
        "submitted_at": clock.now(),
        "parent_id": parent.id if parent else None,
        "root_id": (parent.root_id or parent.id) if parent else None,
        "parent_index": order.parent_index,
        "job_hash": ids.write_uuid(order.task_id),
        "custom_id": order.custom_id,
        "state": order.state,
        "notify_hook": order.notify_hook or notify_hook or None,
        "sandboxed": key.test,
        "price_key": price.key,
        "price_nanos": price.nanos,
        "dialect": order.dialect,
        "order": order.stored(),
    }


@dataclass(frozen=True, slots=True)
class Submit:
    """The transaction of one submit."""

    key: ApiKey
    order: Order
    wish: Wish
    draft: Mapping[str, Any]
    catalogue: Catalogue
    keep: timedelta
    repeatable: Repeatable | None

    @property
    def needs(self) -> Needs:
        """Balance, limits, queue lengths and what the Idempotency-Key led to before."""
        key, at = self.key, self.draft["submitted_at"]
        return Needs(
            accounts=(key.account_id,),
            spending_keys=(key.id,),
            busy_keys=((key.id, key.concurrency),) if key.concurrency else (),
            channels=channels_to_count(self.catalogue),
            turns=((self.order.lane.value, key.account_id),),
            replays=((key.id, self.repeatable.key),) if self.repeatable else (),
            meters=spend_limits.meters_of(key, at) + spend_limits.requests_of(key, at),
        )

    def apply(self, unit: Unit) -> Accepted:
        """Store the task, with its hold and its job unless a dialog must be answered first."""
        replayed = find_replay(unit, self.key, self.repeatable)
        if replayed is not None:
            return replayed
        self._check_limits(unit)
        channel = choose(
            self.wish, self.catalogue.channels, unit.loads, self.catalogue.can,
            now=unit.now, luck=self.catalogue.luck(),
        )  # fmt: skip
        card = _card_of(self.order.cards) if channel.provider == SANDBOX else None
        if card is Card.QUEUE_FULL:
            raise QueueFull(facts={"channel_id": channel.id})
        asks = bool(self.order.dialog) or card is Card.MODAL
        place = 0 if asks else unit.loads[channel.id].place_of_next(channel)
        task = self._build(unit, channel, asks)
        if not asks:
            book.hold(unit, task, spend_limit_nanos=self.key.spend_limit_nanos)
        unit.add_task(task)
        if not asks:
            unit.enqueue(task)
        unit.count_open(self.key.id)
        for blob in self.order.blobs():
            unit.use_blob(blob, task.id, unit.now + self.keep)
        remember(unit, self.key, self.repeatable, task.id)
        return Accepted(task, place)

    def _build(self, unit: Unit, channel: Channel, asks: bool) -> Task:
        turn = 0
        known = {**self.draft, **_switched(self.draft, channel)}
        if not asks:
            turn = unit.next_turn(channel.id, self.order.lane, self.key.account_id)
            known["order"] = spend_limits.take(
                unit, self.key, known["submitted_at"], known["price_nanos"], known["order"]
            )
        status = TaskStatus.NEEDS_INPUT if asks else TaskStatus.QUEUED
        return Task(**known, status=status, channel_id=channel.id, turn=turn)

    def _check_limits(self, unit: Unit) -> None:
        account = unit.accounts.get(self.key.account_id)
        if account is None or not account.enabled:
            raise NotAllowed("the account of this key is disabled")
        most = self.key.concurrency
        if most and unit.open_of_key[self.key.id] >= most:
            raise RateLimited(f"this key may have {most} open tasks at once")
        spend_limits.take_request(unit, self.key, self.draft["submitted_at"])


def find_replay(unit: Unit, key: ApiKey, repeatable: Repeatable | None) -> Accepted | None:
    """Return what an Idempotency-Key led to before; raises KeyReused for another request."""
    if repeatable is None:
        return None
    before = unit.replays.get((key.id, repeatable.key))
    if before is None:
        return None
    if before.digest != repeatable.digest:
        raise KeyReused
    return Accepted(unit.tasks[before.task_id], 0, replayed=True)


def remember(unit: Unit, key: ApiKey, repeatable: Repeatable | None, task_id: int) -> None:
    """Remember which task an Idempotency-Key led to."""
    if repeatable:
        unit.remember(Replay(key.id, repeatable.key, repeatable.digest, task_id))


def channels_to_count(catalogue: Catalogue) -> tuple[tuple[str, int], ...]:
    """Return every channel that takes tasks, with the most that its queue number counts."""
    return tuple((c.id, _count_at_most(c)) for c in catalogue.channels if catalogue.takes_tasks(c))


def _switched(draft: Mapping[str, Any], channel: Channel) -> dict[str, Any]:
    """Return what the switches of a channel change of a task."""
    changes: dict[str, Any] = {}
    version, order = str(channel.options.get("version") or ""), draft["order"]
    if version and draft["action"] is Action.IMAGINE and not order.get("version"):
        wanted = prompt.parse(draft["final_prompt"], need_words=False)
        niji = draft["bot"] is BotType.NIJI_JOURNEY
        if niji == version.startswith("niji"):
            number = version.removeprefix("niji")
            wanted = wanted.with_flags(**{"niji" if niji else "v": number})
            changes["final_prompt"] = wanted.write()
            order = changes["order"] = {**order, "version": wanted.version.key}
    if channel.options.get("strong_variation") and order.get("deed") == Deed.VARIATION:
        changes["order"] = {**order, "strong": True}
    return changes


def _card_of(cards: str) -> Card | None:
    """Return the test card that is played here; raises InvalidOrder for one nobody knows."""
    if not cards:
        return None
    return next((card for card in read_cards(cards) if RULES[card].at_submit), None)


def _count_at_most(channel: Channel) -> int:
    return min(channel.core_size + channel.queue_size + 1, _COUNT_AT_MOST)
