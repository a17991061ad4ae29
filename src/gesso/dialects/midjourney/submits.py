"""Handlers of the submits of this wire (sections 4.1 and 4.2): body to order to answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import bodies, wire
from gesso.dialects.midjourney.hall import Hall, answer_json, is_english, path_lane
from gesso.dialects.midjourney.words import say
from gesso.domain import buttons, prompt
from gesso.domain.buttons import Deed, Press
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder, NotFound, PictureRejected
from gesso.domain.offer import offers
from gesso.domain.order import Accepted, Order, Repeatable
from gesso.domain.prompt import Prompt
from gesso.domain.task import Action, BotType, Lane, Task
from gesso.services import compose
from gesso.services.answer import Answerer, Reply
from gesso.services.bookmark import Bookmarker
from gesso.services.cancel import Canceller
from gesso.services.catalogue import Catalogue
from gesso.services.compose import Common, Footage
from gesso.services.follow_up import all_lines, follow_up
from gesso.services.intake import Intake
from gesso.services.submit import Submitter
from gesso.services.translate import Translator
from gesso.services.upload import Uploader

NAME = "midjourney"
#: The longest opaque values that a caller may have stored with a task (section 1).
_STATE_CHARS, _HOOK_CHARS, _KEY_CHARS = 255, 2000, 250
_SIZES = {"": 480, "vid_1.1_i2v_480": 480, "vid_1.1_i2v_720": 720}
_CHANGES = {"UPSCALE": Deed.UPSAMPLE, "VARIATION": Deed.VARIATION, "REROLL": Deed.REROLL}


@dataclass(frozen=True, slots=True)
class Services:
    """The services that submits call."""

    submitter: Submitter
    answerer: Answerer
    canceller: Canceller
    catalogue: Catalogue
    intake: Intake
    uploader: Uploader
    translator: Translator
    bookmarker: Bookmarker


class Submits:
    """Takes the submits of this wire."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Hold what all handlers share and the services."""
        self._hall = hall
        self._services = services

    # New pictures -----------------------------------------------------------------------

    async def imagine(self, request: Request) -> Response:
        """POST /submit/imagine."""
        key, raw, body = await self._hall.read(request, bodies.ImagineBody)
        has_pictures = bool(body.base64_array)
        written, wanted = await self._prompt(request, body.prompt, has_pictures)
        bot = _bot(body.bot_type, wanted)
        if bot is BotType.NIJI_JOURNEY and wanted.flags.niji is None:
            wanted = wanted.as_niji()
        order = compose.imagine(
            _common(request, body, bot),
            wanted,
            written,
            pictures=await self._pictures(body.base64_array),
            links=await self._services.intake.keep_links(wanted.image_urls, param="prompt"),
        )
        return await self._submit(request, key, order, raw)

    async def blend(self, request: Request) -> Response:
        """POST /submit/blend."""
        key, raw, body = await self._hall.read(request, bodies.BlendBody)
        if not 2 <= len(body.base64_array or ()) <= 5:
            raise InvalidOrder("base64Array needs 2–5 pictures", param="base64Array")
        dimensions = (body.dimensions or "SQUARE").strip().upper()
        if dimensions not in compose.DIMENSIONS:
            raise InvalidOrder(
                "dimensions must be PORTRAIT, SQUARE or LANDSCAPE", param="dimensions"
            )
        flags = compose.read_flags("")
        bot = _bot(body.bot_type, flags)
        order = compose.blend(
            _common(request, body, bot),
            await self._pictures(body.base64_array),
            dimensions=dimensions,
            flags=flags.as_niji() if bot is BotType.NIJI_JOURNEY else flags,
        )
        return await self._submit(request, key, order, raw)

    async def describe(self, request: Request) -> Response:
        """POST /submit/describe."""
        key, raw, body = await self._hall.read(request, bodies.DescribeBody)
        if not (body.base64 or body.link):
            raise PictureRejected(say("picture_rejected", is_english(request)), param="base64")
        name = "base64" if body.base64 else "link"
        order = compose.describe(
            _common(request, body, _bot(body.bot_type, None)),
            await self._services.intake.keep_one(body.base64 or body.link or "", param=name),
            language=_opaque(body.language, "language", 10) or "",
        )
        return await self._submit(request, key, order, raw)

    async def shorten(self, request: Request) -> Response:
        """POST /submit/shorten."""
        key, raw, body = await self._hall.read(request, bodies.ShortenBody)
        written, wanted = await self._prompt(request, body.prompt)
        order = compose.shorten(
            _common(request, body, _bot(body.bot_type, wanted)), wanted, written
        )
        return await self._submit(request, key, order, raw)

    async def edits(self, request: Request) -> Response:
        """POST /submit/edits and /submit/edit."""
        return await self._edit(request, Action.EDITS)

    async def retexture(self, request: Request) -> Response:
        """POST /submit/retexture."""
        return await self._edit(request, Action.RETEXTURE)

    async def _edit(self, request: Request, action: Action) -> Response:
        key, raw, body = await self._hall.read(request, bodies.EditsBody)
        written, wanted = await self._prompt(request, body.prompt)
        if not body.image:
            raise PictureRejected("image must be a link or base64", param="image")
        intake = self._services.intake
        mask = None
        if body.mask_base64:
            mask = await intake.keep_mask(body.mask_base64, param="maskBase64", size=None)
        order = compose.edit(
            _common(request, body, _bot(body.bot_type, wanted)),
            action,
            wanted,
            written,
            picture=await intake.keep_one(body.image, param="image"),
            mask=mask,
        )
        return await self._submit(request, key, order, raw)

    async def video(self, request: Request) -> Response:
        """POST /submit/video."""
        key, raw, body = await self._hall.read(request, bodies.VideoBody)
        extends = await self._extended(request, key, body)
        has_picture = bool(body.image or extends)
        written, wanted = await self._prompt(request, body.prompt, has_picture)
        frames = [(body.image, "image"), (body.end_image, "endImage")]
        order = compose.video(
            _common(request, body, _bot(body.bot_type, wanted)),
            wanted,
            written,
            footage=_footage(body),
            pictures=tuple(
                [
                    await self._services.intake.keep_one(text, param=name)
                    for text, name in frames
                    if text
                ]
            ),
            end_frame=bool(body.end_image),
            extends=extends,
            index=(body.index or 0) + 1 if extends else None,
        )
        return await self._submit(request, key, order, raw)

    async def _extended(self, request: Request, key: ApiKey, body: bodies.VideoBody) -> Task | None:
        if not body.action:
            return None
        if body.action.strip().lower() != "extend":
            raise InvalidOrder(say("action_wrong", is_english(request)), param="action")
        if not 0 <= (body.index or 0) <= 3:
            raise InvalidOrder("index of a video is 0–3", param="index")
        return await self._hall.task(request, key, body.task_id)

    async def swap(self, request: Request) -> Response:
        """POST /insight-face/swap."""
        key, raw, body = await self._hall.read(request, bodies.SwapBody)
        named = []
        for data, url, name in (
            (body.source_base64, body.source_url, "source"),
            (body.target_base64, body.target_url, "target"),
        ):
            if not (data or url):
                raise PictureRejected(f"{name}Base64 must be a picture", param=f"{name}Base64")
            param = f"{name}Base64" if data else f"{name}Url"
            named.append(await self._services.intake.keep_one(data or url or "", param=param))
        common = _common(request, body, BotType.INSIGHT_FACE)
        return await self._submit(request, key, compose.swap_face(common, *named), raw)

    # Following up -----------------------------------------------------------------------

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
        common = _common(request, body, parent.bot)
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
        return await self._submit(request, key, order, raw)

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
            common=_common(request, body, parent.bot),
            custom_id=buttons.write(press),
            ask=False,
        )
        return await self._submit(request, key, order, raw)

    async def modal(self, request: Request) -> Response:
        """POST /submit/modal: answer the dialog of a task (section 7.3, source page 000)."""
        key, raw, body = await self._hall.read(request, bodies.ModalBody)
        task = await self._hall.task(request, key, body.task_id)
        reply = Reply()
        if (body.prompt or "").strip():
            written, wanted = await self._prompt(request, body.prompt)
            reply = Reply(wanted, written)
        if body.mask_base64:
            mask = await self._services.intake.keep_mask(
                body.mask_base64, param="maskBase64", size=await self._hall.size_before(task)
            )
            reply = replace(reply, mask=mask)
        repeatable = _repeatable(request, raw)
        accepted = await self._services.answerer.answer(key, task, reply, repeatable)
        return _answer(request, accepted)

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
        again = _repeatable(request, raw)
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

    # Others -----------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        """POST /submit/upload-discord-images: links of uploaded pictures, at once."""
        _, _, body = await self._hall.read(request, bodies.UploadBody)
        if not body.base64_array:
            raise PictureRejected("base64Array must not be empty", param="base64Array")
        kept = await self._pictures(body.base64_array)
        until = await self._services.uploader.keep(kept)
        links = [self._hall.links.to_upload(blob, until) for blob in kept]
        text = say("done", is_english(request))
        return answer_json(wire.write_answer(1, text, links))

    async def show(self, request: Request) -> Response:
        """POST /submit/show: the task that a job's UUID or picture belongs to."""
        key, _, body = await self._hall.read(request, bodies.ShowBody)
        job = (body.job_id or "").strip()
        if not job:
            raise InvalidOrder("jobId must be a UUID or the link of a picture", param="jobId")
        task = await self._hall.find_shown(key, job)
        if task is None:
            raise NotFound(f"no task is known for {job[:80]}")
        text = say("submitted", is_english(request))
        return answer_json(wire.write_answer(1, text, str(task.id)))

    # Reading ----------------------------------------------------------------------------

    async def _submit(self, request: Request, key: ApiKey, order: Order, raw: bytes) -> Response:
        repeatable = _repeatable(request, raw)
        return _answer(request, await self._services.submitter.submit(key, order, repeatable))

    async def _prompt(
        self, request: Request, text: str | None, has_pictures: bool = False
    ) -> tuple[str, Prompt]:
        """Return the prompt as written and as it was read, in English where that is on."""
        written = (text or "").strip()
        if not written and not has_pictures:
            raise InvalidOrder(say("prompt_missing", is_english(request)), param="prompt")
        most = self._hall.bounds.prompt_chars
        wanted = prompt.parse(written, max_chars=most, need_words=not has_pictures)
        return written, await self._services.translator.translate(wanted)

    async def _pictures(self, encoded: list[str] | None) -> tuple[str, ...]:
        encoded, most = encoded or [], self._hall.bounds.pictures
        if len(encoded) > most:
            raise PictureRejected(f"at most {most} pictures", param="base64Array")
        return await self._services.intake.keep_base64(encoded, param="base64Array")


