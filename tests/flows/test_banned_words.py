"""Banned words: whole words only, told at submit, nothing kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import running_gateway

pytestmark = pytest.mark.anyio


async def test_banned_words_are_whole_words(tmp_path: Path) -> None:
    async with running_gateway("", tmp_path, banned_words="ass, gun fight, 血腥") as gateway:
        for prompt, word in (
            ("an ASS.", "ASS"),
            ("a gun fight", "gun fight"),
            ("很血腥的", "血腥"),
        ):
            answer = await gateway.client.post("/mj/submit/imagine", {"prompt": prompt})
            assert answer["code"] == 24
            assert answer["description"] == "可能包含敏感词"
            assert answer["properties"]["bannedWord"] == word
            assert answer["properties"]["promptEn"] == prompt
        answer = await gateway.client.post("/mj/submit/imagine", {"prompt": "green grass"})
        assert answer["code"] == 1
        assert len(await gateway.client.get("/mj/task/list")) == 1
