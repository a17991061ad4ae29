"""Reading finished tasks in all the shapes that servers of this wire give them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gesso.domain.errors import Garbled
from gesso.domain.task import Action
from gesso.providers.mjproxy import results
from gesso.upstream.parent import read_lines
from tests.rooms.providers.mjproxy.jobs import job
from tests.upstream import cut_png, png


def test_a_grid_is_cut_into_its_quarters() -> None:
    grid = Image.new("RGB", (8, 6))
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)]
    for number, colour in enumerate(colours):
        left, top = number % 2 * 4, number // 2 * 3
        grid.paste(colour, (left, top, left + 4, top + 3))
    out = io.BytesIO()
    grid.save(out, "PNG")
    for data, colour in zip(results.cut(out.getvalue()), colours, strict=True):
        with Image.open(io.BytesIO(data)) as tile:
            assert tile.size == (4, 3)
            assert tile.getcolors() == [(12, colour)]


@pytest.mark.parametrize("data", [b"", b"hello", cut_png(), png()[:45], png(1, 1)])
def test_what_is_no_grid_is_garbled(data: bytes) -> None:
    with pytest.raises(Garbled):
        results.cut(data)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("1️⃣ a\n\n2️⃣ b --ar 1:1 ", ["a", "b --ar 1:1"]),
        ("1. a\n2) b", ["a", "b"]),
        ("## Shortened prompts\nno number", []),
        ("in 1 line\n9️⃣ c", []),
    ],
)
def test_lines_of_texts(text: str, lines: list[str]) -> None:
    assert read_lines(text) == lines


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("action", "task"),
    [
        (Action.IMAGINE, {}),
        (Action.IMAGINE, {"imageUrl": 5}),
        (Action.DESCRIBE, {"properties": {}}),
        (Action.VIDEO, {"videoUrls": ["", None, 7]}),
    ],
)
async def test_a_result_with_nothing_in_it(action: Action, task: dict[str, object]) -> None:
    async def get(url: str) -> bytes:
        raise AssertionError(url)

    with pytest.raises(Garbled):
        await results.collect(job("", action), "1", task, get)


@pytest.mark.anyio
async def test_facts_of_any_shape() -> None:
    async def get(url: str) -> bytes:
        return url.encode()

    task = {
        "imageUrl": "u",
        "properties": None,
        "buttons": [{"customId": "a"}, {"customId": None}, "b", None],
        "seed": "12x",
    }
    progress = await results.collect(job("", Action.UPSCALE), "1", task, get)
    assert progress.facts == {"upstream_id": "1", "buttons": ["a"]}
    assert [p.data for p in progress.pictures] == [b"u"]
