"""Pictures at once: relayed to a channel that has the model, or painted as a task.

A request that wants a task to ask for is handed over to the wire that answers so
(`services/picture_mode.py` decides; wire/decisions 16).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message

from gesso.dialects.openai import forms, picture_orders, requests, wire
from gesso.dialects.openai.door import Bounds, Visit
from gesso.dialects.openai.forms import Form
from gesso.dialects.openai.picture_orders import Shape
from gesso.dialects.openai.relays import Relays, repeatable, repeatable_form
from gesso.domain import model as models
from gesso.domain.call import Usage
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder, UnknownModel
from gesso.domain.order import Order, Repeatable
from gesso.domain.relay import Endpoint
from gesso.domain.task import Picture, Task
from gesso.http import headers
from gesso.http.pictures import PictureLinks
from gesso.services.catalogue import Catalogue
from gesso.services.intake import Intake
from gesso.services.paint import Painter, singles
from gesso.services.picture_mode import is_async
from gesso.services.relay import Relayer
from gesso.services.relay_demand import Demand

#: The model of a request that names none, as the wire has it.
_FIRST_MODEL = "dall-e-2"


@dataclass(frozen=True, slots=True)
class Studio:
    """What pictures are made with."""

    painter: Painter
    intake: Intake  #: Reads masks as this wire means them: transparent is repainted.
    links: PictureLinks
    catalogue: Catalogue
    relayer: Relayer
    deferred: ASGIApp | None = None  #: Answers requests that want a task, if there is one.


class Images:
    """Takes picture requests."""

    def __init__(self, relays: Relays, studio: Studio, bounds: Bounds) -> None:
        """Hold who relays, who paints, and the limits."""
        self._relays = relays
        self._studio = studio
        self._bounds = bounds

    async def generate(self, visit: Visit) -> None:
        """POST /v1/images/generations."""
        key = await visit.admit()
        with self._relays.room_for(visit):
            await self._generate(visit, key)

    async def _generate(self, visit: Visit, key: ApiKey) -> None:
        raw = await visit.read(self._bounds.body_bytes)
        body = requests.Body(requests.with_model(raw, _FIRST_MODEL))
        prefer = visit.request.headers.get("prefer", "")
        channels = self._studio.catalogue.channels
        if is_async(prefer, body.value("async"), body.model, channels):
            await self._hand_over(visit, raw)
            return
        requests.check(Endpoint.IMAGES, body, most_messages=self._bounds.messages)
        if self._is_painted(key, Endpoint.IMAGES, body.model):
            shape = picture_orders.read_shape(body.model, body.value)
            prompt = picture_orders.read_prompt(body.value("prompt"), self._bounds.prompt_chars)
            orders = picture_orders.imagine(body.model, prompt, shape)
            await self._paint(visit, key, orders, shape, raw, body.stream, body.value)
        else:
            demand = self._relays.demand(Endpoint.IMAGES, body)
            again = repeatable(visit, Endpoint.IMAGES, raw)
            await self._relays.serve(visit, key, demand._replace(again=again))

    def form(self, endpoint: Endpoint) -> Callable[[Visit], Awaitable[None]]:
        """Return the handler of edits or variations."""

        async def handle(visit: Visit) -> None:
            key = await visit.admit()
            async with forms.reading(visit.request, self._bounds.body_bytes) as form:
                model = models.check_name(form.text("model") or _FIRST_MODEL)
                if not form.files("image", "image[]"):
                    raise InvalidOrder("Missing required parameter: 'image'.", param="image")
                if self._is_painted(key, endpoint, model):
                    await self._edit(visit, key, endpoint, model, form)
                else:
                    again = await repeatable_form(visit, endpoint, form)
                    demand = _demand(endpoint, model, form)._replace(again=again)
                    await self._relays.serve(visit, key, demand)

        return handle

    async def _edit(
        self, visit: Visit, key: ApiKey, endpoint: Endpoint, model: str, form: Form
    ) -> None:
        shape = picture_orders.read_shape(model, form.text)
        uploads = form.files("image", "image[]")
        pictures = [base64.b64encode(await one.read()).decode() for one in uploads[:5]]
        kept = await self._studio.intake.keep_base64(pictures, param="image")
        if endpoint is Endpoint.IMAGE_VARIATIONS:
            orders = picture_orders.vary(model, kept, shape)
        else:
            prompt = picture_orders.read_prompt(form.text("prompt"), self._bounds.prompt_chars)
            mask = None
            for one in form.files("mask"):
                data = base64.b64encode(await one.read()).decode()
                mask = await self._studio.intake.keep_mask(data, param="mask", size=None)
            orders = picture_orders.edit(model, prompt, kept, mask, shape)
        stream = (form.text("stream") or "").lower() == "true"
        await self._paint(visit, key, orders, shape, b"", stream, form.text)

    async def _paint(
        self,
        visit: Visit,
        key: ApiKey,
        orders: Sequence[Order],
        shape: Shape,
        raw: bytes,
        stream: bool,
        value: Callable[[str], Any],
    ) -> None:
        painter = self._studio.painter
        again = _repeatable(visit, raw)
        tasks = []
        for number, order in enumerate(orders):
            one = Repeatable(f"{again.key}#{number}", again.digest) if again else None
            tasks.append(await painter.submit(key, order, one))
        if stream:
            await self._stream(visit, tasks[0], shape, value("partial_images"))
            return
        done = await asyncio.gather(*(painter.wait(task) for task in tasks))
        shown = [(task, one) for task in done for one in singles(task)][: shape.count]
        rows = [await self._row(task, one, shape) for task, one in shown]
        answer: dict[str, Any] = {"created": int(time.time()), "data": rows}
        await visit.answer(200, msgspec.json.encode(answer | shape.told()))

    async def _stream(self, visit: Visit, task: Task, shape: Shape, partial: Any) -> None:
        """Send partial pictures while the task runs, then the first whole one."""
        most = int(partial or 0) if str(partial or 0) in {"0", "1", "2", "3"} else 3
        sent, last, preview = 0, task, None
        painter = self._studio.painter
        common = {"created_at": int(time.time()), **shape.told()}
        async for last in painter.watch(task):
            if not visit.started:
                await visit.begin(200, "text/event-stream", [(b"cache-control", b"no-cache")])
            if last.preview_blob in (None, preview) or last.is_final or sent >= most:
                continue
            preview = last.preview_blob
            data = await painter.read_blob(preview or "", shape.size, shape.form, shape.quality)
            shown = {"b64_json": base64.b64encode(data).decode(), "partial_image_index": sent}
            event = wire.write_named_event("image_generation.partial_image", shown | common)
            await visit.write(event)
            sent += 1
        row = await self._row(last, singles(last)[0], shape.as_data())
        await visit.write(wire.write_named_event("image_generation.completed", row | common))
        await visit.write(b"", more=False)

    async def _row(self, task: Task, shown: Picture, shape: Shape) -> dict[str, Any]:
        row: dict[str, Any] = {}
        if shape.as_url:
            row["url"] = self._studio.links.to(task, shown)
        else:
            data = await self._studio.painter.read(shown, shape.size, shape.form, shape.quality)
            row["b64_json"] = base64.b64encode(data).decode()
        if shape.revises:
            row["revised_prompt"] = task.final_prompt
        return row

    def _is_painted(self, key: ApiKey, endpoint: Endpoint, model: str) -> bool:
        """Say whether a model is painted here; a channel that names it goes first."""
        relayer = self._studio.relayer
        if model in models.PAINTERS:
            return key.test or not relayer.names(endpoint, model)
        if models.is_kin(model):
            return key.test or not relayer.offers(endpoint, model)
        if key.test:
            raise UnknownModel("test keys paint with the sandbox's models only", param="model")
        return False

    async def _hand_over(self, visit: Visit, raw: bytes) -> None:
        """Let the wire that knows tasks answer; it reads the same body again."""
        if self._studio.deferred is None:
            raise InvalidOrder(
                "pictures are answered at once here; leave out `async`", param="async"
            )
        message: Message = {"type": "http.request", "body": raw, "more_body": False}

        async def receive() -> Message:
            return message

        await visit.hand_over(self._studio.deferred, receive)


def _demand(endpoint: Endpoint, model: str, form: Form) -> Demand:
    count = picture_orders.read_count(form.text("n"))
    return Demand(
        endpoint,
        model,
        lambda channel: form.ask(endpoint.value, models.upstream_name(channel, model)),
        Usage(len(form.text("prompt") or "") // 3 + 1000, pictures=count),
        quality=form.text("quality") or "",
    )


def _repeatable(visit: Visit, raw: bytes) -> Repeatable | None:
    key = headers.find(visit.scope, b"idempotency-key")
    if not key or not raw:
        return None
    if len(key) > 240:
        raise InvalidOrder("Idempotency-Key has 240 characters at most")
    return Repeatable(key, hashlib.sha256(raw).digest())
