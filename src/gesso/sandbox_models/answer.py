"""Answers requests of the OpenAI wire as an upstream would, with the sandbox's models."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gesso.domain.errors import InvalidOrder, NotFound, Unavailable
from gesso.domain.relay import Ask, Endpoint, Reply
from gesso.domain.relay_card import RelayCard, split_cards
from gesso.sandbox_models import (
    chat,
    embedding,
    events,
    melody,
    moderation,
    responses,
    sound,
    transcript,
)
from gesso.sandbox_models.form import read_form

#: The cards that are played in this file; a test compares them with the table.
PLAYED = frozenset(RelayCard)

_JSON, _SSE = "application/json", "text/event-stream"
_MOST_ANSWERS, _MOST_INPUTS, _MOST_CHARS, _MOST_DIMENSIONS = 8, 2048, 4096, 4096
_PART = 16 * 1024
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a model says: a type of content and parts that make it up."""

    parts: Iterable[bytes]
    kind: str = _JSON
    cards: Mapping[RelayCard, str] = field(default_factory=dict)


Answering = Callable[["dict[str, Any]", Ask], Awaitable[_Answer]]


class SandboxModels:
    """Answers calls in this process."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        # What takes a processor: two at once, so that everything else goes on.
        self._threads = asyncio.Semaphore(2)
        self._answering: dict[Endpoint, Answering] = {
            Endpoint.CHAT: self._chat,
            Endpoint.COMPLETIONS: self._complete,
            Endpoint.RESPONSES: self._respond,
            Endpoint.EMBEDDINGS: self._embed,
            Endpoint.MODERATIONS: self._moderate,
            Endpoint.SPEECH: self._speak,
            Endpoint.TRANSCRIPTIONS: self._transcribe,
            Endpoint.TRANSLATIONS: self._transcribe,
        }

    @asynccontextmanager
    async def relay(self, ask: Ask) -> AsyncIterator[Reply]:
        """Answer one request; what is wrong with it is said in the shape of the wire."""
        try:
            answer = await self._find(ask)
        except (InvalidOrder, NotFound) as fault:
            status = 404 if isinstance(fault, NotFound) else 400
            yield _error(status, fault.message, fault.param)
            return
        cards = answer.cards
        if RelayCard.SLOW in cards:
            await asyncio.sleep(float(cards[RelayCard.SLOW]))
        if RelayCard.ERROR in cards:
            yield _error(int(cards[RelayCard.ERROR]), "as the test card asks", None)
        elif RelayCard.GARBLED in cards:
            page = _Answer([b"<html>as the test card asks</html>"], "text/html")
            yield Reply(200, {"content-type": page.kind}, _play(page), is_final=True)
        else:
            yield Reply(200, {"content-type": answer.kind}, _play(answer), is_final=True)

    async def _find(self, ask: Ask) -> _Answer:
        try:
            answering = self._answering[Endpoint(ask.path)]
        except (ValueError, KeyError):
            raise NotFound("the sandbox keeps no responses", param="id") from None
        if callable(ask.body):
            return await answering({}, ask)
        try:
            body = json.loads(ask.body)
        except (ValueError, RecursionError):
            raise InvalidOrder("the body is no JSON") from None
        return await answering(body, ask)

    # Words -------------------------------------------------------------------------------

    async def _chat(self, body: dict[str, Any], ask: Ask) -> _Answer:
        talk, wish = chat.read_talk(body.get("messages")), chat.read_wish(body)
        said = [chat.reply(talk, wish)] * _count(body.get("n"))
        usage = events.usage_of(talk.input_tokens, said)
        if not body.get("stream"):
            whole = events.completion(body["model"], said, usage)
            return _Answer([events.write(whole)], cards=talk.cards)
        told = usage if _asks_usage(body) and RelayCard.SILENT not in talk.cards else None
        return _Answer(events.chunks(body["model"], said, told), _SSE, talk.cards)

    async def _complete(self, body: dict[str, Any], ask: Ask) -> _Answer:
        prompts = _texts(body.get("prompt", ""), "prompt")
        talk = chat.read_talk([{"role": "user", "content": "\n".join(prompts)}])
        said = [chat.cut(chat.reply(talk, chat.Wish()).text, chat.read_wish(body))]
        said *= _count(body.get("n"))
        usage = events.usage_of(talk.input_tokens, said)
        if not body.get("stream"):
            whole = events.texts(body["model"], said, usage)
            return _Answer([events.write(whole)], cards=talk.cards)
        told = usage if _asks_usage(body) and RelayCard.SILENT not in talk.cards else None
        return _Answer(events.text_chunks(body["model"], said, told), _SSE, talk.cards)

    async def _respond(self, body: dict[str, Any], ask: Ask) -> _Answer:
        made = responses.answer(body)
        if not body.get("stream"):
            return _Answer([events.write(made.whole)], cards=made.cards)
        return _Answer(made.events(), _SSE, made.cards)

    async def _embed(self, body: dict[str, Any], ask: Ask) -> _Answer:
        texts = _texts(body.get("input"), "input")
        last, cards = split_cards(texts[-1])
        texts = [*texts[:-1], last]
        size = body.get("dimensions", embedding.DIMENSIONS)
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= _MOST_DIMENSIONS:
            raise InvalidOrder(f"dimensions must be 1–{_MOST_DIMENSIONS}", param="dimensions")
        as_text = body.get("encoding_format") == "base64"

        data = await self._away(lambda: _embeddings(body["model"], texts, size, as_text))
        return _Answer([data], cards=cards)

    async def _moderate(self, body: dict[str, Any], ask: Ask) -> _Answer:
        texts = _texts(body.get("input"), "input")
        last, cards = split_cards(texts[-1])
        results = [moderation.moderate(text) for text in (*texts[:-1], last)]
        whole = {"id": "modr-sandbox", "model": body["model"], "results": results}
        return _Answer([events.write(whole)], cards=cards)

    # Sound -------------------------------------------------------------------------------

    async def _speak(self, body: dict[str, Any], ask: Ask) -> _Answer:
        text, cards = split_cards(_text(body, "input"))
        voice, form = _text(body, "voice"), body.get("response_format") or "mp3"
        speed = body.get("speed", 1.0)
        if not text.strip() or len(text) > _MOST_CHARS:
            raise InvalidOrder(f"input must have 1–{_MOST_CHARS} characters", param="input")
        if form not in sound.FORMATS:
            raise InvalidOrder(f"formats: {', '.join(sound.FORMATS)}", param="response_format")
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0.25 <= speed <= 4:
            raise InvalidOrder("speed must be 0.25–4", param="speed")
        blocks = melody.speak(text, voice=voice, speed=speed)
        data = await self._away(lambda: sound.write(blocks, form))
        parts = [data[i : i + _PART] for i in range(0, len(data), _PART)]
        if body.get("stream_format") != "sse":
            return _Answer(parts, sound.FORMATS[form][2], cards)
        usage = events.usage_of(len(chat.tokens_of(text)), [])
        return _Answer(_sound_events(parts, usage["prompt_tokens"]), _SSE, cards)

    async def _transcribe(self, _: dict[str, Any], ask: Ask) -> _Answer:
        assert callable(ask.body)
        body = b"".join([chunk async for chunk in ask.body()])
        parts = read_form(body, ask.content_type)
        fields = {name: parts.get(name, b"").decode("utf-8", "replace") for name in _FIELDS}
        form = fields["response_format"] or "json"
        if form not in transcript.FORMATS:
            raise InvalidOrder(f"formats: {', '.join(transcript.FORMATS)}", param="response_format")
        cards = split_cards(fields["prompt"])[1]
        data = parts.get("file", b"")
        found = await self._away(lambda: transcript.transcribe(sound.read(data)))
        if fields["stream"].lower() == "true" and form == "json":
            return _Answer(_text_events(found), _SSE, cards)
        if form == "json":
            shown = {"text": found.text, "usage": transcript.usage_of(found)}
            return _Answer([events.write(shown)], cards=cards)
        if form == "verbose_json":
            task = "translate" if ask.path == Endpoint.TRANSLATIONS else "transcribe"
            words = fields["timestamp_granularities[]"] == "word"
            whole = transcript.verbose(found, task, words=words)
            return _Answer([events.write(whole)], cards=cards)
        written, kind = transcript.write(found, form)
        return _Answer([written], kind, cards)

    async def _away(self, work: Callable[[], T]) -> T:
        async with self._threads:
            return await asyncio.to_thread(work)


_FIELDS = ("response_format", "prompt", "stream", "timestamp_granularities[]")


async def _play(answer: _Answer) -> AsyncIterator[bytes]:
    """Yield the parts of an answer as its cards say."""
    parts = list(answer.parts)
    pause_s = float(answer.cards.get(RelayCard.DRIP, 0))
    is_cut = RelayCard.CUT in answer.cards
    for place, part in enumerate(parts):
        if place and pause_s:
            await asyncio.sleep(pause_s)
        if is_cut and place >= len(parts) // 2:
            yield part[: len(part) // 2]
            raise Unavailable("the upstream broke off, as the test card asks")
        yield part


def _error(status: int, message: str, param: str | None) -> Reply:
    kind = "invalid_request_error" if status < 429 else "server_error"
    kind = "rate_limit_exceeded" if status == 429 else kind
    headers = {"content-type": _JSON} | ({"retry-after": "1"} if status in {429, 503} else {})
    code = kind if status == 429 else None
    error = {"message": f"sandbox: {message}", "type": kind, "param": param, "code": code}
    return Reply(status, headers, _play(_Answer([events.write({"error": error})])), is_final=True)


def _sound_events(parts: list[bytes], read: int) -> Iterator[bytes]:
    for part in parts:
        audio = base64.b64encode(part).decode()
        yield events.event({"type": "speech.audio.delta", "audio": audio})
    usage = {"input_tokens": read, "output_tokens": len(parts), "total_tokens": read + len(parts)}
    yield events.event({"type": "speech.audio.done", "usage": usage})


def _text_events(found: transcript.Transcript) -> Iterator[bytes]:
    for token in transcript.tokens(found):
        yield events.event({"type": "transcript.text.delta", "delta": token})
    done = {"type": "transcript.text.done", "text": found.text}
    yield events.event({**done, "usage": transcript.usage_of(found)})


def _embeddings(model: str, texts: list[str], size: int, as_text: bool) -> bytes:
    rows = []
    for index, text in enumerate(texts):
        found = embedding.embed(text, size)
        shown = base64.b64encode(found.tobytes()).decode() if as_text else found.tolist()
        rows.append({"object": "embedding", "index": index, "embedding": shown})
    read = sum(len(chat.tokens_of(text)) for text in texts)
    usage = {"prompt_tokens": read, "total_tokens": read}
    return events.write({"object": "list", "data": rows, "model": model, "usage": usage})


def _asks_usage(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _count(value: Any) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_ANSWERS:
        raise InvalidOrder(f"n must be 1–{_MOST_ANSWERS}", param="n")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if isinstance(value, dict) and name == "voice":
        value = value.get("id")
    if not isinstance(value, str):
        raise InvalidOrder(f"{name} must be a text", param=name)
    return value


def _texts(value: Any, name: str) -> list[str]:
    """Return the texts of an input: one, several, parts, or tokens in place of texts."""
    rows = value if isinstance(value, list) else [value]
    if (
        rows is value
        and rows
        and all(isinstance(one, int) and not isinstance(one, bool) for one in rows)
    ):
        rows = [rows]
    texts = [_row(one) for one in rows]
    found = [one for one in texts if one is not None]
    if not found or len(found) != len(rows) or len(found) > _MOST_INPUTS:
        raise InvalidOrder(f"{name} must be a text or a list of 1–{_MOST_INPUTS}", param=name)
    return found


def _row(one: Any) -> str | None:
    if isinstance(one, list) and all(isinstance(n, int) for n in one):
        return " ".join(map(str, one))
    if isinstance(one, dict):
        text = one.get("text", "")
        return text if isinstance(text, str) else None
    return one if isinstance(one, str) else None
