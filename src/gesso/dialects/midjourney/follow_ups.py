"""Handlers of submits on an earlier task: buttons, changes and dialogs (section 7)."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import bodies, wire
from gesso.dialects.midjourney.hall import answer_json, is_english
from gesso.dialects.midjourney.reception import Reception, answer, read_common
from gesso.dialects.midjourney.words import say
from gesso.domain import buttons
from gesso.domain.buttons import Deed, Press
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder
from gesso.domain.offer import offers
from gesso.domain.task import Task
from gesso.http.idempotency import read_repeatable
from gesso.services.answer import Reply
from gesso.services.compose import Common
from gesso.services.follow_up import all_lines, follow_up

_CHANGES = {"UPSCALE": Deed.UPSAMPLE, "VARIATION": Deed.VARIATION, "REROLL": Deed.REROLL}


class FollowUps:
    """Takes submits that go on from a task."""

    def __init__(self, reception: Reception) -> None:
        """Hold what all submits share."""
        self._reception, self._hall = reception, reception.hall
        self._services = reception.services

    async def action(self, request: Request) -> Response:
        """POST /submit/action (section 7, source page 001)."""
        key, raw, body = await self._hall.read(request, bodies.ActionBody)
        custom_id = (body.custom_id or "").strip()
        task_id = self._hall.task_id(request, body.task_id)
        if not custom_id:
            raise InvalidOrder(say("custom_id_missing", is_english(request)), param="customId")
        press = buttons.read(custom_id)
        parent = await self._hall.finder.get(key, task_id)
        if press.deed is Deed.BOOKMARK:
            return await self._bookmark(request, parent, press)
        common = read_common(request, body, parent.bot)
        if press.deed is Deed.DESCRIBE_ALL:
            return await self._imagine_all(request, key, parent, common, custom_id, raw)
        order = follow_up(
            parent,
            press,
            common=common,
            custom_id=custom_id,
            channel=self._services.catalogue.channel(parent.channel_id),
            enable_remix=bool(body.enable_remix),
        )
        return await self._reception.submit(request, key, order, raw)

    async def change(self, request: Request) -> Response:
        """POST /submit/change: a button by its name, never with a dialog."""
        key, raw, body = await self._hall.read(request, bodies.ChangeBody)
        name = (body.action or "").strip().upper()
        return await self._change(request, key, raw, body, body.task_id, name, body.index)

    async def simple_change(self, request: Request) -> Response:
        """POST /submit/simple-change: `<taskId> U2`."""
        key, raw, body = await self._hall.read(request, bodies.SimpleChangeBody)
        found = bodies.read_change(body.content)
        if found is None:
            raise InvalidOrder(say("content_wrong", is_english(request)), param="content")
        return await self._change(request, key, raw, body, *found)

    async def _change(
        self,
        request: Request,
        key: ApiKey,
        raw: bytes,
        body: bodies.Submit,
        task_id: bodies.Id,
        name: str,
        index: int | None,
    ) -> Response:
        parent = await self._hall.task(request, key, task_id)
        deed = _CHANGES.get(name)
        if deed is None:
            raise InvalidOrder(say("action_wrong", is_english(request)), param="action")
        if deed is not Deed.REROLL and index not in {1, 2, 3, 4}:
            raise InvalidOrder("index must be 1–4", param="index")
        press = Press(deed, None if deed is Deed.REROLL else index, parent.job_hash)
        order = follow_up(
            parent,
            press,
            common=read_common(request, body, parent.bot),
            custom_id=buttons.write(press),
            ask=False,
        )
        return await self._reception.submit(request, key, order, raw)

    async def modal(self, request: Request) -> Response:
        """POST /submit/modal: answer the dialog of a task (section 7.3, source page 000)."""
        key, raw, body = await self._hall.read(request, bodies.ModalBody)
        task = await self._hall.task(request, key, body.task_id)
        reply = Reply()
        if (body.prompt or "").strip():
            written, wanted = self._reception.prompt(request, body.prompt)
            reply = Reply(wanted, written)
        if body.mask_base64:
            mask = await self._services.intake.keep_mask(
                body.mask_base64,
                param="maskBase64",
                size=await self._hall.size_before(task),
            )
            reply = replace(reply, mask=mask)
        repeatable = read_repeatable(request, raw)
        accepted = await self._services.answerer.answer(key, task, reply, repeatable)
        return answer(request, accepted)

    async def _bookmark(self, request: Request, parent: Task, press: Press) -> Response:
        if offers(parent, press) is None:
            raise InvalidOrder("the task has no bookmark button", param="customId")
        await self._services.bookmarker.turn(parent)
        text = say("submitted", is_english(request))
        return answer_json(wire.write_answer(1, text, str(parent.id)))

    async def _imagine_all(
        self,
        request: Request,
        key: ApiKey,
        parent: Task,
        common: Common,
        custom_id: str,
        raw: bytes,
    ) -> Response:
        """Submit all lines of a description; either all are accepted or none stays."""
        if offers(parent, buttons.read(custom_id)) is None:
            raise InvalidOrder("the task has no such button", param="customId")
        submitter, taken = self._services.submitter, []
        again = read_repeatable(request, raw)
        try:
            for number, order in enumerate(all_lines(parent, common=common, custom_id=custom_id)):
                one = replace(again, key=f"{again.key}#{number}") if again else None
                taken.append(await submitter.submit(key, order, one))
        except Exception:
            for accepted in taken:
                await self._services.canceller.cancel(key, accepted.task.id)
            raise
        text = say("submitted", is_english(request))
        named = ",".join(str(accepted.task.id) for accepted in taken)
        return answer_json(wire.write_answer(1, text, named))
