"""The library's translation, against loopback imitations of two wires that are not OpenAI's.

Where the optional extra is not installed, what is tested is that gesso says so.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, Unavailable
from gesso.domain.relay import Ask
from gesso.providers.any_llm import AnyLLM, open_provider
from tests.serving import serving

pytestmark = pytest.mark.anyio
INSTALLED = importlib.util.find_spec("any_llm") is not None
needs_library = pytest.mark.skipif(not INSTALLED, reason="the extra any-llm is not installed")
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 20}
#: The makers' clients close themselves in whatever loop runs when they are collected.
KEPT: list[AnyLLM] = []
USAGE = {"input_tokens": 11, "output_tokens": 3}


class Makers:
    """An Anthropic Messages API and a Gemini API that say "red fox"."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], Any]] = []
        self.status = 200

    async def _hear(self, request: Request) -> Response | None:
        body = json.loads(await request.body())
        self.heard.append((request.url.path, dict(request.headers), body))
        if self.status == 200:
            return None
        headers = {"retry-after": "7"} if self.status == 429 else None
        error = {"type": "error", "message": "as told", "code": self.status, "status": "X"}
        return JSONResponse({"type": "error", "error": error}, self.status, headers)

    async def messages(self, request: Request) -> Response:
        refused = await self._hear(request)
        if refused is not None:
            return refused
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
            "content": [{"type": "text", "text": "red fox"}], "stop_reason": "end_turn",
            "stop_sequence": None, "usage": USAGE,
        }  # fmt: skip
        if not self.heard[-1][2].get("stream"):
            return JSONResponse(message)
        empty = {**message, "content": [], "stop_reason": None}
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "red fox"}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": empty},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE},
            {"type": "message_stop"},
        ]  # fmt: skip
        text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
        return Response(text, media_type="text/event-stream")

    async def generate(self, request: Request) -> Response:
        refused = await self._hear(request)
        if refused is not None:
            return refused
        counts = {"promptTokenCount": 11, "candidatesTokenCount": 3, "totalTokenCount": 14}
        content = {"role": "model", "parts": [{"text": "red fox"}]}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        answer = {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "g"}
        if "stream" not in request.url.path:
            return JSONResponse(answer)
        return Response(f"data: {json.dumps(answer)}\r\n\r\n", media_type="text/event-stream")

    def app(self) -> Starlette:
        routes = [
            Route("/v1/messages", self.messages, methods=["POST"]),
            Route("/{path:path}", self.generate, methods=["POST"]),
        ]
        return Starlette(routes=routes)


@asynccontextmanager
async def opened(backend: str) -> AsyncIterator[tuple[AnyLLM, Makers, Channel]]:
    makers = Makers()
    async with serving(makers.app()) as url:
        options = {"backend": backend}
        provider = open_provider()
        KEPT.append(provider)
        yield provider, makers, Channel("ch", "c", "any_llm", base_url=url, options=options)


async def ask(provider: AnyLLM, channel: Channel, **fields: Any) -> tuple[int, bytes]:
    body = json.dumps({"model": "claude-x", **CHAT, **fields}).encode()
    async with provider.relay(channel, "key-1", Ask("chat/completions", body=body)) as reply:
        return reply.status, b"".join([chunk async for chunk in reply.chunks])


@needs_library
@pytest.mark.parametrize("backend", ["anthropic", "gemini"])
async def test_an_answer_is_of_the_openai_wire(backend: str) -> None:
    async with opened(backend) as (provider, makers, channel):
        status, body = await ask(provider, channel)
        found = json.loads(body)
        assert (status, found["object"]) == (200, "chat.completion")
        assert found["choices"][0]["message"]["content"] == "red fox"
        assert found["usage"]["prompt_tokens"] == 11
        assert found["usage"]["completion_tokens"] == 3
        headers = makers.heard[-1][1]
        assert "key-1" in (headers.get("x-api-key"), headers.get("x-goog-api-key"))


@needs_library
@pytest.mark.parametrize("backend", ["anthropic", "gemini"])
async def test_a_stream_is_too(backend: str) -> None:
    async with opened(backend) as (provider, _makers, channel):
        status, body = await ask(provider, channel, stream=True)
        events = body.decode().split("\n\n")
        assert (status, events[-2]) == (200, "data: [DONE]")
        chunks = [json.loads(e.removeprefix("data: ")) for e in events[:-2]]
        said = [c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"]]
        assert "".join(said) == "red fox"


@needs_library
@pytest.mark.parametrize("backend", ["anthropic", "gemini"])
@pytest.mark.parametrize("status", [400, 401, 404, 429])
@pytest.mark.parametrize("stream", [False, True])
async def test_refusals_keep_their_status_and_are_asked_once(
    backend: str, status: int, stream: bool
) -> None:
    async with opened(backend) as (provider, makers, channel):
        makers.status = status
        found, body = await ask(provider, channel, stream=stream)
        assert found == status
        assert channel.base_url not in body.decode()
        assert len(makers.heard) == 1


@needs_library
async def test_a_busy_upstream_says_how_long() -> None:
    async with opened("anthropic") as (provider, makers, channel):
        makers.status = 429
        body = json.dumps({"model": "claude-x", **CHAT}).encode()
        async with provider.relay(channel, "k", Ask("chat/completions", body=body)) as reply:
            assert (reply.status, reply.headers["retry-after"]) == (429, "7")


@needs_library
@pytest.mark.parametrize("backend", ["anthropic", "gemini"])
async def test_a_field_that_the_backend_has_not_is_named(backend: str) -> None:
    async with opened(backend) as (provider, makers, channel):
        status, body = await ask(provider, channel, mood=3)
        error = json.loads(body)["error"]
        assert (status, error["param"]) == (400, "mood")
        assert error["message"] == f"{backend} takes no 'mood'"
        assert makers.heard == []


@needs_library
@pytest.mark.parametrize("backend", ["anthropic", "gemini"])
@pytest.mark.parametrize("status", [405, 500])
async def test_a_failure_tells_the_operator_its_status(backend: str, status: int) -> None:
    async with opened(backend) as (provider, makers, channel):
        makers.status = status
        with pytest.raises(Unavailable, match=f"HTTP {status}"):
            await ask(provider, channel)


@needs_library
async def test_a_backend_nobody_knows_is_locked() -> None:
    async with opened("nobody") as (provider, _makers, channel):
        with pytest.raises(Locked, match="nobody"):
            await provider.probe(channel)


@pytest.mark.skipif(INSTALLED, reason="the extra any-llm is installed")
async def test_without_the_extra_it_says_what_to_install() -> None:
    async with opened("anthropic") as (provider, makers, channel):
        with pytest.raises(Locked, match=r"pip install 'gesso\[any-llm\]'"):
            await ask(provider, channel)
        with pytest.raises(Locked, match="any-llm"):
            await provider.probe(channel)
        assert makers.heard == []
