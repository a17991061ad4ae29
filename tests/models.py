"""A real upstream of the OpenAI wire that does what its script says, on loopback.

It streams, fails, is slow, breaks off in mid-stream, and remembers every request.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gesso.domain.channel import Channel
from tests.serving import serving
from tests.upstream import png

WORDS = ("The", " fox", " is", " red", ".")
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 40},
}


@dataclass
class Script:
    """How the upstream behaves; the default answers everything at once."""

    #: Answers to the next requests instead of good ones: status and headers.
    failures: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    refused_keys: set[str] = field(default_factory=set)
    busy_keys: set[str] = field(default_factory=set)
    first_byte_s: float = 0.0
    pause_s: float = 0.0  #: Between two words of a stream.
    breaks_after: int | None = None  #: Words of a stream before the connection breaks.
    tells_usage: bool = True
    words: tuple[str, ...] = WORDS
    raw: tuple[str, bytes] | None = None  #: Content type and body in place of a good answer.
    gate: asyncio.Event | None = None  #: Streams wait for it after their first word.


@dataclass
class Heard:
    """One request as it arrived."""

    path: str
    key: str
    raw: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Models:
    """One upstream."""

    def __init__(self) -> None:
        self.script = Script()
        self.heard: list[Heard] = []
        self.left = asyncio.Event()  #: Set when a caller left in mid-stream.
        self.url = ""
        self._numbers = itertools.count(1)

    def channel(self, name: str = "models", **fields: Any) -> Channel:
        """A channel that leads here."""
        options = fields.pop("options", {})
        options = options if "keys" in options else {"api_key": "up-1", **options}
        return Channel(
            f"ch_{name}", name, "openai", base_url=f"{self.url}/v1", options=options, **fields
        )

    async def _hear(self, request: Request) -> Response | None:
        raw = await request.body()
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.heard.append(Heard(request.url.path, key, raw, dict(request.headers)))
        script = self.script
        if key in script.refused_keys:
            return _error(401, "Incorrect API key provided: up-secret")
        if key in script.busy_keys:
            return _error(429, "slow down", {"retry-after": "7"})
        if script.first_byte_s:
            await asyncio.sleep(script.first_byte_s)
        if script.failures:
            status, headers = script.failures.popleft()
            return _error(status, "as the script says", headers)
        if script.raw is not None:
            return Response(script.raw[1], media_type=script.raw[0])
        return None

    async def models(self, request: Request) -> Response:
        failure = await self._hear(request)
        return failure or JSONResponse({"object": "list", "data": []})

    async def chat(self, request: Request) -> Response:
        failure = await self._hear(request)
        if failure is not None:
            return failure
        body = self.heard[-1].json
        if body.get("stream"):
            wants = (body.get("stream_options") or {}).get("include_usage")
            return StreamingResponse(
                self._stream(request, body, bool(wants)), media_type="text/event-stream"
            )
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.script.words)}
        if body.get("tools"):
            function = {"name": body["tools"][0]["function"]["name"], "arguments": '{"a": 1}'}
            call = {"id": "call_1", "type": "function", "function": function}
            message |= {"content": None, "tool_calls": [call]}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "x_unknown": {"kept": [1, 2.50]},
        }
        return JSONResponse(answer | ({"usage": USAGE} if self.script.tells_usage else {}))

    async def _stream(
        self, request: Request, body: dict[str, Any], wants: bool
    ) -> AsyncIterator[bytes]:
        script = self.script
        try:
            for number, word in enumerate(script.words):
                if script.breaks_after is not None and number >= script.breaks_after:
                    raise ConnectionResetError("as the script says")
                choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
                yield _event(body["model"], [choice])
                if script.gate is not None:
                    await script.gate.wait()
                if script.pause_s:
                    await asyncio.sleep(script.pause_s)
            yield _event(body["model"], [{"index": 0, "delta": {}, "finish_reason": "stop"}])
            if wants and script.tells_usage:
                yield _event(body["model"], [], usage=USAGE)
            yield b"data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.left.set()
            raise

    async def completions(self, request: Request) -> Response:
        failure = await self._hear(request)
        choice = {"index": 0, "text": "blue", "finish_reason": "stop", "logprobs": None}
        answer = {"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [choice]}
        return failure or JSONResponse(answer | {"model": "m", "usage": USAGE})

    async def responses(self, request: Request) -> Response:
        failure = await self._hear(request)
        if failure is not None:
            return failure
        body = self.heard[-1].json
        response = _response(f"resp_{next(self._numbers)}", body["model"])
        if not body.get("stream"):
            return JSONResponse(response)

        async def events() -> AsyncIterator[bytes]:
            yield _named("response.created", response={**response, "usage": None})
            yield _named("response.output_text.delta", delta="Hello", item_id="i", output_index=0)
            yield _named("response.completed", response=response)

        return StreamingResponse(events(), media_type="text/event-stream")

    async def stored(self, request: Request) -> Response:
        failure = await self._hear(request)
        return failure or JSONResponse(_response(request.path_params["response_id"], "m"))

    async def embeddings(self, request: Request) -> Response:
        failure = await self._hear(request)
        vector: Any = [0.25, -1.0]
        if self.heard[-1].json.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack("<2f", *vector)).decode()
        row = {"object": "embedding", "index": 0, "embedding": vector}
        usage = {"prompt_tokens": 7, "total_tokens": 7}
        return failure or JSONResponse(
            {"object": "list", "data": [row], "model": "m", "usage": usage}
        )

    async def moderations(self, request: Request) -> Response:
        failure = await self._hear(request)
        result = {"flagged": False, "categories": {}, "category_scores": {}}
        return failure or JSONResponse({"id": "modr-1", "model": "m", "results": [result]})

    async def images(self, request: Request) -> Response:
        failure = await self._hear(request)
        row = {"b64_json": base64.b64encode(png()).decode()}
        return failure or JSONResponse({"created": 1, "data": [row, row]})

    async def edits(self, request: Request) -> Response:
        async with request.form() as form:
            sizes = {n: v if isinstance(v, str) else v.size for n, v in form.multi_items()}
        self.heard.append(Heard(request.url.path, "", json.dumps(sizes).encode(), {}))
        return JSONResponse({"created": 1, "data": [{"url": "https://pictures.invalid/1.png"}]})

    async def transcriptions(self, request: Request) -> Response:
        async with request.form() as form:
            data = await form["file"].read()  # type: ignore[union-attr]
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        raw = json.dumps(fields | {"file": len(data)}).encode()
        self.heard.append(Heard(request.url.path, key, raw, dict(request.headers)))
        if self.script.failures:
            status, headers = self.script.failures.popleft()
            return _error(status, "as the script says", headers)
        if fields.get("response_format") == "text":
            return Response(b"hello there\n", media_type="text/plain; charset=utf-8")
        return JSONResponse({"text": "hello there", "usage": {"type": "duration", "seconds": 3}})

    async def speech(self, request: Request) -> Response:
        failure = await self._hear(request)
        if failure is not None:
            return failure

        async def sound() -> AsyncIterator[bytes]:
            for _ in range(8):
                yield b"\xff\xfb" * 4096

        return StreamingResponse(sound(), media_type="audio/mpeg")

    def app(self) -> Starlette:
        posts = {
            "chat/completions": self.chat,
            "completions": self.completions,
            "responses": self.responses,
            "embeddings": self.embeddings,
            "moderations": self.moderations,
            "images/generations": self.images,
            "images/edits": self.edits,
            "audio/transcriptions": self.transcriptions,
            "audio/translations": self.transcriptions,
            "audio/speech": self.speech,
        }
        stored = "/v1/responses/{response_id}"
        return Starlette(
            routes=[
                *(Route(f"/v1/{p}", handler, methods=["POST"]) for p, handler in posts.items()),
                Route("/v1/models", self.models),
                Route(stored, self.stored, methods=["GET", "DELETE"]),
                Route(stored + "/cancel", self.stored, methods=["POST"]),
            ]
        )


@asynccontextmanager
async def running_models() -> AsyncIterator[Models]:
    """Serve an upstream on loopback while the block lasts."""
    models = Models()
    async with serving(models.app()) as url:
        models.url = url
        yield models


def _event(model: str, choices: list[dict[str, Any]], **more: Any) -> bytes:
    chunk = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": choices,
    }  # fmt: skip
    return b"data: " + json.dumps(chunk | more).encode() + b"\n\n"


def _named(kind: str, **fields: Any) -> bytes:
    event = {"type": kind, "sequence_number": 0, **fields}
    return f"event: {kind}\ndata: {json.dumps(event)}\n\n".encode()


def _response(response_id: str, model: str) -> dict[str, Any]:
    text = {"type": "output_text", "text": "Hello", "annotations": []}
    message = {
        "type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text],
    }  # fmt: skip
    usage = {
        "input_tokens": 30, "output_tokens": 20, "total_tokens": 50,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    return {
        "id": response_id, "object": "response", "created_at": 1, "model": model,
        "status": "completed", "output": [message], "usage": usage, "tools": [],
        "parallel_tool_calls": True, "tool_choice": "auto",
    }  # fmt: skip


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "type": "server_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status, headers)
