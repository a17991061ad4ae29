"""Compose orders of the direct actions; every dialect calls these with what it has read.

Pure: pictures were taken in before (`services.intake`), and nothing is stored here.
Spec: wire/midjourney-proxy section 4.1, wire/apimart section 2.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gesso.domain import ids, prompt
from gesso.domain.buttons import Deed
from gesso.domain.errors import InvalidOrder
from gesso.domain.offer import Result, result_of
from gesso.domain.order import Order, Selection
from gesso.domain.prompt import Prompt
from gesso.domain.task import Action, BotType, Lane, Task

#: Sides of a blend by its published name.
DIMENSIONS: Mapping[str, str] = {"PORTRAIT": "2:3", "SQUARE": "1:1", "LANDSCAPE": "3:2"}
#: How many clips one video order may make.
CLIPS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Common:
    """What every order of a request shares."""

    dialect: str
    lane: Lane | None = None  #: None leaves it to the prompt or the parent.
    bot: BotType = BotType.MID_JOURNEY
    state: str | None = None
    notify_hook: str | None = None
    selection: Selection = field(default_factory=Selection)

    def fields(self) -> dict[str, Any]:
        """Return the fields of an order that are the same for every action."""
        return {
            "dialect": self.dialect,
            "state": self.state,
            "notify_hook": self.notify_hook,
            "selection": self.selection,
        }


def imagine(
    common: Common,
    wanted: Prompt,
    written: str,
    *,
    pictures: tuple[str, ...] = (),
    links: tuple[str, ...] = (),
) -> Order:
    """Return the order of four new pictures."""
    return Order(
        action=Action.IMAGINE,
        price_action="imagine",
        description=f"/imagine {written}",
        prompt=written,
        final_prompt=wanted.strip_speed().write(),
        version=version_of(wanted),
        cards=wanted.sandbox or "",
        lane=_lane(common, wanted),
        bot=common.bot,
        pictures=pictures,
        links=links,
        details={"seed": seed_of(wanted)},
        **common.fields(),
    )


def blend(common: Common, pictures: tuple[str, ...], *, dimensions: str, flags: Prompt) -> Order:
    """Return the order of four pictures out of two to five; `dimensions` as published."""
    task_id = ids.new_task_id()
    wanted = flags if flags.flags.has("ar") else flags.with_flags(ar=DIMENSIONS[dimensions])
    return Order(
        action=Action.BLEND,
        price_action="blend",
        description=f"/blend {task_id} {len(pictures)}",
        final_prompt=wanted.strip_speed().write(),
        version=version_of(wanted),
        cards=wanted.sandbox or "",
        lane=_lane(common, wanted),
        bot=common.bot,
        pictures=pictures,
        details={"seed": seed_of(wanted), "dimensions": dimensions},
        task_id=task_id,
        **common.fields(),
    )


def describe(common: Common, picture: str, *, language: str = "") -> Order:
    """Return the order of four prompts for a picture."""
    task_id = ids.new_task_id()
    return Order(
        action=Action.DESCRIBE,
        price_action="describe",
        description=f"/describe {task_id}.png",
        lane=common.lane or Lane.FAST,
        bot=common.bot,
        pictures=(picture,),
        details={"seed": _draw(), "language": language},
        task_id=task_id,
        **common.fields(),
    )


def shorten(common: Common, wanted: Prompt, written: str) -> Order:
    """Return the order of up to five shorter prompts."""
    return Order(
        action=Action.SHORTEN,
        price_action="shorten",
        description=f"/shorten {written}",
        prompt=written,
        final_prompt=wanted.strip_speed().write(),
        version=version_of(wanted),
        cards=wanted.sandbox or "",
        lane=_lane(common, wanted),
        bot=common.bot,
        details={"seed": seed_of(wanted)},
        **common.fields(),
    )


def edit(
    common: Common,
    action: Action,
    wanted: Prompt,
    written: str,
    *,
    picture: str,
    more: tuple[str, ...] = (),
    mask: str | None = None,
) -> Order:
    """Return the order of an EDITS or RETEXTURE of one picture; `more` are shown beside it."""
    word = action.value.lower()
    return Order(
        action=action,
        price_action=word,
        description=f"/{'edit' if action is Action.EDITS else word} {written}",
        prompt=written,
        final_prompt=wanted.strip_speed().write(),
        version=version_of(wanted),
        cards=wanted.sandbox or "",
        lane=_lane(common, wanted),
        bot=common.bot,
        pictures=(picture, *more),
        mask=mask,
        details={"seed": seed_of(wanted)},
        **common.fields(),
    )


def remix(
    common: Common, parent: Task, index: int, wanted: Prompt, written: str, *, strength: str
) -> Order:
    """Return the order of a grid varied from picture `index` with an edited prompt.

    `strength` is `strong` or `subtle`. Flags of the parent that the edited prompt does not
    name stay as they were.
    """
    merged = keep_flags(parent.final_prompt, wanted)
    return Order(
        action=Action.REMIX,
        price_action=f"remix_{strength}",
        description=f"/up {parent.id} Remix ({strength.capitalize()})",
        prompt=written,
        final_prompt=merged.strip_speed().write(),
        version=str(parent.order.get("version", "")),
        lane=_lane(common, wanted),
        bot=parent.bot,
        parent=parent,
        parent_index=index,
        details={
            "seed": seed_of(merged),
            "deed": Deed.VARIATION.value,
            "index": index,
            "strength": strength,
        },
        **common.fields(),
    )


def swap_face(common: Common, source: str, target: str) -> Order:
    """Return the order that puts the face of `source` into `target`."""
    task_id = ids.new_task_id()
    return Order(
        action=Action.SWAP_FACE,
        price_action="swap_face",
        description=f"/swap {task_id}",
        lane=common.lane or Lane.FAST,
        bot=BotType.INSIGHT_FACE,
        pictures=(source, target),
        details={"seed": _draw()},
        task_id=task_id,
        **common.fields(),
    )


@dataclass(frozen=True, slots=True)
class Footage:
    """How a video should be."""

    motion: str = "low"  #: `low` or `high`.
    loop: bool = False
    size: int = 480  #: Pixels of the short side: 480 or 720.
    clips: int = 4

    def details(self) -> dict[str, Any]:
        """Return the parameters as a provider gets them; refuses what no provider takes."""
        if self.clips not in CLIPS:
            raise InvalidOrder("a video makes 1, 2 or 4 clips", param="batchSize")
        return {
            "motion": self.motion,
            "loop": self.loop,
            "size": self.size,
            "clips": self.clips,
        }

    @property
    def price_version(self) -> str:
        """The part of the price key that says the size."""
        return "720p" if self.size == 720 else ""


def video(
    common: Common,
    wanted: Prompt,
    written: str,
    *,
    footage: Footage,
    pictures: tuple[str, ...] = (),
    end_frame: bool = False,
    extends: Task | None = None,
    starts: Task | None = None,
    index: int | None = None,
) -> Order:
    """Return the order of clips: from a first picture, or longer ones from a clip of a task.

    `starts` is a task whose picture is the first one; `index` is the picture 1–4 of it, or
    the clip of `extends`.
    """
    if extends is not None:
        _check_extends(extends, index)
    elif not pictures and starts is None:
        raise InvalidOrder("a video needs a first picture", param="image")
    return Order(
        action=Action.VIDEO,
        price_action="video",
        price_version=footage.price_version,
        times=footage.clips,
        description=f"/video {written}",
        prompt=written,
        final_prompt=wanted.strip_speed().write(),
        version=version_of(wanted),
        cards=wanted.sandbox or "",
        lane=_lane(common, wanted),
        bot=common.bot,
        pictures=pictures,
        parent=extends or starts,
        parent_index=index,
        details={
            **({"deed": f"animate_{footage.motion}"} if starts else {}),
            "seed": seed_of(wanted),
            "index": index,
            "extend": extends is not None,
            "end_frame": end_frame,
            **footage.details(),
        },
        **common.fields(),
    )


def _check_extends(task: Task, index: int | None) -> None:
    if result_of(task) not in {Result.CLIPS, Result.CLIP}:
        raise InvalidOrder("only a finished video can be extended", param="taskId")
    if index not in {p.position for p in task.pictures if p.position}:
        raise InvalidOrder("the video has no such clip", param="index")


def version_of(wanted: Prompt) -> str:
    """Return the version part of the price key of a prompt; empty when it names none."""
    return wanted.version.key if wanted.flags.version is not None else ""


def seed_of(wanted: Prompt) -> int:
    """Return the seed of a prompt, or one drawn now.

    Drawn at submit and stored, so that a second try after a crash paints the same pictures.
    """
    return wanted.flags.seed if wanted.flags.seed is not None else _draw()


def keep_flags(before: str, wanted: Prompt) -> Prompt:
    """Return an edited prompt with those flags of the one before that it does not name.

    The seed is not one of them: the edit would be hard to see.
    """
    kept = prompt.parse(before, need_words=False).without("seed", "sandbox").flags
    parts = (*wanted.image_urls, wanted.text, kept.write(), wanted.flags.write())
    return prompt.parse(" ".join(part for part in parts if part), need_words=False)


def read_flags(text: str) -> Prompt:
    """Read a text that may hold flags only."""
    return prompt.parse(text, need_words=False)


def _lane(common: Common, wanted: Prompt) -> Lane:
    flag = Lane(wanted.speed) if wanted.speed else None
    return common.lane or flag or Lane.FAST


def _draw() -> int:
    return secrets.randbelow(2**32)
