"""The official SDK asks for pictures and sound: painted here as tasks, or relayed."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from PIL import Image

from tests.conftest import Gateway, running_gateway
from tests.flows.test_openai_relay import running, sdk, settled
from tests.upstream import png

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway("", tmp_path, picture_wait_s=20.0) as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[AsyncOpenAI]:
    async with sdk(gateway) as opened:
        yield opened


def opened(encoded: str | None) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded or "")))


def sound(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8000 * seconds)
    return out.getvalue()


def talk(*texts: str) -> Any:
    roles = ("user", "assistant") * len(texts)
    return [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)]


async def test_dall_e_form_gives_links(gateway: Gateway, client: AsyncOpenAI) -> None:
    answer = await client.images.generate(
        model="dall-e-3", prompt="a colourful sunset", size="1792x1024", n=1
    )
    (row,) = answer.data or []
    assert row.revised_prompt == "a colourful sunset --ar 7:4"
    reply = await gateway.client.call("GET", row.url or "")
    with Image.open(io.BytesIO(reply.body)) as shown:
        assert shown.width / shown.height == pytest.approx(1.75, rel=0.05)
    (task,) = await gateway.client.get("/mj/task/list")
    assert (task["action"], task["status"]) == ("IMAGINE", "SUCCESS")


async def test_bytes_come_in_the_size_and_format_asked_for(client: AsyncOpenAI) -> None:
    answer = await client.images.generate(
        model="gpt-image-1",
        prompt="a fox",
        size="1536x1024",
        n=5,
        output_format="webp",
        output_compression=60,
    )
    pictures = [opened(row.b64_json) for row in answer.data or []]
    assert [(p.size, p.format) for p in pictures] == [((1536, 1024), "WEBP")] * 5
    assert len({row.b64_json for row in answer.data or []}) == 5


async def test_a_picture_model_that_came_later_is_painted(
    gateway: Gateway, client: AsyncOpenAI
) -> None:
    answer = await client.images.generate(model="gpt-image-9.5", prompt="a fox", size="512x512")
    assert opened((answer.data or [])[0].b64_json).size == (512, 512)
    assert (await client.models.retrieve("gpt-image-9.5")).owned_by == "gesso"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        await client.images.generate(model="imagen-9", prompt="a fox")


async def test_a_channel_for_every_model_gets_the_later_ones(tmp_path: Path) -> None:
    async with running("", tmp_path, channels=[{}]) as (gateway, models), sdk(gateway) as client:
        with pytest.raises(openai.NotFoundError, match="no price"):
            await client.images.generate(model="gpt-image-9.5", prompt="a fox")
        assert not models.heard


async def test_pictures_are_streamed(client: AsyncOpenAI) -> None:
    stream = await client.images.generate(
        model="gpt-image-1", prompt="a fox", stream=True, partial_images=2
    )
    events = [event async for event in stream]
    assert events[-1].type == "image_generation.completed"
    assert opened(events[-1].b64_json).format == "PNG"


async def test_an_edit_changes_what_is_transparent_in_the_mask(client: AsyncOpenAI) -> None:
    hole = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    hole.paste((0, 0, 0, 0), (0, 0, 64, 32))
    out = io.BytesIO()
    hole.save(out, "PNG")
    grey = png(64, 64, (120, 120, 120))
    answer = await client.images.edit(
        model="gpt-image-1",
        image=("a.png", grey, "image/png"),
        mask=("m.png", out.getvalue(), "image/png"),
        prompt="a red balloon",
        size="1024x1024",
    )
    shown = opened((answer.data or [])[0].b64_json).convert("L")

    def away(box: tuple[int, int, int, int]) -> float:
        part = shown.crop(box).tobytes()
        return sum(abs(one - 120) for one in part) / len(part)

    assert away((0, 700, 1024, 1024)) < 3 < away((0, 0, 1024, 400))


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_variations_and_relayed_edits(tmp_path: Path) -> None:
    options = {"options": {"models": "dall-e-2", "endpoints": "images/edits"}}
    async with running("", tmp_path, channels=[options]) as (gateway, models):
        async with sdk(gateway) as client:
            varied = await client.images.create_variation(image=("a.png", png(64, 64)), n=2)
            assert len(varied.data or []) == 2
            edited = await client.images.edit(
                model="dall-e-2", image=("a.png", png(64, 64)), prompt="x"
            )
        assert (edited.data or [])[0].url == "https://pictures.invalid/1.png"
        assert models.heard[-1].json["image"] == len(png(64, 64))
        (call,) = await settled(gateway)
        assert (call["pictures"], call["charged_nanos"]) == (1, 20_000_000)


async def test_a_channel_that_names_the_model_comes_first(tmp_path: Path) -> None:
    options = {"options": {"models": ["dall-e-3"]}}
    async with running("", tmp_path, channels=[options]) as (gateway, models):
        async with sdk(gateway) as client:
            answer = await client.images.generate(
                model="dall-e-3", prompt="x", quality="hd", response_format="b64_json"
            )
        assert len(answer.data or []) == 2
        assert models.heard[-1].json["quality"] == "hd"
        (call,) = await settled(gateway)
        assert (call["pictures"], call["charged_nanos"]) == (2, 160_000_000)


async def test_patience_ends_with_the_id_of_the_task(tmp_path: Path) -> None:
    async with running_gateway("", tmp_path, picture_wait_s=0.3) as gateway, sdk(gateway) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.images.generate(model="dall-e-3", prompt="a fox --sandbox slow:60")
        assert caught.value.status_code == 504
        assert caught.value.code == "still_running"
        found = re.search(r"task (\d{16})", str(caught.value))
        assert found is not None
        task = await gateway.client.get(f"/mj/task/{found[1]}/fetch")
        assert task["status"] in {"NOT_START", "SUBMITTED", "IN_PROGRESS"}


async def test_failures_are_errors_of_this_wire(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as banned:
        await client.images.generate(model="dall-e-3", prompt="x --sandbox fail:banned")
    assert banned.value.code == "content_policy_violation"
    for bad in ({"size": "big"}, {"n": 11}, {"n": 2}, {"response_format": "gif"}):
        with pytest.raises(openai.BadRequestError):
            await client.images.generate(model="dall-e-3", prompt="x", extra_body=bad)
    with pytest.raises(openai.BadRequestError):
        await client.images.edit(model="dall-e-2", image=("a.png", b"no picture"), prompt="x")


async def test_who_wants_a_task_gets_one(gateway: Gateway) -> None:
    body = {"model": "dall-e-3", "prompt": "a fox --sandbox blank"}
    path = "/v1/images/generations"
    for asked, headers in (({"async": True}, {}), ({}, {"prefer": "respond-async"})):
        answer = (await gateway.client.call("POST", path, body | asked, headers=headers)).json
        task_id = answer["data"][0]["task_id"]
        found = await gateway.client.get(f"/v1/tasks/{task_id}")
        assert found["data"]["id"] == task_id


async def test_a_chat_with_a_painter_and_its_follow_ups(
    gateway: Gateway, client: AsyncOpenAI
) -> None:
    stream = await client.chat.completions.create(
        model="midjourney",
        messages=talk("a red fox"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    first = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert chunks[-1].usage is not None
    assert first.startswith("> Task `")
    link = re.search(r"!\[picture\]\((\S+)\)", first)
    assert link is not None
    assert (await gateway.client.call("GET", link[1])).status == 200
    assert "`upscale 2`" in first
    second = await client.chat.completions.create(
        model="midjourney", messages=talk("a red fox", first, "upscale 2")
    )
    text = second.choices[0].message.content or ""
    assert "![picture]" in text
    for word in ("vary 3", "Reroll"):
        await client.chat.completions.create(
            model="midjourney", messages=talk("a red fox", first, word)
        )
    tasks = await gateway.client.get("/mj/task/list")
    assert [t["action"] for t in tasks] == ["IMAGINE", "VARIATION", "UPSCALE", "IMAGINE"]
    other = await gateway.new_account(10**10)
    async with sdk(gateway, other) as stranger:
        with pytest.raises(openai.NotFoundError):
            await stranger.chat.completions.create(
                model="midjourney", messages=talk("a", first, "upscale 2")
            )


async def test_other_painters_by_chat(gateway: Gateway, client: AsyncOpenAI) -> None:
    picture = "data:image/png;base64," + base64.b64encode(png(64, 64)).decode()
    parts: Any = [
        {"type": "text", "text": "like this"},
        {"type": "image_url", "image_url": {"url": picture}},
    ]
    for model, content in (("stable-diffusion", "a boat"), ("gpt-4-all", parts), ("niji", "a cat")):
        answer = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": content}]
        )
        assert "![picture](http" in (answer.choices[0].message.content or "")
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="midjourney", messages=talk("upscale 2"))
    with pytest.raises(openai.BadRequestError) as banned:
        await client.chat.completions.create(model="niji", messages=talk("a --sandbox fail:banned"))
    assert banned.value.code == "content_policy_violation"
    test_key = await gateway.new_key(test=True)
    async with sdk(gateway, test_key) as tester:
        answer = await tester.chat.completions.create(model="midjourney", messages=talk("a boat"))
        assert "![picture]" in (answer.choices[0].message.content or "")


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_recordings_are_paid_by_their_length(tmp_path: Path) -> None:
    async with running("", tmp_path) as (gateway, models), sdk(gateway) as client:
        said = await client.audio.transcriptions.create(
            model="whisper-1", file=("a.wav", sound(5)), language="en"
        )
        assert said.text == "hello there"
        assert models.heard[-1].json == {
            "model": "whisper-1", "language": "en", "file": len(sound(5)),
        }  # fmt: skip
        models.script.failures.append((500, {}))
        text = await client.audio.translations.create(
            model="whisper-1", file=("a.wav", sound(5)), response_format="text"
        )
        assert str(text).strip() == "hello there"
        first, second = await settled(gateway)
        # The upstream said three seconds; of the other one only the file tells its length.
        assert (first["audio_ms"], first["charged_nanos"]) == (3000, 300_000)
        assert (second["audio_ms"], second["estimated"]) == (5000, True)


@pytest.mark.parametrize("path", ["audio/transcriptions", "images/edits", "images/variations"])
async def test_bad_forms_are_the_callers_fault(tmp_path: Path, path: str) -> None:
    async with running("", tmp_path, relay_body_bytes=100_000) as (gateway, _):
        kind = "multipart/form-data; boundary=x"
        part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        for body, sent in (
            (b"{}", "application/json"), (b"junk", kind), (b"", kind), (b"--x--\r\n", kind),
            (b"", "multipart/form-data"), (part % (b"model", b"a"), kind),
            (part % (b"model", b"whisper-1") + part % (b"file", b"text") + b"--x--\r\n", kind),
            (part % (b"model", b"\xff") + b"--x--\r\n", kind), (b"y" * 200_000, kind),
        ):  # fmt: skip
            reply = await gateway.client.call(
                "POST", f"/v1/{path}", body, headers={"content-type": sent}
            )
            assert 400 <= reply.status < 500, (body[:80], reply)
            assert "message" in reply.json["error"]


async def test_a_caller_who_leaves_loses_no_task(gateway: Gateway, client: AsyncOpenAI) -> None:
    asked = asyncio.create_task(
        client.images.generate(model="dall-e-3", prompt="a fox --sandbox slow:0.5")
    )
    while not (tasks := await gateway.client.get("/mj/task/list")):
        await asyncio.sleep(0.02)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert (await gateway.client.until(tasks[0]["id"]))["status"] == "SUCCESS"