def _answer(request: Request, accepted: Accepted) -> Response:
    response = answer_json(wire.write_accepted(accepted, is_english(request)))
    if accepted.replayed:
        response.headers["idempotency-replayed"] = "true"
    return response


def _common(request: Request, body: bodies.Submit, bot: BotType) -> Common:
    """Read what every submit shares; the path's speed wins over the filter's (section 2)."""
    wanted = body.account_filter or bodies.AccountFilter()
    lane: Lane | None = path_lane(request) or wanted.lane()
    return Common(
        dialect=NAME,
        lane=lane,
        bot=bot,
        state=_opaque(body.state, "state", _STATE_CHARS),
        notify_hook=_hook(body.notify_hook),
        selection=wanted.selection(),
    )


def _footage(body: bodies.VideoBody) -> Footage:
    motion = (body.motion or "low").strip().lower()
    if motion not in {"low", "high"}:
        raise InvalidOrder("motion must be low or high", param="motion")
    size = _SIZES.get((body.video_type or "").strip())
    if size is None:
        raise InvalidOrder(
            f"videoType must be one of {', '.join(list(_SIZES)[1:])}", param="videoType"
        )
    clips = 4 if body.batch_size is None else body.batch_size
    return Footage(motion, bool(body.loop), size, clips)


def _bot(name: str | None, wanted: Prompt | None) -> BotType:
    niji = wanted is not None and wanted.flags.niji is not None
    names = {
        "": BotType.NIJI_JOURNEY if niji else BotType.MID_JOURNEY,
        "MID_JOURNEY": BotType.MID_JOURNEY,
        "MJ": BotType.MID_JOURNEY,
        "NIJI_JOURNEY": BotType.NIJI_JOURNEY,
        "NIJI": BotType.NIJI_JOURNEY,
    }
    bot = names.get((name or "").strip().upper())
    if bot is None:
        raise InvalidOrder("botType must be MID_JOURNEY or NIJI_JOURNEY", param="botType")
    return bot


def _opaque(value: str | None, name: str, most: int) -> str | None:
    if value is not None and len(value) > most:
        raise InvalidOrder(f"{name} may have {most} characters", param=name)
    return value


def _hook(value: str | None) -> str | None:
    hook = (_opaque(value, "notifyHook", _HOOK_CHARS) or "").strip()
    if hook and not hook.startswith(("http://", "https://")):
        raise InvalidOrder("notifyHook must start with http:// or https://", param="notifyHook")
    return hook or None


def _repeatable(request: Request, raw: bytes) -> Repeatable | None:
    name = request.headers.get("idempotency-key", "").strip()
    if not name:
        return None
    if len(name) > _KEY_CHARS or not name.isprintable():
        raise InvalidOrder(
            f"Idempotency-Key may have {_KEY_CHARS} visible characters", param="Idempotency-Key"
        )
    # The path is part of the request: the same body on another path asks for something else.
    return Repeatable(name, hashlib.sha256(request.url.path.encode() + b"\0" + raw).digest())
