"""Prompts of another language, on every wire, translated by a model of a channel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso.domain.channel import Channel
from gesso.services import administer
from tests.conftest import Gateway, running_gateway
from tests.serving import serving

pytestmark = pytest.mark.anyio
WORDS = {"红狐狸": "a red fox", "船": "a boat", "血": "blood"}


async def translate(request: Request) -> Response:
    asked = json.loads(await request.body())["messages"][-1]["content"]
    message = {"role": "assistant", "content": WORDS[asked]}
    return JSONResponse({"choices": [{"message": message}]})


@asynccontextmanager
async def translating(place: Path) -> AsyncIterator[Gateway]:
    app = Starlette(routes=[Route("/v1/chat/completions", translate, methods=["POST"])])
    options = {"models": "words-1", "api_key": "sk-words"}
    async with (
        serving(app) as url,
        running_gateway(
            "", place, translate_model="words-1", banned_words="blood, 船坞"
        ) as gateway,
    ):
        channel = Channel("ch_words", "words", "openai", base_url=f"{url}/v1", options=options)
        await administer.create_channel(gateway.house.database, channel)
        await gateway.house.catalogue.refresh()
        yield gateway


async def test_all_wires_paint_what_is_meant(tmp_path: Path) -> None:
    async with translating(tmp_path) as gateway:
        client = gateway.client
        imagined = await client.until(await client.imagine("红狐狸 --ar 3:2"))
        assert imagined["prompt"] == "红狐狸 --ar 3:2"
        assert imagined["promptEn"].startswith("a red fox --ar 3:2")
        assert imagined["description"] == "/imagine 红狐狸 --ar 3:2"
        path = "/v1/midjourney/generations/imagine"
        made = (await client.call("POST", path, {"prompt": "船 --sandbox blank"})).json
        shown = await client.get(f"/mj/task/{made['data'][0]['task_id']}/fetch")
        assert shown["promptEn"].startswith("a boat")
        # Upscaling asks for no translation: the words are the parent's.
        upscaled = await client.post(
            "/mj/submit/change", {"action": "UPSCALE", "index": 1, "taskId": imagined["id"]}
        )
        assert upscaled["code"] == 1, upscaled
        assert (await client.until(upscaled["result"]))["promptEn"] == imagined["promptEn"]


async def test_banned_words_hold_in_both_languages(tmp_path: Path) -> None:
    async with translating(tmp_path) as gateway:
        for written, banned in (("血", "blood"), ("船坞", "船坞")):
            answer = await gateway.client.post("/mj/submit/imagine", {"prompt": written})
            assert answer["code"] == 24, answer
            assert answer["properties"]["bannedWord"] == banned
        assert await gateway.client.get("/mj/task/list") == []
