"""Video bodies into orders (section 4.12)."""

from __future__ import annotations

from dataclasses import replace

from gesso.dialects.apimart import bodies, gates
from gesso.dialects.apimart.hall import Hall
from gesso.dialects.apimart.inputs import Inputs
from gesso.dialects.apimart.orders import Orders, common_of
from gesso.domain import prompt
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder
from gesso.domain.offer import Result, result_of
from gesso.domain.order import Order
from gesso.domain.prompt import Prompt
from gesso.domain.task import Lane, Task
from gesso.services import compose
from gesso.services.compose import Footage

#: Pixels of the short side, and whether a last frame is named, by published type.
_TYPES = {
    "vid_1.1_i2v_480": (480, False),
    "vid_1.1_i2v_720": (720, False),
    "vid_1.1_i2v_start_end_480": (480, True),
    "vid_1.1_i2v_start_end_720": (720, True),
}


class Videos:
    """Composes orders of clips."""

    def __init__(self, hall: Hall, inputs: Inputs, orders: Orders) -> None:
        """Hold what finds tasks, takes pictures in and checks parents."""
        self._hall = hall
        self._inputs = inputs
        self._orders = orders

    async def video(self, key: ApiKey, body: bodies.Video) -> Order:
        """Clips from one first picture, or from a picture of a finished task; always FAST."""
        if bool(body.image_urls) == (body.task_id not in (None, "")):
            raise InvalidOrder(
                "exactly one of image_urls and task_id is required for video", param="image_urls"
            )
        size, needs_end = _read_type(body)
        footage = Footage(_read_motion(body), False, size, _read_clips(body))
        starts = await self._start(key, body)
        index = _read_index(body, starts)
        pictures = await self._pictures(body)
        written, wanted = self._words(body, starts)
        if needs_end and not body.end_url:
            raise InvalidOrder("end_url is required for this video_type", param="end_url")
        order = compose.video(
            replace(common_of(body), lane=Lane.FAST),
            wanted,
            written,
            footage=footage,
            pictures=pictures,
            end_frame=bool(body.end_url),
            starts=starts,
            index=index,
        )
        mode = "auto" if body.animate_mode == "auto" else "manual"
        return replace(order, details={**order.details, "animate_mode": mode})

    async def _start(self, key: ApiKey, body: bodies.Video) -> Task | None:
        mode = (body.animate_mode or "manual").strip().lower()
        if mode not in {"manual", "auto"}:
            raise InvalidOrder("animate_mode must be manual or auto", param="animate_mode")
        if mode == "auto" and (body.task_id in (None, "") or body.index is None):
            raise InvalidOrder("animate_mode auto needs task_id and index", param="animate_mode")
        if body.task_id in (None, ""):
            return None
        parent = await self._orders.parent(key, body.task_id, "video")
        if result_of(parent) not in {Result.GRID, Result.SINGLE}:
            raise InvalidOrder("This action requires a task with images", param="task_id")
        return parent

    async def _pictures(self, body: bodies.Video) -> tuple[str, ...]:
        first: tuple[str, ...] = ()
        if body.image_urls:
            first = await self._inputs.pictures(
                body.image_urls, at_least=1, at_most=1, action="video"
            )
        last = (await self._inputs.one(body.end_url, "end_url"),) if body.end_url else ()
        return (*first, *last)

    def _words(self, body: bodies.Video, starts: Task | None) -> tuple[str, Prompt]:
        written = (body.prompt or "").strip()
        if written:
            most = self._hall.bounds.prompt_chars
            return written, prompt.parse(written, max_chars=most, need_words=False)
        if starts is None:
            raise InvalidOrder("prompt is required for video from an image", param="prompt")
        return starts.prompt, prompt.parse(starts.final_prompt, need_words=False)


def _read_type(body: bodies.Video) -> tuple[int, bool]:
    name = (body.video_type or "vid_1.1_i2v_480").strip()
    if name not in _TYPES:
        raise InvalidOrder(f"video_type must be one of {', '.join(_TYPES)}", param="video_type")
    return _TYPES[name]


def _read_motion(body: bodies.Video) -> str:
    motion = (body.motion or "high").strip().lower()
    if motion not in {"low", "high"}:
        raise InvalidOrder("motion must be low or high", param="motion")
    return motion


def _read_clips(body: bodies.Video) -> int:
    clips = 1 if body.batch_size is None else body.batch_size
    if clips not in compose.CLIPS:
        raise InvalidOrder("batch_size must be 1, 2 or 4", param="batch_size")
    return clips


def _read_index(body: bodies.Video, starts: Task | None) -> int | None:
    """Return the picture 1-4 that is animated; this one field counts from 0."""
    if body.index is not None and not 0 <= body.index <= 3:
        raise InvalidOrder("index must be 0-3 for video", param="index")
    if starts is None:
        return None
    position = (body.index or 0) + 1
    if result_of(starts) is Result.GRID:
        gates.check_picture(starts, position)
    return position
