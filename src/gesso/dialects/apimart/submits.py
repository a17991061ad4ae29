"""Handlers of the submits: body to order to answer, quotes, and the answer to a dialog."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.apimart import bodies, shapes, wire
from gesso.dialects.apimart.hall import Hall, accepted_answer, answer_json
from gesso.dialects.apimart.images import Images, check_count
from gesso.dialects.apimart.inputs import Inputs
from gesso.dialects.apimart.orders import Build, Orders, common_of, read_speed
from gesso.dialects.apimart.prompts import read_prompt
from gesso.dialects.apimart.videos import Videos
from gesso.domain.caller import ApiKey
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.order import Order
from gesso.domain.task import Action, Task
from gesso.domain.terms import Terms
from gesso.http.answering import Handler
from gesso.http.events import EventRoom
from gesso.http.idempotency import read_repeatable
from gesso.http.limits import read_body
from gesso.services import compose
from gesso.services.answer import Answerer, Reply
from gesso.services.cancel import Canceller
from gesso.services.catalogue import Catalogue
from gesso.services.intake import Intake
from gesso.services.quote import Offer, Quoter
from gesso.services.rerun import rerun
from gesso.services.spending import Spending
from gesso.services.submit import Submitter
from gesso.services.upload import Uploader


@dataclass(frozen=True, slots=True)
class Services:
    """The services that this wire calls."""

    submitter: Submitter
    answerer: Answerer
    canceller: Canceller
    catalogue: Catalogue
    quoter: Quoter
    spending: Spending
    uploader: Uploader
    inputs: Inputs
    uploads: Intake  #: Takes larger pictures than a submit does.
    events: EventRoom


class Submits:
    """Takes the submits of this wire."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Hold what all handlers share and the services."""
        self._hall = hall
        self._services = services
        self._inputs = services.inputs
        orders = Orders(hall, services.inputs)
        videos = Videos(hall, services.inputs, orders)
        self._images = Images(hall, services.inputs, services.catalogue)
        self.table: dict[str, tuple[type[msgspec.Struct], Build]] = {
            **orders.table(),
            "video": (bodies.Video, videos.video),
            "images": (bodies.Images, self._image),
        }

    def submit(self, action: str) -> Handler:
        """Return the handler of one action."""
        kind, build = self.table[action]

        async def handle(request: Request) -> Response:
            key, raw, body = await self._hall.read(request, kind)
            assert isinstance(body, bodies.Submit)
            terms = self._hall.terms(request, body)
            if isinstance(body, bodies.Images):
                terms = replace(terms, shown=check_count(body))
            repeatable = read_repeatable(request, raw)
            order = await build(key, body)
            submitter = self._services.submitter
            return accepted_answer(await submitter.submit(key, order, repeatable, terms))

        return handle

    async def _image(self, key: ApiKey, body: bodies.Images) -> Order:
        return await self._images.generate(body)

    async def rerun(self, request: Request) -> Response:
        """POST /v1/tasks/{id}/rerun: the same work once more, with the same seed."""
        key, raw, body = await self._hall.read(request, bodies.Submit)
        task = await self._hall.task(key, request.path_params["task_id"], "rerun")
        finder = self._hall.finder
        parent = await finder.find_any(task.parent_id) if task.parent_id else None
        common = replace(common_of(body, bot=task.bot), lane=read_speed(body.speed))
        order = rerun(task, parent, common=common)
        terms = replace(self._hall.terms(request, body), shown=Terms.of(task).shown)
        repeatable = read_repeatable(request, raw)
        submitter = self._services.submitter
        return accepted_answer(await submitter.submit(key, order, repeatable, terms))

    async def modal(self, request: Request) -> Response:
        """4.11: answer the dialog of a task; without a mask the picture is painted around."""
        key, raw, body = await self._hall.read(request, bodies.Modal)
        task = await self._hall.task(key, body.task_id, "modal")
        reply = replace(
            await self._reply(body, task), terms=self._hall.terms(request, body), outpaint=True
        )
        repeatable = read_repeatable(request, raw)
        try:
            answered = await self._services.answerer.answer(key, task, reply, repeatable)
        except IllegalMove:
            raise IllegalMove(
                f"task {body.task_id} is not in MODAL state", param="task_id"
            ) from None
        return accepted_answer(answered)

    async def _reply(self, body: bodies.Modal, task: Task) -> Reply:
        # The answer of Vary (Region) is what is billed; other dialogs were priced before.
        billed = "modal" if task.action is Action.INPAINT else ""
        reply = Reply(lane=read_speed(body.speed), price_action=billed)
        if (body.prompt or "").strip():
            most = self._hall.bounds.prompt_chars
            written, wanted = read_prompt(body.prompt, "modal", max_chars=most)
            edited = compose.keep_flags(task.final_prompt, wanted)
            reply = replace(reply, prompt=edited, written=written)
        if body.mask_url:
            size = await self._hall.finder.size_before(task)
            mask = await self._inputs.mask(body.mask_url, "mask_url", size)
            reply = replace(reply, mask=mask)
        return reply

    async def quote(self, request: Request) -> Response:
        """POST /v1/quote: what a submit would cost and meet; nothing is stored or held."""
        key = await self._hall.admit(request)
        raw = await read_body(request, self._hall.bounds.body_bytes)
        named = await self._hall.decode(raw, bodies.Quoted)
        action = (named.action or "imagine").strip().lower().replace("-", "_")
        if action not in self.table:
            raise InvalidOrder(f"action must be one of {', '.join(self.table)}", param="action")
        kind, build = self.table[action]
        body: Any = await self._hall.decode(raw, kind)
        self._hall.terms(request, body)
        order = await build(key, body)
        offer = await self._services.quoter.quote(key, order)
        return answer_json(wire.write_data(_write_offer(offer, order)))


def _write_offer(offer: Offer, order: Order) -> shapes.QuoteAnswer:
    nanos = offer.price.nanos
    return shapes.QuoteAnswer(
        action=order.price_action,
        price_key=offer.price.key,
        cost=nanos / wire.NANOS,
        credits_cost=nanos * 10 / wire.NANOS,
        currency="USD",
        speed=order.lane.value,
        channel=shapes.QuotedChannel(offer.channel.id, offer.channel.name),
        queue_place=offer.place,
        expected_s=offer.expected_s,
        expected_wait_s=offer.wait_s,
        expected_run_s=offer.pace.run_s,
        samples=offer.pace.samples,
        billed_at="modal" if order.dialog else "submit",
    )
