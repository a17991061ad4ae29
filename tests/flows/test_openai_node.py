"""The official Node SDK drives every endpoint, as the Python SDK does in the other tests."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.flows.test_openai_relay import TEXT, running, settled

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parents[1] / "node"


async def drive(base: str, key: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        "node", str(HERE / "drive.mjs"), base, key,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]
    return json.loads(out)


async def test_every_endpoint(tmp_path: Path) -> None:
    assert (HERE / "node_modules" / "openai").is_dir(), f"run `npm --prefix {HERE} ci`"
    channels: list[dict[str, Any]] = [{"options": {"models": "gpt-4o-mini"}}]
    async with running("", tmp_path, channels=channels) as (gateway, _models):
        base = f"{gateway.house.settings.base_url}/v1"
        found = await drive(base, gateway.client.key)
        assert "a red fox" in found["chat"]
        assert found["chat"] == found["chatStream"] == found["completion"] == found["response"]
        assert found["usage"]
        assert found["tool"] == '{"what": "a red fox"}'
        assert found["relayed"] == TEXT
        assert found["responseEnd"] == "response.completed"
        assert found["stored"]
        assert found["embeddings"] == [256, 256]
        assert found["flagged"]
        assert found["heard"] == found["heardStream"] == found["translated"] == "The fox is red."
        assert (found["image"], found["imageEnd"]) == ("PNG", "image_generation.completed")
        assert (found["edited"], found["varied"]) == (1, ["string", "string"])
        assert {"sandbox-chat", "gpt-4o-mini", "midjourney"} <= set(found["models"])
        assert found["owner"] == "gesso"
        assert found["unknown"] == ["NotFoundError", 404, "model_not_found"]
        assert found["stranger"] == ["AuthenticationError", 401, "invalid_api_key"]
        assert found["limited"] == ["RateLimitError", 429, "rate_limit_exceeded"]
        assert found["cut"][0] == "APIError"
        await settled(gateway)
