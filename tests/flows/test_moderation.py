"""Moderation by a model of a channel over real HTTP: refused orders leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso.domain.channel import Channel
from gesso.services import administer
from tests.conftest import Gateway, running_gateway
from tests.flows.test_dialogs import box, png
from tests.serving import serving

pytestmark = pytest.mark.anyio


class Judge:
    """Flags every order whose words hold "forbidden", or that shows a picture after `pictures`."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.status = 200

    async def judge(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.heard.append(body)
        if self.status != 200:
            return JSONResponse({"error": "down"}, self.status)
        bad = "forbidden" in json.dumps(body["input"])
        categories = {"violence": bad, "hate": False}
        return JSONResponse({"results": [{"flagged": bad, "categories": categories}]})


@asynccontextmanager
async def judged(place: Path, **settings: Any) -> AsyncIterator[tuple[Gateway, Judge]]:
    judge = Judge()
    app = Starlette(routes=[Route("/v1/moderations", judge.judge, methods=["POST"])])
    async with (
        serving(app) as url,
        running_gateway("", place, moderate_model="judge-1", **settings) as gateway,
    ):
        options = {"models": "judge-1", "api_key": "sk-judge"}
        channel = Channel("ch_judge", "judge", "openai", base_url=f"{url}/v1", options=options)
        await administer.create_channel(gateway.house.database, channel)
        await gateway.house.catalogue.refresh()
        yield gateway, judge


async def test_every_order_is_checked_where_that_is_the_policy(tmp_path: Path) -> None:
    async with judged(tmp_path, moderate_always=True) as (gateway, judge):
        body = {"prompt": "a forbidden thing", "base64Array": [png(box("red"))]}
        answer = await gateway.client.post("/mj/submit/imagine", body)
        assert answer["code"] == 24
        assert answer["properties"]["categories"] == ["violence"]
        assert answer["properties"]["charged"] is False
        kinds = [part["type"] for part in judge.heard[0]["input"]]
        assert kinds == ["text", "image_url"]
        assert judge.heard[0]["input"][1]["image_url"]["url"].startswith("data:image/png;base64,")
        v1 = await gateway.client.call(
            "POST", "/v1/midjourney/generations/imagine", {"prompt": "a forbidden thing"}
        )
        assert (v1.status, v1.json["error"]["type"]) == (422, "invalid_request_error")
        assert await gateway.client.get("/mj/task/list") == []
        await gateway.client.until(await gateway.client.imagine("a boat --sandbox blank"))


async def test_only_those_who_ask_are_checked_otherwise(tmp_path: Path) -> None:
    async with judged(tmp_path) as (gateway, judge):
        await gateway.client.imagine("a forbidden thing --sandbox blank")
        assert judge.heard == []
        path = "/v1/midjourney/generations/imagine"
        asked = {"prompt": "a forbidden thing", "nsfw_check": True}
        assert (await gateway.client.call("POST", path, asked)).status == 422


async def test_a_check_that_does_not_answer_refuses_and_says_try_again(tmp_path: Path) -> None:
    async with judged(tmp_path, moderate_always=True) as (gateway, judge):
        judge.status = 500
        answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "a boat"})
        assert answer["code"] == 9
        assert answer["properties"]["error"] == "moderation_unavailable"
        assert answer["properties"]["retry"] is True
        assert await gateway.client.get("/mj/task/list") == []
