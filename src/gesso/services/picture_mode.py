"""Whether a picture request is answered at once or later (wire/decisions 16)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.model import lists

#: Models of task backends: their callers always get a task unless they say otherwise.
BY_TASK = ("midjourney", "sandbox")


def is_async(prefer: str, asked: Any, model: str, channels: Sequence[Channel]) -> bool:
    """Say whether the caller gets a task to ask for, rather than the pictures themselves.

    `prefer` is the header of that name, `asked` the field `async` of the body; a channel
    that names the model and has the option `asynchronous` says so for all its callers.
    """
    if asked is not None:
        return asked is True
    if model.startswith(BY_TASK):
        return True
    if "respond-async" in {part.strip().lower() for part in prefer.split(",")}:
        return True
    named = [c for c in channels if c.enabled and lists(c, model)]
    return bool(named) and all(c.options.get("asynchronous") for c in named)
