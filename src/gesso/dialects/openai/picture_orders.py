"""Picture requests of this wire as orders: sizes, formats, and how many of them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gesso.domain import prompt as prompts
from gesso.domain.errors import InvalidOrder
from gesso.domain.model import CHAT_PAINTERS
from gesso.domain.order import Order
from gesso.domain.prompt import Prompt
from gesso.domain.task import Action, BotType
from gesso.kit.convert import FORMATS
from gesso.services import compose
from gesso.services.compose import Common

NAME = "openai"
#: The most pictures of one request, and how many one task paints.
_MOST, _PER_TASK = 10, 4
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})", re.ASCII)
#: Sides of a picture in pixels, and the longest side by the shortest.
_SIDES, _RATIO = (64, 4096), 8
_GPT = ("gpt-image", "chatgpt-image")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the pictures are to be."""

    count: int
    size: tuple[int, int] | None  #: None leaves it to the painter.
    form: str
    quality: int
    as_url: bool
    revises: bool = False  #: Whether the answer shows the prompt that was painted.

    def as_data(self) -> Shape:
        """Return the same with the bytes in the answer."""
        return replace(self, as_url=False)

    def told(self) -> dict[str, str]:
        """Return what an answer with bytes says of them."""
        if self.as_url:
            return {}
        shown = f"{self.size[0]}x{self.size[1]}" if self.size else "auto"
        return {
            "size": shown,
            "output_format": self.form,
            "background": "opaque",
            "quality": "auto",
        }


def read_shape(model: str, value: Callable[[str], Any]) -> Shape:
    """Read size, format and number from the fields of a request; raises InvalidOrder."""
    answer = value("response_format")
    if answer not in (None, "url", "b64_json"):
        raise InvalidOrder("response_format must be url or b64_json", param="response_format")
    form = value("output_format") or "png"
    if not isinstance(form, str) or form not in FORMATS:
        raise InvalidOrder("output_format must be png, jpeg or webp", param="output_format")
    packed = value("output_compression")
    quality = _whole(packed, "output_compression", 0, 100) if packed is not None else 95
    count = read_count(value("n"))
    if model == "dall-e-3" and count > 1:
        raise InvalidOrder("dall-e-3 makes one picture at a time", param="n")
    as_url = answer == "url" or (answer is None and not model.startswith(_GPT))
    return Shape(count, _size(value("size")), form, quality, as_url, model == "dall-e-3")


def read_count(value: Any) -> int:
    """Return how many pictures are wanted, 1 when nobody says; raises InvalidOrder."""
    return 1 if value in (None, "") else _whole(value, "n", 1, _MOST)


def read_prompt(value: Any, most: int) -> str:
    """Return the prompt; raises InvalidOrder."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidOrder("Missing required parameter: 'prompt'.", param="prompt")
    if len(value) > most:
        raise InvalidOrder(f"the prompt may have {most} characters", param="prompt")
    return value.strip()


def imagine(model: str, text: str, shape: Shape) -> list[Order]:
    """Return the orders of new pictures, one for every four."""
    wanted = _wanted(model, text, shape)
    tasks = -(-shape.count // _PER_TASK)
    return [compose.imagine(_common(model), wanted, text) for _ in range(tasks)]


def vary(model: str, pictures: Sequence[str], shape: Shape) -> list[Order]:
    """Return the orders of pictures like one."""
    wanted = _wanted(model, "a variation of this picture --iw 2", shape)
    return [
        compose.imagine(_common(model), wanted, "", pictures=tuple(pictures[:1]))
        for _ in range(-(-shape.count // _PER_TASK))
    ]


def edit(
    model: str, text: str, pictures: Sequence[str], mask: str | None, shape: Shape
) -> list[Order]:
    """Return the orders that change a picture, where the mask says if there is one."""
    wanted = prompts.parse(text)
    tasks = -(-shape.count // _PER_TASK)
    return [
        compose.edit(_common(model), Action.EDITS, wanted, text, picture=pictures[0], mask=mask)
        for _ in range(tasks)
    ]


def _wanted(model: str, text: str, shape: Shape) -> Prompt:
    flags = CHAT_PAINTERS.get(model, "")
    wanted = prompts.parse(f"{text} {flags}".strip())
    if shape.size and not wanted.flags.has("ar"):
        width, height = shape.size
        common = math.gcd(width, height)
        wanted = wanted.with_flags(ar=f"{width // common}:{height // common}")
    return wanted


def _common(model: str) -> Common:
    bot = BotType.NIJI_JOURNEY if model == "niji" else BotType.MID_JOURNEY
    return Common(dialect=NAME, bot=bot)


def _size(value: Any) -> tuple[int, int] | None:
    if value in (None, "", "auto"):
        return None
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    sides = (int(found[1]), int(found[2])) if found else (0, 0)
    low, high = _SIDES
    if not low <= min(sides) <= max(sides) <= high or max(sides) > _RATIO * min(sides):
        raise InvalidOrder(
            f"size must be auto or WIDTHxHEIGHT with sides of {low}–{high}", param="size"
        )
    return sides


def _whole(value: Any, name: str, low: int, high: int) -> int:
    text = str(value)
    plain = text.isascii() and text.isdigit() and len(text) < 6 and not isinstance(value, bool)
    if not plain or not low <= int(text) <= high:
        raise InvalidOrder(f"{name} must be a whole number of {low}–{high}", param=name)
    return int(text)
