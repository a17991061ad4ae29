"""Every button that a result shows works: walks from the grid on, as a player would."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gesso.domain import buttons
from gesso.ledger import audit
from tests.conftest import Gateway
from tests.flows.test_dialogs import box, png

pytestmark = pytest.mark.anyio

#: What each kind of result shows, by label or emoji (section 7.1).
GRID = ["U1", "U2", "U3", "U4", "🔄", "V1", "V2", "V3", "V4"]
ARROWS = ["⬅️", "➡️", "⬆️", "⬇️"]
ZOOMS = ["Zoom Out 2x", "Zoom Out 1.5x", "Make Square", "Custom Zoom", *ARROWS]
VARY = ["Vary (Subtle)", "Vary (Strong)"]
ANIMATE = ["Animate (High motion)", "Animate (Low motion)"]
SINGLES = {
    "--v 5.2": ["Upscale (2x)", "Upscale (4x)", *VARY, "Vary (Region)", *ZOOMS, "❤️"],
    "--v 6.1": ["Upscale (Subtle)", "Upscale (Creative)", *VARY, "Vary (Region)", *ZOOMS, "❤️"],
    "--v 7": [
        "Upscale (Subtle)", "Upscale (Creative)", *VARY, "Vary (Region)", *ZOOMS, *ANIMATE, "❤️",
    ],
    "--v 8.1": [*VARY, "Vary (Region)", *ANIMATE, "❤️"],
    "--v 4": [*VARY, "❤️"],
}  # fmt: skip


def labels(task: Any) -> list[str]:
    return [b["label"] or b["emoji"] for b in task["buttons"]]


async def press(gateway: Gateway, task: Any, custom_id: str) -> Any:
    """Press a button, answer its dialog if it has one, and return the finished child."""
    body = {"taskId": task["id"], "customId": custom_id}
    answer = await gateway.client.post("/mj/submit/action", body)
    if answer["code"] == 21:
        reply = {"taskId": answer["result"]}
        if "Inpaint" in custom_id:
            reply["maskBase64"] = png(box("white"))
        again = await gateway.client.post("/mj/submit/modal", reply)
        assert again["result"] == answer["result"], again
        answer = again
    assert answer["code"] in {1, 22}, (custom_id, answer)
    return await gateway.client.until(answer["result"].partition(",")[0])


@pytest.mark.parametrize("version", SINGLES)
async def test_a_single_shows_what_its_version_can(gateway: Gateway, version: str) -> None:
    grid = await gateway.client.until(await gateway.client.imagine(f"a heron --ar 3:2 {version}"))
    assert labels(grid) == GRID
    single = await press(gateway, grid, grid["buttons"][0]["customId"])
    assert labels(single) == SINGLES[version]
    assert {(b["style"], b["type"]) for b in single["buttons"]} == {(2, 2)}


async def test_make_square_is_not_offered_to_a_square(gateway: Gateway) -> None:
    grid = await gateway.client.until(await gateway.client.imagine("a heron"))
    single = await press(gateway, grid, grid["buttons"][0]["customId"])
    assert "Make Square" not in labels(single)


ACTIONS = {
    "Upscale (Subtle)": "UPSCALE", "Upscale (Creative)": "UPSCALE", "Vary (Subtle)": "VARIATION",
    "Vary (Strong)": "VARIATION", "Vary (Region)": "VARIATION", "Zoom Out 2x": "ZOOM",
    "Zoom Out 1.5x": "ZOOM", "Make Square": "ZOOM", "Custom Zoom": "ZOOM", "⬅️": "PAN", "➡️": "PAN",
    "⬆️": "PAN", "⬇️": "PAN", "Animate (High motion)": "VIDEO", "Animate (Low motion)": "VIDEO",
}  # fmt: skip


# It is the painter's work that takes long; the walks below press buttons on both databases.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_button_of_a_single_works(gateway: Gateway) -> None:
    grid = await gateway.client.until(await gateway.client.imagine("a heron --ar 3:2 --v 7"))
    single = await press(gateway, grid, grid["buttons"][1]["customId"])
    for button in single["buttons"]:
        name = button["label"] or button["emoji"]
        if name == "❤️":
            continue
        child = await press(gateway, single, button["customId"])
        assert (child["status"], child["action"]) == ("SUCCESS", ACTIONS[name]), child["failReason"]
        assert child["parentId"] == single["id"]
        if child["action"] == "UPSCALE":
            assert child["imageWidth"] == 2 * single["imageWidth"]
            assert "Redo Upscale (Subtle)" in labels(child)
        elif child["action"] == "VIDEO":
            assert labels(child) == ["U1", "U2", "U3", "U4", "🔄"]
            clip = await press(gateway, child, child["buttons"][0]["customId"])
            assert labels(clip) == ["Extend (High motion)", "Extend (Low motion)"]
            longer = await press(gateway, clip, clip["buttons"][1]["customId"])
            assert (longer["status"], longer["action"]) == ("SUCCESS", "VIDEO")
        else:
            assert labels(child) == GRID


async def test_a_bookmark_turns_green_and_makes_no_task(gateway: Gateway) -> None:
    grid = await gateway.client.until(await gateway.client.imagine("a heron"))
    single = await press(gateway, grid, grid["buttons"][0]["customId"])
    heart = single["buttons"][-1]["customId"]
    for style in (3, 2):
        body = {"taskId": single["id"], "customId": heart}
        answer = await gateway.client.post("/mj/submit/action", body)
        assert (answer["code"], answer["result"]) == (1, single["id"])
        shown = await gateway.client.get(f"/mj/task/{single['id']}/fetch")
        assert shown["buttons"][-1]["style"] == style


async def test_describe_and_its_buttons(gateway: Gateway) -> None:
    answer = await gateway.client.post("/mj/submit/describe", {"base64": png(box("orange"))})
    task = await gateway.client.until(answer["result"])
    assert (task["status"], task["action"]) == ("SUCCESS", "DESCRIBE")
    lines = task["prompt"].split("\n\n")
    assert [line.split()[0] for line in lines] == ["1️⃣", "2️⃣", "3️⃣", "4️⃣"]
    assert all(line.endswith("--ar 1:1") for line in lines)
    assert task["promptEn"] == task["properties"]["finalPrompt"] == task["prompt"]
    assert task["imageUrl"]
    assert labels(task) == ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "🔄", "Imagine all"]
    picked = await press(gateway, task, "MJ::Job::PicReader::2")
    assert (picked["action"], picked["prompt"]) == ("IMAGINE", lines[1].partition(" ")[2])
    again = await press(gateway, task, "MJ::Picread::Retry")
    assert (again["action"], again["status"]) == ("DESCRIBE", "SUCCESS")
    body = {"taskId": task["id"], "customId": "MJ::Job::PicReader::all", "state": "mine"}
    answer = await gateway.client.post("/mj/submit/action", body)
    ids = answer["result"].split(",")
    tasks = [await gateway.client.until(one) for one in ids]
    assert [t["state"] for t in tasks] == [f"mine::{n}" for n in (1, 2, 3, 4)]
    assert [t["prompt"] for t in tasks] == [line.partition(" ")[2] for line in lines]


async def test_shorten_and_its_buttons(gateway: Gateway) -> None:
    words = "a very beautiful red fox jumping high over deep white snow, masterpiece, 8k"
    answer = await gateway.client.post("/mj/submit/shorten", {"prompt": words})
    task = await gateway.client.until(answer["result"])
    assert (task["status"], task["action"], task["prompt"]) == ("SUCCESS", "SHORTEN", words)
    text = task["properties"]["finalPrompt"]
    assert "**fox**" in text
    assert "~~masterpiece~~" in text
    assert labels(task)[-1] == "Show Details"
    picked = await press(gateway, task, "MJ::Job::PromptAnalyzer::1")
    assert (picked["status"], picked["action"]) == ("SUCCESS", "IMAGINE")
    assert "fox" in picked["prompt"]
    details = await press(gateway, task, task["buttons"][-1]["customId"])
    assert (details["status"], details["action"]) == ("SUCCESS", "SHORTEN")
    assert "(0." in details["properties"]["finalPrompt"]
    assert "Show Details" not in labels(details)


async def test_walks_of_six_steps(gateway: Gateway) -> None:
    """Press a random button, six times in a row; every result offers the next one."""
    chance = random.Random(20261121)
    for _ in range(2):
        task = await gateway.client.until(await gateway.client.imagine("a harbour --ar 3:2 --v 7"))
        for _ in range(6):
            choices = [b["customId"] for b in task["buttons"] if "BOOKMARK" not in b["customId"]]
            # Clips end a walk early: they can only be extended.
            still = [c for c in choices if "animate" not in c] or choices
            task = await press(gateway, task, chance.choice(still))
            assert task["status"] == "SUCCESS", (task["description"], task["failReason"])
            assert task["buttons"]
            for shown in task["buttons"]:
                assert buttons.write(buttons.read(shown["customId"])) == shown["customId"]
    async with gateway.house.database.snapshot() as connection:
        assert not (await audit.check(connection)).findings
