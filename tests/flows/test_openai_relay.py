"""The official SDK, through a gateway, to a real upstream: bytes, money, failover, limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from gesso.kit.tokens import count
from gesso.ledger import audit
from gesso.ledger.money import read_dollars, write_dollars
from gesso.services import administer
from gesso.storage import calls as call_rows
from gesso.storage.schema import calls
from tests.conftest import Gateway, running_gateway
from tests.models import WORDS, Models, running_models

pytestmark = pytest.mark.anyio

#: 60 fresh, 40 cached and 50 written tokens of gpt-4o-mini: 9 + 3 + 30 millionths of a dollar.
COST = 42_000
TEXT = "".join(WORDS)
HELLO: Any = [{"role": "user", "content": "hello"}]


@asynccontextmanager
async def running(
    database_url: str, folder: Path, *, channels: list[dict[str, Any]] | None = None, **more: Any
) -> AsyncIterator[tuple[Gateway, Models]]:
    async with running_models() as models:
        made = [models.channel(**fields) for fields in channels or [{}]]
        async with running_gateway(database_url, folder, channels=made, **more) as gateway:
            yield gateway, models


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Gateway, Models]]:
    async with running("", tmp_path) as both:
        yield both


def sdk(gateway: Gateway, key: str = "", **options: Any) -> AsyncOpenAI:
    base = f"{gateway.house.settings.base_url}/v1"
    options = {"max_retries": 0} | options
    return AsyncOpenAI(api_key=key or gateway.client.key, base_url=base, **options)


async def settled(gateway: Gateway) -> list[Any]:
    """Every call once none is open any more; the books are proven."""
    await gateway.house.relayer.drain()
    async with gateway.house.database.snapshot() as connection:
        assert await call_rows.count_open(connection) == 0
        report = await audit.check(connection)
        assert report.findings == ()
        assert report.held_nanos == 0
        rows = await connection.execute(calls.select().order_by(calls.c.started_at))
        return list(rows.mappings())


async def balance(gateway: Gateway) -> int:
    accounts = await administer.list_accounts(gateway.house.database)
    return accounts[0].available_nanos


async def test_chat_is_relayed_and_paid_to_the_nano(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as (gateway, models):
        before = await balance(gateway)
        async with sdk(gateway) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini",
                messages=[
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "what is this?"},
                            {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
                        ],
                    }
                ],
                temperature=0.25,
                response_format={"type": "json_object"},
                extra_body={"x_vendor": {"deep": [1.50, "é"]}},
            )
        assert answer.choices[0].message.content == TEXT
        assert answer.model_extra == {"x_unknown": {"kept": [1, 2.5]}}
        heard = models.heard[-1]
        assert heard.key == "up-1"
        assert heard.json["x_vendor"] == {"deep": [1.5, "é"]}
        assert heard.json["response_format"] == {"type": "json_object"}
        (call,) = await settled(gateway)
        assert (call["state"], call["charged_nanos"], call["estimated"]) == ("settled", COST, False)
        assert await balance(gateway) == before - COST


async def test_a_stream_goes_through_without_the_chunk_nobody_asked_for(
    pair: tuple[Gateway, Models],
) -> None:
    gateway, models = pair
    async with sdk(gateway) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        chunks = [chunk async for chunk in stream]
        assert [c.choices[0].delta.content for c in chunks] == [*WORDS, None]
        assert models.heard[-1].json["stream_options"] == {"include_usage": True}
        stream = await client.chat.completions.create(
            model="gpt-4o-mini",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        )
        asked = [chunk async for chunk in stream]
    assert asked[-1].usage is not None
    assert asked[-1].usage.total_tokens == 150
    assert [c["charged_nanos"] for c in await settled(gateway)] == [COST, COST]


@pytest.mark.parametrize("stream", [False, True])
async def test_every_answer_names_the_call_that_was_paid(
    pair: tuple[Gateway, Models], stream: bool
) -> None:
    gateway, _ = pair
    body = {"model": "gpt-4o-mini", "messages": HELLO, "stream": stream}
    reply = await gateway.client.call("POST", "/v1/chat/completions", body)
    await settled(gateway)
    path = f"/v1/calls/{reply.headers['x-gesso-call']}"
    receipt = await gateway.client.get(path)
    assert (receipt["state"], receipt["charged_usd"]) == ("settled", write_dollars(COST))
    assert receipt["usage"]["prompt_tokens"] + receipt["usage"]["completion_tokens"] == 150
    stranger = await gateway.new_account(0)
    assert (await gateway.client.call("GET", path, key=stranger)).status == 404


async def test_an_operator_sees_why_a_channel_is_left_alone(pair: tuple[Gateway, Models]) -> None:
    gateway, models = pair
    one = "/admin/api/v1/channels/ch_models"
    models.script.failures.extend([(500, {})] * 20)
    body = {"model": "gpt-4o-mini", "messages": HELLO}
    for _ in range(3):
        await gateway.client.call("POST", "/v1/chat/completions", body)
    seen = await gateway.client.get(one)
    assert seen["broken_until"] is not None
    assert "500" in seen["broken_reason"]
    mended = await gateway.client.call("PATCH", one, {"remark": "mended"})
    assert mended.json["broken_until"] is None


async def test_anybody_reads_prices_that_are_public(tmp_path: Path) -> None:
    async with running_gateway("", tmp_path, public_prices=True) as gateway:
        reply = await gateway.client.call("GET", "/pricing.json", key="")
        assert reply.json["tasks"]["midjourney@imagine-fast"] == "0.05504"


async def test_tools_come_back_as_they_are(pair: tuple[Gateway, Models]) -> None:
    gateway, models = pair
    tool: Any = {"type": "function", "function": {"name": "paint", "parameters": {}}}
    async with sdk(gateway) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, tools=[tool], tool_choice="auto"
        )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.arguments == '{"a": 1}'
    assert models.heard[-1].json["tools"] == [tool]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_upstream_that_tells_no_usage_is_counted_here(
    pair: tuple[Gateway, Models], stream: bool
) -> None:
    gateway, models = pair
    models.script.tells_usage = False
    body = {"model": "gpt-4o-mini", "messages": HELLO, "stream": stream}
    reply = await gateway.client.call("POST", "/v1/chat/completions", body)
    (call,) = await settled(gateway)
    # A message with its role, and the beginning of the answer.
    read, written = 3 + 1 + count("hello", "gpt-4o") + 3, count(TEXT, "gpt-4o")
    assert (call["input_tokens"], call["output_tokens"]) == (read, written)
    assert call["charged_nanos"] == read * 150 + written * 600
    receipt = await gateway.client.get(f"/v1/calls/{reply.headers['x-gesso-call']}")
    assert receipt["usage"]["estimated"]
    assert receipt["usage"]["completion_tokens"] == written


async def test_a_long_prompt_is_counted_while_others_are_served(
    pair: tuple[Gateway, Models],
) -> None:
    gateway, models = pair
    models.script.tells_usage = False
    long = [{"role": "user", "content": "a red fox in the snow. " * 20_000}]
    body = {"model": "gpt-4o-mini", "messages": long}
    _, other = await asyncio.gather(
        gateway.client.call("POST", "/v1/chat/completions", body),
        gateway.client.call("POST", "/v1/chat/completions", body | {"messages": HELLO}),
    )
    assert other.status == 200
    assert sorted(c["input_tokens"] > 100_000 for c in await settled(gateway)) == [False, True]


async def test_a_caller_who_leaves_stops_the_upstream_and_pays_what_came(
    pair: tuple[Gateway, Models],
) -> None:
    gateway, models = pair
    models.script.gate = asyncio.Event()
    async with sdk(gateway) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        first = await anext(aiter(stream))
        assert first.choices[0].delta.content == WORDS[0]
        await stream.close()
    await asyncio.wait_for(models.left.wait(), 10)
    (call,) = await settled(gateway)
    assert (call["state"], call["output_tokens"]) == ("settled", count(WORDS[0]))
    assert call["charged_nanos"] == 8 * 150 + 1 * 600


async def test_a_stream_that_breaks_says_so_and_is_paid_in_part(
    pair: tuple[Gateway, Models],
) -> None:
    gateway, models = pair
    models.script.breaks_after = 2
    async with sdk(gateway) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        with pytest.raises(openai.APIError, match="broke off"):
            async for _ in stream:
                pass
    (call,) = await settled(gateway)
    assert "broke off" in call["error"]
    assert 0 < call["output_tokens"] < 5


async def test_the_other_endpoints(pair: tuple[Gateway, Models]) -> None:
    gateway, models = pair
    async with sdk(gateway) as client:
        completion = await client.completions.create(model="gpt-3.5-turbo-instruct", prompt="a")
        assert completion.choices[0].text == "blue"
        embedding = await client.embeddings.create(model="text-embedding-3-small", input="a")
        assert embedding.data[0].embedding == [0.25, -1.0]
        flags = await client.moderations.create(model="omni-moderation-latest", input="a")
        assert not flags.results[0].flagged
        flags = await client.moderations.create(input="a")
        assert models.heard[-1].json == {"input": "a", "model": "omni-moderation-latest"}
        audio = await client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 100)
        assert len(audio.content) == 8 * 8192
    rows = await settled(gateway)
    assert [r["charged_nanos"] for r in rows] == [
        60 * 1500 + 40 * 1500 + 50 * 2000, 7 * 20, 0, 0, 100 * 15_000,
    ]  # fmt: skip
    assert rows[2]["state"] == "settled"


async def test_responses_are_found_where_they_were_made(tmp_path: Path) -> None:
    channels: list[dict[str, Any]] = [{"options": {"keys": "up-1,up-2"}}, {"name": "two"}]
    async with (
        running("", tmp_path, channels=channels) as (gateway, models),
        sdk(gateway) as client,
    ):
        made = await client.responses.create(model="gpt-4o-mini", input="hello")
        key = models.heard[-1].key
        assert made.output_text == "Hello"
        stream = await client.responses.create(model="gpt-4o-mini", input="a", stream=True)
        kinds = [event.type async for event in stream]
        assert kinds[-1] == "response.completed"
        again = await client.responses.retrieve(made.id)
        assert (again.id, models.heard[-1].key) == (made.id, key)
        await client.responses.create(model="gpt-4o-mini", input="b", previous_response_id=made.id)
        assert models.heard[-1].key == key
        await client.responses.cancel(made.id)
        assert models.heard[-1].path.endswith("/cancel")
        other = await gateway.new_account(0)
        async with sdk(gateway, other) as stranger:
            with pytest.raises(openai.NotFoundError):
                await stranger.responses.retrieve(made.id)
        assert [r["charged_nanos"] for r in await settled(gateway)] == [16_500] * 3


async def test_failover_before_the_first_byte(tmp_path: Path) -> None:
    channels: list[dict[str, Any]] = [
        {"priority": 9, "options": {"keys": ["bad", "busy", "good"]}},
        {"name": "two"},
    ]
    async with (
        running("", tmp_path, channels=channels) as (gateway, models),
        sdk(gateway) as client,
    ):
        models.script.refused_keys, models.script.busy_keys = {"bad"}, {"busy"}

        async def ask() -> str:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
            return models.heard[-1].key

        assert await ask() == "good"
        assert [h.key for h in models.heard] == ["bad", "busy", "good"]
        assert await ask() == "good"  # the others rest
        models.script.failures.append((500, {}))
        assert await ask() == "up-1"
        await settled(gateway)


async def test_when_nobody_answers_nothing_is_paid(pair: tuple[Gateway, Models]) -> None:
    gateway, models = pair
    before = await balance(gateway)
    models.script.failures.extend([(503, {"retry-after": "9"})] * 3)
    async with sdk(gateway) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert caught.value.status_code == 503
        assert caught.value.response.headers["retry-after"] == "9"
        models.script.refused_keys = {"up-1"}
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert refused.value.status_code == 502
    assert "up-secret" not in str(refused.value)
    assert len(models.heard) == 4
    assert [r["state"] for r in await settled(gateway)] == ["released", "released"]
    assert await balance(gateway) == before


async def test_a_slow_first_byte_is_given_up(tmp_path: Path) -> None:
    options: Any = {"relay_first_byte_s": 0.2, "relay_attempts": 1}
    async with running("", tmp_path, **options) as (gateway, models), sdk(gateway) as client:
        models.script.first_byte_s = 5
        with pytest.raises(openai.InternalServerError, match="first byte"):
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        models.script.first_byte_s = 0
        assert (await settled(gateway))[0]["state"] == "released"


async def test_a_failing_channel_is_left_alone_and_says_why(tmp_path: Path) -> None:
    options: Any = {"breaker_failures": 2, "relay_attempts": 1, "breaker_rest_s": 60.0}
    async with running("", tmp_path, **options) as (gateway, models), sdk(gateway) as client:
        models.script.failures.extend([(500, {})] * 2)
        for _ in range(3):
            with pytest.raises(openai.InternalServerError) as caught:
                await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert len(models.heard) == 2
        assert "failing: HTTP 500" in str(caught.value)
        state = gateway.house.relayer.router.breakers.find("ch_models")
        assert state.open_until is not None
        assert state.reason == "HTTP 500"


async def test_what_the_caller_did_wrong_is_told_as_it_is(pair: tuple[Gateway, Models]) -> None:
    gateway, models = pair
    models.script.failures.append((400, {}))
    async with sdk(gateway) as client:
        with pytest.raises(openai.BadRequestError, match="as the script says"):
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        with pytest.raises(openai.NotFoundError) as unknown:
            await client.chat.completions.create(model="no-such-model", messages=HELLO)
        assert unknown.value.code == "model_not_found"
    assert len(models.heard) == 1
    assert [r["state"] for r in await settled(gateway)] == ["released"]


async def test_keys_money_and_limits(pair: tuple[Gateway, Models]) -> None:
    gateway, models = pair
    chat: Any = {"model": "gpt-4o-mini", "messages": HELLO}
    async with sdk(gateway, "sk-nobody") as client:
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key") as stranger:
            await client.models.list()
    assert stranger.value.code == "invalid_api_key"
    async with sdk(gateway, await gateway.new_account(1000)) as client:
        with pytest.raises(openai.RateLimitError) as broke:
            await client.chat.completions.create(**chat)
    assert broke.value.code == "insufficient_quota"
    assert broke.value.response.headers["x-should-retry"] == "false"
    async with sdk(gateway, await gateway.new_key(rate_per_minute=2)) as client:
        raw = await client.models.with_raw_response.list()
        assert raw.headers["x-ratelimit-limit-requests"] == "2"
        assert raw.headers["x-ratelimit-remaining-requests"] == "1"
        assert raw.headers["x-request-id"].startswith("req_")
        await client.models.list()
        with pytest.raises(openai.RateLimitError) as fast:
            await client.models.list()
    assert int(fast.value.response.headers["retry-after"]) > 0
    async with sdk(gateway, await gateway.new_key(actions=["gpt-4o"])) as client:
        with pytest.raises(openai.PermissionDeniedError):
            await client.chat.completions.create(**chat)
    assert models.heard == []


async def test_a_call_that_uses_more_than_was_held_is_paid_whole(
    pair: tuple[Gateway, Models],
) -> None:
    gateway, _models = pair
    before = await balance(gateway)
    async with sdk(gateway) as client:
        await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, max_tokens=1)
    (call,) = await settled(gateway)
    assert call["charged_nanos"] == COST
    assert await balance(gateway) == before - COST


async def test_patterns_and_mapped_names(tmp_path: Path) -> None:
    mapping = {"gpt-4-gizmo-*": "gpt-4o-mini", "small": "vendor/small-1"}
    options = {"options": {"models": "gpt-4-gizmo-*,small,gpt-4o", "model_map": mapping}}
    async with running("", tmp_path, channels=[options]) as (gateway, models):
        house = gateway.house
        async with sdk(gateway) as client:
            await client.chat.completions.create(model="gpt-4-gizmo-g-abc", messages=HELLO)
            assert models.heard[-1].json["model"] == "gpt-4o-mini"
            with pytest.raises(openai.NotFoundError, match="no price"):
                await client.chat.completions.create(model="small", messages=HELLO)
            listed = {m.id for m in (await client.models.list()).data}
            assert {"small", "gpt-4o", "midjourney"} <= listed
            assert (await client.models.retrieve("small")).owned_by == "openai"
            assert (await client.models.retrieve("gpt-4-gizmo-g-abc")).id == "gpt-4-gizmo-g-abc"
            with pytest.raises(openai.NotFoundError, match="does not exist"):
                await client.models.retrieve("gpt-5")
            with pytest.raises(openai.NotFoundError, match="no GET /v1/files"):
                await client.files.list()
            with pytest.raises(openai.APIStatusError, match="takes GET, not DELETE"):
                await client.models.delete("small")
        prices = await gateway.client.get("/pricing.json")
        assert prices["models"]["gpt-4o-mini"]["output"] == "0.60"
        assert (await gateway.client.call("GET", "/pricing.json", key="")).status == 401
        (call,) = await settled(gateway)
        assert call["charged_nanos"] == read_dollars("0.05")
        assert house.catalogue.channel("ch_models") is not None


BAD_BODIES = [
    b"", b"{", b"[]", b"null", b"{}", b'{"model":1}', b'{"model":""}', b"\xff\xfe",
    b'{"model":"gpt-4o-mini"}', b'{"model":"gpt-4o-mini","messages":{}}',
    b'{"model":"gpt-4o-mini","messages":[]}', b'{"model":"a","messages":[],"stream":"x"}',
    b'{"model":"gpt-4o-mini","messages":[1],"max_tokens":-1}',
    b'{"model":"gpt-4o-mini","messages":[1],"max_tokens":1e400}',
    b'{"model":"gpt-4o-mini","messages":[1],"n":true}',
    b'{"model":"gpt-4o-mini","messages":[1],"stream_options":7}',
    b'{"model":"gpt-4o-*","messages":[1]}', b"[" * 100_000,
    b'{"model":"gpt-4o-mini","messages":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    json.dumps({"model": "m" * 101, "messages": [1]}).encode(),
    b'{"model":"a\\u0000b","messages":[1]}', b'{"model":"\\ud800","messages":[1]}',
]  # fmt: skip


async def test_bad_bodies_are_the_callers_fault(pair: tuple[Gateway, Models]) -> None:
    gateway = pair[0]
    for body in BAD_BODIES:
        for path in ("chat/completions", "responses", "embeddings", "audio/speech"):
            reply = await gateway.client.call("POST", f"/v1/{path}", body)
            if path == "chat/completions" or reply.status != 200:
                assert 400 <= reply.status < 500, (path, body[:60], reply)
                assert set(reply.json["error"]) == {"message", "type", "param", "code"}


async def test_a_large_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with running("", tmp_path, relay_body_bytes=1000) as (gateway, models):
        body = {"model": "gpt-4o-mini", "messages": HELLO, "x": "y" * 2000}
        reply = await gateway.client.call("POST", "/v1/chat/completions", body)
        assert reply.status == 413
        assert models.heard == []


async def test_bodies_in_memory_have_a_limit(tmp_path: Path) -> None:
    async with running("", tmp_path, relay_buffer_bytes=150) as (gateway, models):
        models.script.gate = asyncio.Event()
        body = {"model": "gpt-4o-mini", "messages": HELLO, "stream": True}
        first = asyncio.create_task(gateway.client.call("POST", "/v1/chat/completions", body))
        while not models.heard:
            await asyncio.sleep(0.01)
        second = await gateway.client.call("POST", "/v1/chat/completions", body)
        assert (second.status, second.json["error"]["code"]) == (429, "queue_full")
        assert int(second.headers["retry-after"]) > 0
        models.script.gate.set()
        assert (await first).status == 200
        assert (await gateway.client.call("POST", "/v1/chat/completions", body)).status == 200
        await settled(gateway)


async def test_open_calls_of_a_key_have_a_limit(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, models):
        models.script.gate = asyncio.Event()
        key = await gateway.new_key(concurrency=1)
        body = {"model": "gpt-4o-mini", "messages": HELLO, "stream": True}
        ask = gateway.client.call
        first = asyncio.create_task(ask("POST", "/v1/chat/completions", body, key=key))
        while not models.heard:
            await asyncio.sleep(0.01)
        assert (await ask("POST", "/v1/chat/completions", body, key=key)).status == 429
        models.script.gate.set()
        assert (await first).status == 200
        assert (await ask("POST", "/v1/chat/completions", body, key=key)).status == 200
        await settled(gateway)
