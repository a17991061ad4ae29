"""The chat model: tells what it was sent, in words, in JSON or as a call of a tool. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gesso.domain.errors import InvalidOrder
from gesso.domain.relay_card import RelayCard, split_cards
from gesso.sandbox_models.sample import sample

#: A token of these models: up to 12 letters with the blank before them, or one other sign.
_TOKEN = re.compile(r"\s*(?:\w{1,12}|[^\w\s])|\s+")
_QUOTED = 400


@dataclass(frozen=True, slots=True)
class Talk:
    """What a chat says, as far as this model reads it."""

    said: str  #: The newest words of the user, without cards.
    cards: dict[RelayCard, str]
    messages: int
    pictures: int
    input_tokens: int
    result: str | None = None  #: Of a tool, when that is the newest message.


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: words or a call of a tool."""

    tokens: Sequence[str] = ()
    finish: str = "stop"
    tool: tuple[str, str] | None = None  #: Name and arguments as JSON.

    @property
    def text(self) -> str:
        """All words."""
        return "".join(self.tokens)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a caller wants the answer."""

    most_tokens: int | None = None
    stops: Sequence[str] = ()
    tools: Sequence[dict[str, Any]] = ()
    tool_choice: Any = "auto"
    form: dict[str, Any] = field(default_factory=dict)  #: `response_format`.


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a text; together they are the text."""
    return _TOKEN.findall(text)


def read_talk(messages: Any) -> Talk:
    """Read the messages of a chat; raises InvalidOrder for what is none."""
    if not isinstance(messages, list) or not messages:
        raise InvalidOrder("messages must be a list that is not empty", param="messages")
    said, total, pictures, last = "", 0, 0, ""
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise InvalidOrder("every message is an object with a role", param="messages")
        last, shown = _read(message.get("content"))
        total, pictures = total + len(tokens_of(last)) + 3, pictures + shown
        if message["role"] == "user":
            said = last
    words, cards = split_cards(said)
    result = last if messages[-1]["role"] in ("tool", "function") else None
    return Talk(words, cards, len(messages), pictures, total, result)


def read_wish(body: dict[str, Any]) -> Wish:
    """Read how the answer is wanted."""
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    tools, form = body.get("tools"), body.get("response_format")
    return Wish(
        most if isinstance(most, int) else None,
        [one for one in stops if isinstance(one, str) and one],
        [one for one in tools if isinstance(one, dict)] if isinstance(tools, list) else [],
        body.get("tool_choice") or "auto",
        form if isinstance(form, dict) else {},
    )


def reply(talk: Talk, wish: Wish) -> Said:
    """Answer a chat.

    With tools, the first one (or the one that `tool_choice` names) is called with arguments
    that fit its schema, their texts being what the user said; after its result, words follow.
    """
    if wish.tools and talk.result is None and wish.tool_choice != "none":
        return _call(talk, wish)
    kind = wish.form.get("type")
    if kind == "json_schema":
        asked = wish.form.get("json_schema")
        schema = asked.get("schema") if isinstance(asked, dict) else None
        text = json.dumps(sample(schema, talk.said), ensure_ascii=False)
    elif kind == "json_object":
        shown = {"sandbox": True, "said": talk.said, "messages": talk.messages}
        text = json.dumps(shown, ensure_ascii=False)
    else:
        text = _tell(talk)
    return cut(text, wish)


def cut(text: str, wish: Wish) -> Said:
    """Return a text as an answer, within what was asked for."""
    ends = [text.find(stop) for stop in wish.stops if stop in text]
    tokens = tokens_of(text[: min(ends)] if ends else text)
    if wish.most_tokens is not None and len(tokens) > wish.most_tokens:
        return Said(tokens[: wish.most_tokens], "length")
    return Said(tokens)


def _tell(talk: Talk) -> str:
    words = len(talk.said.split())
    quoted = talk.said if len(talk.said) <= _QUOTED else talk.said[:_QUOTED] + " …"
    text = (
        "This is gesso's sandbox: no language model, but a small program that answers the same "
        f"way every time. You said, in {words} words: “{quoted}”. "
    )
    if talk.result is not None:
        text += f"The tool answered: “{talk.result[:_QUOTED]}”. "
    seen = f", with {talk.pictures} pictures" if talk.pictures else ""
    return text + f"The chat has {talk.messages} messages{seen}."


def _call(talk: Talk, wish: Wish) -> Said:
    functions = [t["function"] for t in wish.tools if isinstance(t.get("function"), dict)]
    asked = wish.tool_choice
    named = asked.get("function") if isinstance(asked, dict) else None
    if isinstance(named, dict):
        functions = [f for f in functions if f.get("name") == named.get("name")]
    if not functions or not isinstance(functions[0].get("name"), str):
        raise InvalidOrder("tools must hold functions with a name", param="tools")
    arguments = sample(functions[0].get("parameters") or {}, talk.said)
    arguments = arguments if isinstance(arguments, dict) else {}
    written = json.dumps(arguments, ensure_ascii=False)
    return Said((), "tool_calls", (functions[0]["name"], written))


def _read(content: Any) -> tuple[str, int]:
    """Return the words of a message and how many pictures it shows."""
    if content is None:
        return "", 0
    if isinstance(content, str):
        return content, 0
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise InvalidOrder("content must be a text or a list of parts", param="messages")
    texts = [part["text"] for part in content if isinstance(part.get("text"), str)]
    return " ".join(texts), sum("image" in str(part.get("type")) for part in content)
