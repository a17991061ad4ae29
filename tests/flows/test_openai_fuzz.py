"""Any body on any path of the OpenAI wire: an answer of its own shape, never a 500."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.model import SANDBOX_MODELS
from gesso.domain.relay import Endpoint
from gesso.ledger import audit
from tests.flows.test_openai_relay import running

pytestmark = pytest.mark.anyio
#: Fields by path, all that a handler here reads and some that it passes on.
FIELDS = {
    Endpoint.CHAT: ("messages", "stream", "stream_options", "tools", "tool_choice", "n", "stop",
                    "max_tokens", "max_completion_tokens", "response_format", "temperature"),
    Endpoint.COMPLETIONS: ("prompt", "stream", "n", "max_tokens", "stop", "stream_options"),
    Endpoint.RESPONSES: ("input", "stream", "previous_response_id", "max_output_tokens"),
    Endpoint.EMBEDDINGS: ("input", "dimensions", "encoding_format"),
    Endpoint.MODERATIONS: ("input",),
    Endpoint.SPEECH: ("input", "voice", "response_format", "speed", "stream_format"),
    Endpoint.IMAGES: ("prompt", "n", "size", "quality", "style", "response_format", "stream",
                      "partial_images", "output_format", "output_compression", "background"),
}  # fmt: skip
FORMS = (
    Endpoint.TRANSCRIPTIONS, Endpoint.TRANSLATIONS, Endpoint.IMAGE_EDITS, Endpoint.IMAGE_VARIATIONS,
)  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 2**31, 2**63, -(2**64), 10**40, 0.5, -0.0, 1e308, "", " ",
    "a", "a" * 5000, "\u0000", "\ud83d\ude00", "1024x1024", "auto", "b64_json", "base64", "png",
    "hello --sandbox cut", "hello --sandbox nonsense", "resp_1", "mp3", "alloy", [], [1], ["a"],
    [None], [[]], [[1, 2]], {}, {"a": 1}, {"include_usage": True}, {"type": "json_object"},
    {"type": "json_schema", "json_schema": {"schema": {"$ref": "#"}}},
    [{"role": "user", "content": "a"}], [{"role": "user", "content": [{"type": "text"}]}],
    [{"role": 5}], [{"type": "function", "function": {"name": "f", "parameters": {"type": 5}}}],
    [{"type": "function", "function": {"name": "f", "parameters": {"properties": [1]}}}],
]  # fmt: skip
GOOD: dict[str, Any] = {
    "messages": [{"role": "user", "content": "a"}], "prompt": "a --sandbox blank", "input": "a",
    "voice": "alloy", "stream": False, "n": 1,
}  # fmt: skip
BODIES = [
    b"", b"{", b"[]", b"null", b"5", b'"a"', b"\xff\xfe", b"{}", b'{"model":' + b"[" * 2000,
    b'{"model":"sandbox-chat","model":5}', b'{"model":"a\\ud800"}', b"\x00" * 50,
]  # fmt: skip

NAMES = ["file", "image", "mask", "model", "prompt", "n", "size", "stream"]
VALUES = [
    b"", b"x", b"\x89PNG\r\n\x1a\n", b"gpt-4o-mini", b"sandbox-transcribe", b"\xff" * 100,
    b"dall-e-2", "é".encode(), b"RIFF\0\0\0\0WAVE",
]  # fmt: skip
PATHS = ("/v1/models/%00", "/v1/models/..%2f", "/v1/responses/a%ff", "/v1/responses/x/y")


def drawn(endpoint: Endpoint, chance: random.Random) -> dict[str, Any]:
    names = ["gpt-4o-mini", SANDBOX_MODELS.get(endpoint, "dall-e-3"), "gpt-image-1", "none"]
    body: dict[str, Any] = {"model": chance.choice([*names, *names, chance.choice(ODD)])}
    for name in FIELDS[endpoint]:
        if name in GOOD and chance.random() < 0.6:
            body[name] = GOOD[name]
        elif chance.random() < 0.3:
            body[name] = chance.choice(ODD)
    return body


def form(chance: random.Random) -> tuple[bytes, str]:
    """Nearly a form: parts with odd names and values, and sometimes no end."""
    parts = []
    for _ in range(chance.randint(0, 5)):
        name = chance.choice(NAMES)
        value = chance.choice(VALUES)
        file = chance.choice([b"", b'; filename="a"', b'; filename="\xff.png"'])
        parts.append(b'--x\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
                     % (name.encode(), file, value))  # fmt: skip
    end = chance.choice([b"--x--\r\n", b"", b"--x", b"garbage"])
    kinds = ["multipart/form-data; boundary=x"] * 5 + ["multipart/form-data", "text/plain"]
    return b"".join(parts) + end, chance.choice(kinds)


def check(reply: Any, sent: Any) -> None:
    assert reply.status != 500, (sent, reply.body)
    if reply.status >= 400:
        error = reply.json["error"]
        assert set(error) == {"message", "type", "param", "code"}, (sent, reply.body)
        assert error["message"], sent


async def test_every_path_answers_in_its_own_shape(tmp_path: Path) -> None:
    """Seeded, so that a failure comes again; other seeds are a matter of changing a number."""
    chance = random.Random(20261121)
    channels: list[dict[str, Any]] = [{"options": {"models": "gpt-4o-mini"}}]
    async with running("", tmp_path, channels=channels) as (gateway, _models):
        call = gateway.client.call
        seen: set[int] = set()
        for _ in range(350):
            endpoint = chance.choice(list(FIELDS))
            raw = json.dumps(drawn(endpoint, chance)).encode("utf-8", "surrogatepass")
            again = {"idempotency-key": str(chance.randint(0, 30))} if chance.random() < 0.2 else {}
            reply = await call("POST", f"/v1/{endpoint}", raw, headers=again)
            check(reply, (endpoint, raw[:300]))
            seen.add(reply.status)
        for endpoint in FIELDS:
            for raw in BODIES:
                check(await call("POST", f"/v1/{endpoint}", raw), (endpoint, raw))
        for _ in range(100):
            endpoint = chance.choice(FORMS)
            raw, kind = form(chance)
            reply = await call("POST", f"/v1/{endpoint}", raw, headers={"content-type": kind})
            check(reply, (endpoint, raw[:300], kind))
        assert {200, 400, 404} <= seen
        for path in (
            "/v1/models/%00",
            "/v1/models/..%2f",
            "/v1/responses/a%ff",
            "/v1/responses/x/y",
        ):
            check(await call("GET", path), path)
        await gateway.house.relayer.drain()
        async with gateway.house.database.snapshot() as connection:
            assert not (await audit.check(connection)).findings
