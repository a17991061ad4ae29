"""Translation through a real HTTP endpoint on loopback."""

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

from gesso.domain import prompt
from gesso.services.translate import Endpoint, Translator
from tests.conftest import free_port
from tests.serving import serving

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def chat(answer: Any, status: int = 200) -> AsyncIterator[tuple[str, list[Any]]]:
    """Run a chat endpoint that says one thing; yields its base URL and what it heard."""
    heard: list[Any] = []

    async def complete(request: Request) -> Response:
        heard.append({"headers": dict(request.headers), "body": json.loads(await request.body())})
        return JSONResponse(answer, status)

    app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
    async with serving(app) as url:
        yield f"{url}/v1", heard


def saying(text: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


WRITTEN = "https://example.org/a.png 雪地里的红狐狸 --ar 3:2 --no 人"


async def test_only_the_words_are_translated() -> None:
    async with chat(saying(" a red fox\nin the snow ")) as (url, heard):
        translator = Translator(Endpoint(url, "sk-x", "tiny"))
        english = await translator.translate(prompt.parse(WRITTEN))
    assert english.write() == "https://example.org/a.png a red fox in the snow --ar 3:2 --no 人"
    assert heard[0]["headers"]["authorization"] == "Bearer sk-x"
    assert heard[0]["body"]["model"] == "tiny"
    assert heard[0]["body"]["messages"][-1]["content"] == "雪地里的红狐狸"


async def test_english_prompts_and_no_endpoint_ask_nobody() -> None:
    async with chat(saying("x")) as (url, heard):
        plain = prompt.parse("a red fox")
        assert await Translator(Endpoint(url)).translate(plain) is plain
        assert heard == []
    chinese = prompt.parse(WRITTEN)
    assert await Translator(Endpoint()).translate(chinese) is chinese


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (saying("a fox --ar 1:9"), 200),
        (saying(""), 200),
        ({"error": "busy"}, 503),
        ({"choices": []}, 200),
        ([1], 200),
        ({"choices": [{"message": None}]}, 200),
    ],
)
async def test_a_bad_answer_leaves_the_prompt_as_it_is(answer: Any, status: int) -> None:
    wanted = prompt.parse(WRITTEN)
    async with chat(answer, status) as (url, _):
        assert await Translator(Endpoint(url)).translate(wanted) is wanted


async def test_a_translator_that_is_down_stops_nobody() -> None:
    wanted = prompt.parse(WRITTEN)
    gone = Translator(Endpoint(f"http://127.0.0.1:{free_port()}/v1", timeout_s=1))
    assert await gone.translate(wanted) is wanted
