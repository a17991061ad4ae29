"""Bodies into orders: one method per action, over the services that compose (section 4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec

from gesso.dialects.apimart import bodies, gates
from gesso.dialects.apimart.hall import Hall
from gesso.dialects.apimart.inputs import MOST, Inputs
from gesso.dialects.apimart.prompts import (
    check_version,
    compile_prompt,
    read_prompt,
    with_field,
)
from gesso.domain import buttons, prompt
from gesso.domain.buttons import Deed, Press
from gesso.domain.caller import ApiKey
from gesso.domain.errors import IllegalMove, InvalidOrder
from gesso.domain.offer import Result, result_of
from gesso.domain.order import Order
from gesso.domain.prompt import Prompt
from gesso.domain.task import Action, BotType, Lane, Task, TaskStatus
from gesso.services import compose
from gesso.services.compose import Common
from gesso.services.follow_up import follow_up

NAME = "apimart"
_STATE_CHARS, _HOOK_CHARS = 255, 2000
_WAYS = {
    "left": Deed.PAN_LEFT, "right": Deed.PAN_RIGHT, "up": Deed.PAN_UP, "down": Deed.PAN_DOWN,
}  # fmt: skip
#: How strongly a variation differs, by its endpoint.
_STRENGTH: dict[str, dict[str, Any]] = {
    "variation": {},
    "high_variation": {"strength": "strong", "strong": True},
    "low_variation": {"strength": "subtle"},
}

Build = Callable[[ApiKey, Any], Awaitable[Order]]


class Orders:
    """Composes the orders of this wire."""

    def __init__(self, hall: Hall, inputs: Inputs) -> None:
        """Hold what finds tasks and what takes pictures in."""
        self._hall = hall
        self._inputs = inputs

    def table(self) -> dict[str, tuple[type[msgspec.Struct], Build]]:
        """Return body and builder of every action, by its billing name."""
        return {
            "imagine": (bodies.Imagine, self.imagine),
            "blend": (bodies.Blend, self.blend),
            "describe": (bodies.Describe, self.describe),
            "shorten": (bodies.Shorten, self.shorten),
            "edits": (bodies.Edits, self.edits),
            "upscale": (bodies.FollowUp, self.upscale),
            "variation": (bodies.FollowUp, self._variation("variation")),
            "high_variation": (bodies.FollowUp, self._variation("high_variation")),
            "low_variation": (bodies.FollowUp, self._variation("low_variation")),
            "reroll": (bodies.FollowUp, self.reroll),
            "zoom": (bodies.Zoom, self.zoom),
            "pan": (bodies.Pan, self.pan),
            "inpaint": (bodies.FollowUp, self.inpaint),
            "remix_strong": (bodies.Remix, self._remix("strong")),
            "remix_subtle": (bodies.Remix, self._remix("subtle")),
        }

    # New pictures -----------------------------------------------------------------------

    async def imagine(self, key: ApiKey, body: bodies.Imagine) -> Order:
        """4.1: four pictures by words, with pictures to be guided by."""
        written, wanted = compile_prompt(body, "imagine", max_chars=self._chars)
        return compose.imagine(
            common_of(body, wanted),
            wanted,
            written,
            pictures=await self._inputs.pictures(
                body.image_urls, at_least=0, at_most=MOST, action="imagine"
            ),
            links=await self._inputs.links(wanted.image_urls),
        )

    async def blend(self, key: ApiKey, body: bodies.Blend) -> Order:
        """4.2: two to four pictures in one; `size` wins over `dimensions`."""
        dimensions = (body.dimensions or "SQUARE").strip().upper()
        if dimensions not in compose.DIMENSIONS:
            raise InvalidOrder(
                "dimensions must be SQUARE, PORTRAIT or LANDSCAPE", param="dimensions"
            )
        flags = compose.read_flags("")
        if body.size:
            flags = with_field(flags, "size", ar=body.size)
        pictures = await self._inputs.pictures(
            body.image_urls, at_least=2, at_most=4, action="blend"
        )
        return compose.blend(common_of(body), pictures, dimensions=dimensions, flags=flags)

    async def describe(self, key: ApiKey, body: bodies.Describe) -> Order:
        """4.3: four prompts for the first picture; others are ignored, as there."""
        first = await self._inputs.pictures(
            (body.image_urls or [])[:1], at_least=1, at_most=1, action="describe"
        )
        return compose.describe(common_of(body), first[0])

    async def shorten(self, key: ApiKey, body: bodies.Shorten) -> Order:
        """Up to five shorter prompts."""
        written, wanted = read_prompt(body.prompt, "shorten", max_chars=self._chars)
        return compose.shorten(common_of(body, wanted), wanted, written)

    async def edits(self, key: ApiKey, body: bodies.Edits) -> Order:
        """4.4: a picture made over by words; more pictures are shown beside the first."""
        written, wanted = compile_prompt(body, "edits", max_chars=self._chars)
        pictures = await self._inputs.pictures(
            body.image_urls, at_least=1, at_most=MOST, action="edits"
        )
        return compose.edit(
            common_of(body, wanted),
            Action.EDITS,
            wanted,
            written,
            picture=pictures[0],
            more=pictures[1:],
        )

    # Following up -----------------------------------------------------------------------

    async def upscale(self, key: ApiKey, body: bodies.FollowUp) -> Order:
        """4.5: one picture out of four, or with a custom_id a larger one."""
        parent = await self.parent(key, body.task_id, "upscale")
        clips = result_of(parent) is Result.CLIPS
        return self._press(
            parent, body, "upscale", lambda index: Deed.VIDEO_UPSCALE if clips else Deed.UPSAMPLE
        )

    def _variation(self, action: str) -> Build:
        async def build(key: ApiKey, body: bodies.FollowUp) -> Order:
            """4.6: a new grid from one picture, of a grid or upscaled."""
            parent = await self.parent(key, body.task_id, action)
            single = Deed.HIGH_VARIATION if action == "high_variation" else Deed.LOW_VARIATION
            deed = single if result_of(parent) is Result.SINGLE else Deed.VARIATION
            order = self._press(parent, body, action, lambda index: deed)
            details = {**order.details, **_STRENGTH[action]}
            return replace(order, price_action=action, details=details)

        return build

    async def reroll(self, key: ApiKey, body: bodies.FollowUp) -> Order:
        """4.7: the same prompt again."""
        parent = await self.parent(key, body.task_id, "reroll")
        return self._press(parent, body, "reroll", lambda index: Deed.REROLL, needs_index=False)

    async def zoom(self, key: ApiKey, body: bodies.Zoom) -> Order:
        """4.8: 1.5 times for a ratio below 2, else 2 times."""
        parent = await self.parent(key, body.task_id, "zoom")
        _check_index(body.index, needed=False)
        ratio = 2.0 if body.zoom_ratio is None else body.zoom_ratio
        if not 1 <= ratio <= 10:
            raise InvalidOrder("zoom_ratio is a number from 1 on", param="zoom_ratio")
        deed = Deed.ZOOM_OUT_1_5X if ratio < 2 else Deed.ZOOM_OUT_2X
        return self._press(parent, body, "zoom", lambda index: deed, needs_index=False)

    async def pan(self, key: ApiKey, body: bodies.Pan) -> Order:
        """4.9: more of one side."""
        parent = await self.parent(key, body.task_id, "pan")
        _check_index(body.index, needed=False)
        deed = _WAYS.get((body.direction or "").strip().lower())
        if deed is None and not body.custom_id:
            raise InvalidOrder(
                "direction (left, right, up or down) or custom_id is required for pan",
                param="direction",
            )
        return self._press(
            parent, body, "pan", lambda index: deed or Deed.PAN_LEFT, needs_index=False
        )

    async def inpaint(self, key: ApiKey, body: bodies.FollowUp) -> Order:
        """4.10: waits for the mask; nothing is held until it comes."""
        parent = await self.parent(key, body.task_id, "inpaint")
        _check_index(body.index, needed=False)
        return self._press(
            parent, body, "inpaint", lambda index: Deed.INPAINT, needs_index=False, ask=True
        )

    def _remix(self, strength: str) -> Build:
        async def build(key: ApiKey, body: bodies.Remix) -> Order:
            """4.13: a grid of version 8.1 or 8.2 varied with an edited prompt."""
            parent = await self.parent(key, body.task_id, f"remix_{strength}")
            gates.check_remix(parent)
            index = _check_index(body.index, needed=True, action="remix")
            gates.check_picture(parent, index)
            written, wanted = parent.prompt, prompt.parse(parent.final_prompt, need_words=False)
            if (body.prompt or "").strip():
                written, wanted = read_prompt(body.prompt, "remix", max_chars=self._chars)
            common = common_of(body, wanted)
            order = compose.remix(common, parent, index, wanted, written, strength=strength)
            check_version(prompt.parse(order.final_prompt, need_words=False))
            return order

        return build

    async def parent(self, key: ApiKey, named: bodies.Id, action: str) -> Task:
        """Return the finished task that an action works on; raises with the wire's texts."""
        task = await self._hall.task(key, named, action)
        if task.status is not TaskStatus.SUCCEEDED:
            raise IllegalMove(f"task {named} is not in SUCCESS state", param="task_id")
        return task

    def _press(
        self,
        parent: Task,
        body: bodies.FollowUp,
        action: str,
        deed_of: Callable[[int], Deed],
        *,
        needs_index: bool = True,
        ask: bool = False,
    ) -> Order:
        """Return the order of a button: the one of `custom_id`, else the one that fits."""
        custom_id = (body.custom_id or "").strip()
        if custom_id:
            press = gates.read_custom_id(custom_id, action)
        else:
            index = _check_index(body.index, needed=needs_index, action=action)
            press = Press(deed_of(index), index, parent.job_hash)
        gates.check(parent, press, action)
        return follow_up(
            parent,
            press,
            common=common_of(body, bot=parent.bot),
            custom_id=custom_id or buttons.write(press),
            ask=ask,
            must_show=False,
        )

    @property
    def _chars(self) -> int:
        return self._hall.bounds.prompt_chars


