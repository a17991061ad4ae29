"""Handlers of submits that start something new (section 4.1): body to order to answer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import bodies
from gesso.dialects.midjourney.hall import is_english
from gesso.dialects.midjourney.reception import Reception, read_bot, read_common, read_opaque
from gesso.dialects.midjourney.words import say
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder, PictureRejected
from gesso.domain.task import Action, BotType, Task
from gesso.services import compose
from gesso.services.compose import Footage

_SIZES = {"": 480, "vid_1.1_i2v_480": 480, "vid_1.1_i2v_720": 720}


class NewPictures:
    """Takes submits that need no earlier task."""

    def __init__(self, reception: Reception) -> None:
        """Hold what all submits share."""
        self._reception, self._hall = reception, reception.hall
        self._services = reception.services

    async def imagine(self, request: Request) -> Response:
        """POST /submit/imagine."""
        key, raw, body = await self._hall.read(request, bodies.ImagineBody)
        has_pictures = bool(body.base64_array)
        written, wanted = self._reception.prompt(request, body.prompt, has_pictures)
        bot = read_bot(body.bot_type, wanted)
        if bot is BotType.NIJI_JOURNEY and wanted.flags.niji is None:
            wanted = wanted.as_niji()
        order = compose.imagine(
            read_common(request, body, bot),
            wanted,
            written,
            pictures=await self._reception.pictures(body.base64_array),
            links=await self._services.intake.keep_links(wanted.image_urls, param="prompt"),
        )
        return await self._reception.submit(request, key, order, raw)

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
        bot = read_bot(body.bot_type, flags)
        order = compose.blend(
            read_common(request, body, bot),
            await self._reception.pictures(body.base64_array),
            dimensions=dimensions,
            flags=flags.as_niji() if bot is BotType.NIJI_JOURNEY else flags,
        )
        return await self._reception.submit(request, key, order, raw)

    async def describe(self, request: Request) -> Response:
        """POST /submit/describe."""
        key, raw, body = await self._hall.read(request, bodies.DescribeBody)
        if not (body.base64 or body.link):
            raise PictureRejected(say("picture_rejected", is_english(request)), param="base64")
        name = "base64" if body.base64 else "link"
        order = compose.describe(
            read_common(request, body, read_bot(body.bot_type, None)),
            await self._services.intake.keep_one(body.base64 or body.link or "", param=name),
            language=read_opaque(body.language, "language", 10) or "",
        )
        return await self._reception.submit(request, key, order, raw)

    async def shorten(self, request: Request) -> Response:
        """POST /submit/shorten."""
        key, raw, body = await self._hall.read(request, bodies.ShortenBody)
        written, wanted = self._reception.prompt(request, body.prompt)
        order = compose.shorten(
            read_common(request, body, read_bot(body.bot_type, wanted)), wanted, written
        )
        return await self._reception.submit(request, key, order, raw)

    async def edits(self, request: Request) -> Response:
        """POST /submit/edits and /submit/edit."""
        return await self._edit(request, Action.EDITS)

    async def retexture(self, request: Request) -> Response:
        """POST /submit/retexture."""
        return await self._edit(request, Action.RETEXTURE)

    async def _edit(self, request: Request, action: Action) -> Response:
        key, raw, body = await self._hall.read(request, bodies.EditsBody)
        written, wanted = self._reception.prompt(request, body.prompt)
        if not body.image:
            raise PictureRejected("image must be a link or base64", param="image")
        intake = self._services.intake
        mask = None
        if body.mask_base64:
            mask = await intake.keep_mask(body.mask_base64, param="maskBase64", size=None)
        order = compose.edit(
            read_common(request, body, read_bot(body.bot_type, wanted)),
            action,
            wanted,
            written,
            picture=await intake.keep_one(body.image, param="image"),
            mask=mask,
        )
        return await self._reception.submit(request, key, order, raw)

    async def video(self, request: Request) -> Response:
        """POST /submit/video."""
        key, raw, body = await self._hall.read(request, bodies.VideoBody)
        extends = await self._extended(request, key, body)
        has_picture = bool(body.image or extends)
        written, wanted = self._reception.prompt(request, body.prompt, has_picture)
        frames = [(body.image, "image"), (body.end_image, "endImage")]
        order = compose.video(
            read_common(request, body, read_bot(body.bot_type, wanted)),
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
        return await self._reception.submit(request, key, order, raw)

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
        common = read_common(request, body, BotType.INSIGHT_FACE)
        return await self._reception.submit(request, key, compose.swap_face(common, *named), raw)


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
