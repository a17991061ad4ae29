"""Everything of the OpenAI wire with no upstream: the sandbox's models and their test cards."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from gesso.domain.channel import Channel
from gesso.services import administer
from gesso.services.administer import FIRST_ACCOUNT
from gesso.storage.schema import calls
from tests.conftest import Gateway, running_gateway

pytestmark = pytest.mark.anyio
MODEL = "sandbox-chat"


class Named(BaseModel):
    name: str


def say(text: str) -> Any:
    return [{"role": "user", "content": text}]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", tmp_path) as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[AsyncOpenAI]:
    made = await administer.create_key(gateway.house.database, FIRST_ACCOUNT, "t", test=True)
    base = f"{gateway.house.settings.base_url}/v1"
    async with AsyncOpenAI(api_key=made.secret, base_url=base, max_retries=0) as sdk:
        yield sdk


async def rows(gateway: Gateway) -> list[Any]:
    await gateway.house.relayer.drain()
    async with gateway.house.database.snapshot() as connection:
        found = await connection.execute(calls.select().order_by(calls.c.started_at))
        return list(found.mappings())


async def test_chat_whole_and_streamed_cost_nothing(gateway: Gateway, client: AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model=MODEL, messages=say("a red fox"))
    text = whole.choices[0].message.content or ""
    assert "sandbox" in text
    assert "a red fox" in text
    stream = await client.chat.completions.create(
        model=MODEL, messages=say("a red fox"), stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == text
    assert whole.usage is not None
    assert chunks[-1].usage == whole.usage
    found = await rows(gateway)
    assert [r["charged_nanos"] for r in found] == [0, 0]
    assert found[1]["output_tokens"] == whole.usage.completion_tokens
    assert not found[1]["estimated"]


async def test_tools_and_responses(client: AsyncOpenAI) -> None:
    function = {"name": "paint", "parameters": {"properties": {"what": {"type": "string"}}}}
    tools: Any = [{"type": "function", "function": function}]
    answer = await client.chat.completions.create(model=MODEL, messages=say("a fox"), tools=tools)
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.arguments == '{"what": "a fox"}'
    async with client.chat.completions.stream(
        model=MODEL, messages=say("a fox"), tools=tools
    ) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].finish_reason == "tool_calls"
    made = await client.responses.create(model=MODEL, input="a fox")
    assert "a fox" in made.output_text
    async with client.responses.stream(model=MODEL, input="a fox") as events:
        assert (await events.get_final_response()).output_text == made.output_text
    flat: Any = [{"type": "function", **function}]
    async with client.responses.stream(model=MODEL, input="a fox", tools=flat) as events:
        (item,) = (await events.get_final_response()).output
    assert item.type == "function_call"
    back: Any = {"type": "function_call_output", "call_id": item.call_id, "output": "done so"}
    talk: Any = [*say("a fox"), item.to_dict(), back]
    after = await client.responses.create(model=MODEL, input=talk, tools=flat)
    assert "done so" in after.output_text
    parsed = await client.responses.parse(model=MODEL, input="a fox", text_format=Named)
    assert parsed.output_parsed == Named(name="a fox")
    assert not made.model_dump()["store"]
    with pytest.raises(openai.NotFoundError, match="keeps no"):
        await client.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError, match="keeps no"):
        await client.responses.delete(made.id)
    with pytest.raises(openai.BadRequestError, match="keeps no") as refused:
        await client.responses.create(model=MODEL, input="b", previous_response_id=made.id)
    assert refused.value.param == "previous_response_id"
    old = await client.completions.create(model=MODEL, prompt="a fox", n=2)
    assert len(old.choices) == 2


async def test_embeddings_and_moderations(client: AsyncOpenAI) -> None:
    found = await client.embeddings.create(
        model="sandbox-embedding", input=["a red fox", "red foxes"], dimensions=64
    )
    assert [len(row.embedding) for row in found.data] == [64, 64]
    plain = await client.embeddings.create(
        model="sandbox-embedding", input="a red fox", dimensions=64, encoding_format="float"
    )
    assert plain.data[0].embedding == pytest.approx(found.data[0].embedding)
    await client.embeddings.create(model="sandbox-embedding", input=[1, 2, 3])
    flags = await client.moderations.create(model="sandbox-moderation", input=["fox", "murder"])
    assert [one.flagged for one in flags.results] == [False, True]


async def test_speech_is_written_down_again(client: AsyncOpenAI) -> None:
    speech = await client.audio.speech.create(
        model="sandbox-speech", voice="alloy", input="The fox is red.", response_format="opus"
    )
    assert speech.response.headers["content-type"] == "audio/ogg"
    audio = speech.content
    for form in ("json", "verbose_json", "text", "srt", "vtt"):
        found: Any = await client.audio.transcriptions.create(
            model="sandbox-transcribe", file=("a.ogg", io.BytesIO(audio)), response_format=form
        )
        assert "The fox is red." in (found if isinstance(found, str) else found.text)
    stream = await client.audio.transcriptions.create(
        model="sandbox-transcribe", file=("a.ogg", io.BytesIO(audio)), stream=True
    )
    events = [event async for event in stream]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "The fox is red."


async def test_other_sound_is_measured_and_no_sound_refused(client: AsyncOpenAI) -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as silence:
        silence.setparams((1, 2, 16000, 0, "NONE", ""))
        silence.writeframes(bytes(32000))
    heard = await client.audio.transcriptions.create(
        model="sandbox-transcribe", file=("a.wav", out.getvalue())
    )
    assert "1.00 seconds" in heard.text
    assert "-120.0 dBFS" in heard.text
    with pytest.raises(openai.BadRequestError, match="cannot be read as sound"):
        await client.audio.transcriptions.create(
            model="sandbox-transcribe", file=("a.mp3", b"no sound")
        )


@pytest.mark.parametrize(
    ("card", "kind"),
    [("error:429", openai.RateLimitError), ("error:401", openai.AuthenticationError),
     ("error:503", openai.InternalServerError), ("error:400", openai.BadRequestError)],
)  # fmt: skip
async def test_cards_bring_errors(
    gateway: Gateway, client: AsyncOpenAI, card: str, kind: type[openai.APIStatusError]
) -> None:
    for _ in range(7):  # more than a breaker would bear
        with pytest.raises(kind, match="test card") as caught:
            await client.chat.completions.create(model=MODEL, messages=say(f"hi --sandbox {card}"))
    wait = caught.value.response.headers.get("retry-after")
    assert wait == ("1" if card in {"error:429", "error:503"} else None)
    assert len(await rows(gateway)) == 7  # asked once each


async def test_cards_cut_slow_and_garble(gateway: Gateway, client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=MODEL, messages=say("hi --sandbox cut drip:0.001"), stream=True
    )
    with pytest.raises(openai.APIError, match="broke off"):
        async for _ in stream:
            pass
    with pytest.raises(openai.APITimeoutError):
        await client.with_options(timeout=0.2).chat.completions.create(
            model=MODEL, messages=say("hi --sandbox slow:30")
        )
    raw = await client.chat.completions.with_raw_response.create(
        model=MODEL, messages=say("hi --sandbox garbled")
    )
    assert raw.headers["content-type"] == "text/html"
    silent = await client.chat.completions.create(
        model=MODEL, messages=say("hi --sandbox silent"), stream=True
    )
    async for _ in silent:
        pass
    assert (await rows(gateway))[-1]["estimated"]
    with pytest.raises(openai.BadRequestError, match="knows no card"):
        await client.chat.completions.create(model=MODEL, messages=say("hi --sandbox nonsense"))


async def test_a_test_key_has_these_models_only(gateway: Gateway, client: AsyncOpenAI) -> None:
    await administer.create_channel(
        gateway.house.database,
        Channel("", "up", "openai", base_url="http://127.0.0.1:9", options={"models": "gpt-4o"}),
    )
    await gateway.house.catalogue.refresh()
    names = {model.id for model in (await client.models.list()).data}
    assert {MODEL, "sandbox-speech"} <= names
    assert "gpt-4o" not in names
    assert (await client.models.retrieve(MODEL)).owned_by == "gesso"
    with pytest.raises(openai.NotFoundError, match="sandbox-chat"):
        await client.chat.completions.create(model="gpt-4o", messages=say("hi"))
    with pytest.raises(openai.NotFoundError):
        await client.embeddings.create(model=MODEL, input="hi")


async def test_a_channel_may_lend_the_sandbox_another_name(
    gateway: Gateway, client: AsyncOpenAI
) -> None:
    options = {"model_map": {"gpt-4o": MODEL}}
    await administer.create_channel(
        gateway.house.database, Channel("", "stand-in", "sandbox", options=options)
    )
    await gateway.house.catalogue.refresh()
    answer = await client.chat.completions.create(model="gpt-4o", messages=say("hi"))
    assert "sandbox" in (answer.choices[0].message.content or "")


BAD: list[tuple[str, Any]] = [
    ("chat/completions", {"model": MODEL, "messages": [5]}),
    ("chat/completions", {"model": MODEL, "messages": [{"role": "user", "content": 5}]}),
    ("chat/completions", {"model": MODEL, "messages": say("x"), "n": 99}),
    ("embeddings", {"model": "sandbox-embedding", "input": ["x"] * 3000}),
    ("embeddings", {"model": "sandbox-embedding", "input": 5}),
    ("embeddings", {"model": "sandbox-embedding", "input": "x", "dimensions": 0}),
    ("embeddings", {"model": "sandbox-embedding", "input": "x", "dimensions": 10**9}),
    ("moderations", {"model": "sandbox-moderation", "input": 7}),
    ("audio/speech", {"model": "sandbox-speech", "input": "x"}),
    ("audio/speech", {"model": "sandbox-speech", "input": "x", "voice": "a", "speed": 9}),
    ("audio/speech", {"model": "sandbox-speech", "input": "x" * 5000, "voice": "a"}),
]


async def test_bad_requests_say_what_is_wrong(gateway: Gateway) -> None:
    for path, body in BAD:
        reply = await gateway.client.call("POST", f"/v1/{path}", body)
        assert reply.status == 400, (path, body)
        assert reply.json["error"]["type"] == "invalid_request_error"
