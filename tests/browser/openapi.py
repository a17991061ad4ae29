"""The description of the API that the console's types are made from.

`python -m tests.browser.openapi` writes `console/openapi.json`; a test compares the two.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from gesso import settings as settings_room
from gesso.app import build_web, open_house
from tests.client import Client
from tests.serving import serving

SNAPSHOT = Path(__file__).parents[2] / "console" / "openapi.json"
_KEY = "sk-admin-key-of-the-snapshot-0123456789"


async def describe() -> str:
    """Return what `/openapi.json` of this code answers, without address and version."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_room.read({}, data_dir=Path(folder), admin_key=_KEY)
        async with (
            open_house(settings, set_up=True) as house,
            serving(build_web(house)) as base,
            Client(base, _KEY) as client,
        ):
            document = await client.get("/openapi.json")
    document["servers"] = [{"url": "/"}]
    document["info"]["version"] = "0"
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(asyncio.run(describe()))
