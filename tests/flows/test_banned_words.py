"""Banned words: whole words only, told at submit, nothing kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Gateway, running_gateway

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


async def test_words_are_banned_and_allowed_by_group_while_running(gateway: Gateway) -> None:
    client, words = gateway.client, "/admin/api/v1/words"
    for word in ("gore", "blood"):
        await client.post(words, {"word": word, "group": "violence"})
    answer = await client.post("/mj/submit/imagine", {"prompt": "Gore at noon"})
    assert (answer["code"], answer["properties"]["bannedWord"]) == (24, "Gore")
    off = await client.call("PATCH", "/admin/api/v1/word-groups/violence", {"enabled": False})
    assert off.json == {"group": "violence", "enabled": False, "words": 2}
    await client.until(await client.imagine("gore at noon --sandbox blank"))
    await client.call("PATCH", "/admin/api/v1/word-groups/violence", {"enabled": True})
    answer = await client.post("/mj/submit/imagine", {"prompt": "a bloodhound and blood"})
    assert (answer["code"], answer["properties"]["bannedWord"]) == (24, "blood")
    missing = await client.call("PATCH", "/admin/api/v1/word-groups/none", {"enabled": True})
    assert missing.status == 404
    found = await client.get(words + "?group=violence")
    assert [w["word"] for w in found["items"]] == ["blood", "gore"]
