"""Questions of the gateway itself: to a real model of a channel, booked to nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gesso.app import House
from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, Refused, Unavailable, UnknownModel
from gesso.domain.relay import Endpoint
from gesso.services import administer
from gesso.storage.schema import calls
from tests.rooms.customer import inquirer
from tests.serving import serving

pytestmark = pytest.mark.anyio


async def test_the_sandbox_answers_and_nothing_is_booked(small_house: House) -> None:
    answer = await inquirer(small_house).ask(
        Endpoint.MODERATIONS, "sandbox-moderation", {"input": "a boat"}, timeout_s=5
    )
    assert answer["results"][0]["flagged"] is False
    async with small_house.database.reading() as connection:
        assert (await connection.execute(calls.select())).first() is None


async def test_an_unknown_model_is_said_at_once(small_house: House) -> None:
    with pytest.raises(UnknownModel):
        await inquirer(small_house).ask(Endpoint.CHAT, "nobody", {}, timeout_s=5)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"{}", Refused),
        (200, b"<html>", Garbled),
        (200, b'"' + b"x" * 1_100_000 + b'"', Garbled),
        (0, b"", Unavailable),
    ],
)
async def test_what_is_no_answer_is_an_error(
    small_house: House, status: int, body: bytes, error: type[Exception]
) -> None:
    over = asyncio.Event()

    async def answer(_: Request) -> Response:
        if not status:
            await over.wait()
            return Response()
        return Response(body, status, media_type="application/json")

    app = Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"])])
    async with serving(app) as url:
        options: dict[str, Any] = {"models": "tiny"}
        channel = Channel("ch_words", "words", "openai", base_url=f"{url}/v1", options=options)
        await administer.create_channel(small_house.database, channel)
        await small_house.catalogue.refresh()
        with pytest.raises(error):
            await inquirer(small_house).ask(Endpoint.CHAT, "tiny", {}, timeout_s=0.5)
        over.set()