def common_of(
    body: bodies.Submit, wanted: Prompt | None = None, *, bot: BotType | None = None
) -> Common:
    """Read what every submit shares; without `speed` or its flag the lane is relax."""
    flag = Lane(wanted.speed) if wanted is not None and wanted.speed else None
    niji = wanted is not None and wanted.niji
    return Common(
        dialect=NAME,
        lane=read_speed(body.speed) or flag or Lane.RELAX,
        bot=bot or (BotType.NIJI_JOURNEY if niji else BotType.MID_JOURNEY),
        state=_text(body.state, "state", _STATE_CHARS),
        notify_hook=_hook(body.notify_hook),
    )


def read_speed(speed: str | None) -> Lane | None:
    """Return the lane of a body's speed; raises InvalidOrder for an unknown word."""
    name = (speed or "").strip().lower()
    if not name:
        return None
    try:
        return Lane(name)
    except ValueError:
        raise InvalidOrder("speed must be relax, fast or turbo", param="speed") from None


def _check_index(index: int | None, *, needed: bool, action: str = "") -> int:
    if index is None and needed:
        either = "index" if action == "remix" else "index or custom_id"
        raise InvalidOrder(f"{either} is required for {action}", param="index")
    if not 1 <= (index or 1) <= 4:
        raise InvalidOrder("index must be 1-4", param="index")
    return index or 1


def _text(value: str | None, name: str, most: int) -> str | None:
    if value is not None and len(value) > most:
        raise InvalidOrder(f"{name} may have {most} characters", param=name)
    return value


def _hook(value: str | None) -> str | None:
    hook = (_text(value, "notifyHook", _HOOK_CHARS) or "").strip()
    if hook and not hook.startswith(("http://", "https://")):
        raise InvalidOrder("notifyHook must start with http:// or https://", param="notifyHook")
    return hook or None
