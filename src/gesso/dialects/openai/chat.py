"""Pictures by chat: progress lines while a task runs, its pictures, and what to say next.

"upscale 2", "vary 3" or "reroll" in the next turn act on the task that the last answer
names. The task is an ordinary one, and every other wire shows it too.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from gesso.dialects.openai import picture_orders, wire
from gesso.dialects.openai.door import Bounds, Visit
from gesso.dialects.openai.images import Studio
from gesso.dialects.openai.picture_orders import NAME, Shape
from gesso.dialects.openai.requests import Body
from gesso.domain import buttons, ids
from gesso.domain.buttons import Deed, Press
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder
from gesso.domain.model import CHAT_PAINTERS
from gesso.domain.offer import Result, offered, result_of
from gesso.domain.order import Order, Repeatable
from gesso.domain.relay import Endpoint
from gesso.domain.task import Task
from gesso.http import headers
from gesso.kit import tokens
from gesso.services import compose
from gesso.services.compose import Common
from gesso.services.follow_up import follow_up
from gesso.services.look_up import Finder
from gesso.services.paint import singles

#: Models that show a grid with its buttons; the others answer with one picture.
_WITH_BUTTONS = frozenset({"midjourney", "mj-chat", "niji"})
_PRESS = re.compile(
    r"(?P<deed>upscale|vary|variation|reroll|u|v)\s*#?(?P<index>[1-4])?[.!]?", re.IGNORECASE
)
_DEEDS = {"u": Deed.UPSAMPLE, "v": Deed.VARIATION, "r": Deed.REROLL}
_NAMED = re.compile(r"[Tt]ask `?([1-9]\d{15})\b", re.ASCII)
_SQUARE = Shape(1, None, "png", 95, True)


class ChatPainter:
    """Takes chats with painters."""

    def __init__(self, studio: Studio, finder: Finder, bounds: Bounds) -> None:
        """Hold what pictures are made with, where tasks are, and the limits."""
        self._studio = studio
        self._finder = finder
        self._bounds = bounds

    def take(self, visit: Visit, key: ApiKey, body: Body) -> Awaitable[None] | None:
        """Answer a chat with a painter; None when the model is none."""
        model = body.model
        if model not in CHAT_PAINTERS:
            return None
        if not key.test and self._studio.relayer.names(Endpoint.CHAT, model):
            return None
        return self._answer(visit, key, body)

    async def _answer(self, visit: Visit, key: ApiKey, body: Body) -> None:
        model = body.model
        order = await self._read(key, model, body.value("messages"))
        task = await self._studio.painter.submit(key, order, _repeatable(visit, body.raw))
        lines = self._tell(task, model)
        answer_id, created = ids.new_id("chatcmpl"), int(time.time())
        if not body.stream:
            text = "".join([line async for line in lines])
            usage = _usage(body, text)
            await visit.answer(200, wire.write_completion(answer_id, model, created, text, usage))
            return

        async def send(**fields: Any) -> None:
            await visit.write(wire.write_chunk(answer_id, model, created, **fields))

        await visit.begin(200, "text/event-stream", [(b"cache-control", b"no-cache")])
        await send(delta={"role": "assistant", "content": ""})
        text = ""
        async for line in lines:
            text += line
            await send(delta={"content": line})
        await send(finish="stop")
        if body.asks_usage:
            await send(usage=_usage(body, text))
        await visit.write(b"data: [DONE]\n\n", more=False)

    async def _read(self, key: ApiKey, model: str, messages: Any) -> Order:
        text, links = _said(messages)
        press = _PRESS.fullmatch(text)
        if press is not None and model in _WITH_BUTTONS:
            return await self._press(key, press, messages)
        text = picture_orders.read_prompt(text, self._bounds.prompt_chars)
        order = picture_orders.imagine(model, text, _SQUARE)[0]
        if not links:
            return order
        intake = self._studio.intake
        kept = tuple([await intake.keep_one(link, param="messages") for link in links[:5]])
        wanted = compose.read_flags(order.final_prompt)
        common = Common(dialect=NAME, bot=order.bot)
        return compose.imagine(common, wanted, text, pictures=kept)

    async def _press(self, key: ApiKey, asked: re.Match[str], messages: Any) -> Order:
        parent = await self._named(key, messages)
        deed = _DEEDS[asked["deed"][0].lower()]
        index = int(asked["index"]) if asked["index"] else None
        if deed is not Deed.REROLL and index is None:
            raise InvalidOrder("say which one, such as `upscale 2`", param="messages")
        press = Press(deed, None if deed is Deed.REROLL else index, parent.job_hash)
        return follow_up(
            parent,
            press,
            common=Common(dialect=NAME, bot=parent.bot),
            custom_id=buttons.write(press),
            ask=False,
        )

    async def _named(self, key: ApiKey, messages: Any) -> Task:
        """Return the task that the newest answer of the chat names."""
        for message in reversed(messages):
            if isinstance(message, dict) and message.get("role") == "assistant":
                found = _NAMED.findall(_text_of(message)[0])
                if found:
                    return await self._finder.get(key, int(found[-1]))
        raise InvalidOrder("no earlier answer of this chat names a task", param="messages")

    async def _tell(self, task: Task, model: str) -> AsyncIterator[str]:
        yield f"> Task `{task.id}` was taken.\n"
        progress, done = 0, task
        async for done in self._studio.painter.watch(task):
            if not done.is_final and done.progress > progress:
                progress = done.progress
                yield f"> {progress}%\n"
        yield "\n" + self._show(done, model)

    def _show(self, task: Task, model: str) -> str:
        links = self._studio.links
        if model not in _WITH_BUTTONS:
            return f"![picture]({links.to(task, singles(task)[0])})\n"
        shown = [p for p in task.pictures if p.position == 0] or list(task.pictures[:1])
        text = "".join(f"![picture]({links.to(task, one)})\n" for one in shown)
        if result_of(task) is Result.GRID:
            tiles = [f"[{p.position}]({links.to(task, p)})" for p in singles(task)]
            text += f"\nSingle pictures: {' · '.join(tiles)}\n"
        return text + _hints(task)


def _hints(task: Task) -> str:
    """Return what can be said next, from the buttons that the task really shows."""
    words = []
    for button in offered(task):
        press = buttons.read(button.custom_id)
        word = {Deed.UPSAMPLE: "upscale", Deed.VARIATION: "vary", Deed.REROLL: "reroll"}
        if press.deed in word:
            number = f" {press.index}" if press.deed is not Deed.REROLL else ""
            words.append(f"`{word[press.deed]}{number}`")
    return f"\nSay next (task `{task.id}`): {', '.join(words)}\n" if words else ""


def _said(messages: Any) -> tuple[str, list[str]]:
    """Return the words and the picture links of the last message of the user."""
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            text, links = _text_of(message)
            return text.strip(), links
    raise InvalidOrder("no message of the user", param="messages")


def _text_of(message: dict[str, Any]) -> tuple[str, list[str]]:
    content = message.get("content")
    if isinstance(content, str):
        return content, []
    texts, links = [], []
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, dict):
            continue
        shown = part.get("image_url")
        if isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(shown, dict) and isinstance(shown.get("url"), str):
            links.append(shown["url"])
    return " ".join(texts), links


def _usage(body: Body, text: str) -> dict[str, int]:
    read, written = tokens.guess(body.raw), tokens.guess(text.encode())
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _repeatable(visit: Visit, raw: bytes) -> Repeatable | None:
    key = headers.find(visit.scope, b"idempotency-key")[:240]
    return Repeatable(key, hashlib.sha256(raw).digest()) if key else None
