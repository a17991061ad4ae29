"""Prompts become English by a chat model of a real HTTP upstream on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso.app import House
from gesso.domain import prompt
from gesso.domain.channel import Channel
from gesso.services import administer
from gesso.services.translate import Language, Translator
from tests.conftest import free_port
from tests.rooms.customer import inquirer, order
from tests.serving import serving

pytestmark = pytest.mark.anyio
WRITTEN = "https://example.org/a.png 雪地里的红狐狸 --ar 3:2 --no 人"
ENGLISH = "https://example.org/a.png a red fox in the snow --ar 3:2 --no 人"
LANGUAGE = Language("tiny", timeout_s=2)


@asynccontextmanager
async def translating(
    house: House, answer: Any, status: int = 200
) -> AsyncIterator[tuple[Translator, list[Any]]]:
    """Open a channel to a model that says one thing; yields also what it heard."""
    heard: list[Any] = []

    async def complete(request: Request) -> Response:
        heard.append({"headers": dict(request.headers), "body": json.loads(await request.body())})
        return JSONResponse(answer, status)

    app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
    async with serving(app) as url:
        await add(house, "ch_words", f"{url}/v1")
        yield Translator(inquirer(house), LANGUAGE), heard


async def add(house: House, channel_id: str, base_url: str, **fields: Any) -> None:
    options = {"api_key": "sk-x", "models": "tiny,small", "model_map": {"tiny": "tiny-1"}}
    channel = Channel(channel_id, "words", "openai", base_url=base_url, options=options, **fields)
    await administer.create_channel(house.database, channel)
    await house.catalogue.refresh()


def saying(text: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


async def test_only_the_words_are_translated(small_house: House) -> None:
    async with translating(small_house, saying(" a red fox\nin the snow ")) as (translator, heard):
        english = await translator.translate(prompt.parse(WRITTEN))
    assert english.write() == ENGLISH
    assert heard[0]["headers"]["authorization"] == "Bearer sk-x"
    assert heard[0]["body"]["model"] == "tiny-1"
    assert heard[0]["body"]["messages"][-1]["content"] == "雪地里的红狐狸"


async def test_an_order_keeps_what_was_written(small_house: House) -> None:
    async with translating(small_house, saying("a red fox in the snow")) as (translator, heard):
        made = await translator.translate_order(order(WRITTEN))
        assert (made.prompt, made.final_prompt) == (WRITTEN, ENGLISH)
        assert len(heard) == 1


async def test_a_prompt_that_the_operator_allows_is_never_too_long(small_house: House) -> None:
    written = "狐" * 9000  # more than a prompt may have by default
    async with translating(small_house, saying("a fox")) as (translator, _):
        made = await translator.translate_order(order(written))
    assert (made.prompt, made.final_prompt) == (written, "a fox")


@pytest.mark.parametrize("words", ["a red fox", "a “red” fox, 3 × 4 🦊"])
async def test_english_prompts_ask_nobody(small_house: House, words: str) -> None:
    async with translating(small_house, saying("x")) as (translator, heard):
        plain = order(words)
        assert await translator.translate_order(plain) is plain
        assert heard == []


async def test_it_is_off_without_a_model(small_house: House) -> None:
    async with translating(small_house, saying("x")) as (_, heard):
        chinese = order(WRITTEN)
        off = Translator(inquirer(small_house), Language())
        assert await off.translate_order(chinese) is chinese
        assert heard == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (saying("a fox --ar 1:9"), 200),
        (saying(""), 200),
        ({"error": "busy"}, 503),
        ({"error": {"message": "no"}}, 400),
        ({"choices": []}, 200),
        ([1], 200),
        ({"choices": [{"message": None}]}, 200),
        ("x" * 1_100_000, 200),
    ],
)
async def test_a_bad_answer_leaves_the_prompt_as_it_is(
    small_house: House, answer: Any, status: int
) -> None:
    wanted = prompt.parse(WRITTEN)
    async with translating(small_house, answer, status) as (translator, _):
        assert await translator.translate(wanted) is wanted


async def test_a_translator_that_is_down_stops_nobody(small_house: House) -> None:
    wanted = prompt.parse(WRITTEN)
    translator = Translator(inquirer(small_house), LANGUAGE)
    assert await translator.translate(wanted) is wanted  # no channel has the model
    await add(small_house, "ch_gone", f"http://127.0.0.1:{free_port()}/v1")
    assert await translator.translate(wanted) is wanted


async def test_another_channel_takes_over(small_house: House) -> None:
    await add(small_house, "ch_gone", f"http://127.0.0.1:{free_port()}/v1", priority=9)
    async with translating(small_house, saying("a red fox in the snow")) as (translator, _):
        assert (await translator.translate(prompt.parse(WRITTEN))).write() == ENGLISH
