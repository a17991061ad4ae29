"""The worker process, and PyTorch itself where the extra is installed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gesso.domain.errors import Refused, Unavailable
from gesso.domain.provider import Job, Progress, Stage
from gesso.domain.task import Action
from gesso.providers import diffusers
from tests.rooms.providers import tiny_model
from tests.rooms.providers.diffusion_jobs import (
    SIZE,
    STORED,
    finish,
    job,
    left_half,
    parent,
    picture,
    pixels,
)  # fmt: skip
from tests.upstreams import plain_painter

pytestmark = pytest.mark.anyio
A = Action
HAS_EXTRA = all(find_spec(name) for name in ("torch", "diffusers", "transformers"))
needs_extra = pytest.mark.skipif(not HAS_EXTRA, reason="gesso[diffusers] is not installed")


@pytest.fixture
async def provider() -> AsyncIterator[diffusers.Diffusers]:
    made = diffusers.Diffusers(poll_s=0.01, load=plain_painter.load)
    yield made
    for worker in made._workers.values():
        worker.close()


def local(place: Path, action: Action = A.IMAGINE, **more: Any) -> Job:
    return job("", action, options={"model": str(place), "steps": 3}, **more)


async def test_a_dead_process_fails_its_jobs_and_is_replaced(
    provider: diffusers.Diffusers, tmp_path: Path
) -> None:
    (tmp_path / "trouble").write_text("death")
    end = await finish(provider, local(tmp_path))
    assert end.stage is Stage.FAILED
    assert end.reason is not None
    assert "exit code 9" in end.reason
    (tmp_path / "trouble").write_text("")
    assert (await finish(provider, local(tmp_path))).stage is Stage.DONE


async def test_a_model_that_cannot_be_loaded_is_tried_again(
    provider: diffusers.Diffusers, tmp_path: Path
) -> None:
    (tmp_path / "broken").touch()
    end = await finish(provider, local(tmp_path))
    assert end.reason == "the model cannot be loaded: ValueError: no weights in ***"
    (tmp_path / "broken").unlink()
    async with asyncio.timeout(10):
        while next(iter(provider._workers.values()))._process.is_alive():
            await asyncio.sleep(0.01)
    assert (await finish(provider, local(tmp_path))).stage is Stage.DONE


async def test_pictures_come_while_the_others_are_made(
    provider: diffusers.Diffusers, tmp_path: Path
) -> None:
    one = local(tmp_path)
    upstream_id = await provider.submit(one)
    seen: list[Progress] = []
    async with asyncio.timeout(20):
        while not seen or seen[-1].stage is Stage.WORKING:
            seen.append(await provider.poll(one, upstream_id))
            await asyncio.sleep(0.001)
    assert len(seen[-1].pictures) == 5
    assert [p.percent for p in seen[:-1]] == sorted(p.percent for p in seen[:-1])


async def test_what_a_directory_cannot_do(provider: diffusers.Diffusers, tmp_path: Path) -> None:
    order: dict[str, Any] = {"deed": "upscale_2x", "index": 1}
    with pytest.raises(Refused, match="no upscaler"):
        await provider.submit(local(tmp_path, A.UPSCALE, of=parent("single"), **order))
    with pytest.raises(Unavailable, match="option model"):
        await provider.submit(local(tmp_path / "nowhere"))
    with pytest.raises(Unavailable, match="option model"):
        await provider.probe(local(tmp_path / "nowhere").channel)


async def test_a_changed_channel_gets_a_new_process_and_the_old_one_ends_its_work(
    provider: diffusers.Diffusers, tmp_path: Path
) -> None:
    (tmp_path / "trouble").write_text("stuck")
    old = local(tmp_path)
    upstream_id = await provider.submit(old)
    before = provider._workers["ch"]
    (tmp_path / "trouble").write_text("")
    new = job("", options={"model": str(tmp_path), "steps": 3, "dtype": "float32"})
    new = type(new)(new.task, new.channel, "new-1", new.material)
    assert (await finish(provider, new)).stage is Stage.DONE
    assert provider._workers["ch"] is not before
    async with asyncio.timeout(20):
        while (end := await provider.poll(old, upstream_id)).stage is Stage.WORKING:
            await asyncio.sleep(0.01)
        assert end.stage is Stage.DONE
        while before._process.is_alive():
            await asyncio.sleep(0.01)


@pytest.mark.skipif(HAS_EXTRA, reason="gesso[diffusers] is installed")
async def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"pip install 'gesso\[diffusers\]'"):
        await diffusers.open_provider().submit(local(tmp_path))


async def test_the_gateway_never_imports_pytorch(
    provider: diffusers.Diffusers, tmp_path: Path
) -> None:
    await finish(provider, local(tmp_path))
    assert "torch" not in sys.modules


# PyTorch -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion of a few thousand random weights."""
    return tiny_model.write(tmp_path_factory.mktemp("tiny"))


@needs_extra
@pytest.mark.timeout(600)
async def test_a_tiny_model_paints_from_words_from_pictures_and_under_a_mask(model: Path) -> None:
    provider = diffusers.open_provider(upstream_poll_s=0.05)
    try:
        first = await finish(provider, local(model), limit_s=300)
        assert first.stage is Stage.DONE, first.reason
        tiles = {one.data for one in first.pictures[1:]}
        assert len(tiles) == 4
        assert pixels(first.pictures[1].data).shape == (SIZE[1], SIZE[0], 3)
        again = await finish(provider, local(model), limit_s=300)
        assert {one.data for one in again.pictures[1:]} == tiles
        order: dict[str, Any] = {"deed": "high_variation", "index": 2}
        near = await finish(provider, local(model, A.VARIATION, of=parent(), **order), limit_s=300)
        assert near.stage is Stage.DONE, near.reason
        assert STORED["2"] not in {one.data for one in near.pictures}
        edit = local(model, A.EDITS, pictures=[picture()], mask=left_half())
        done = await finish(provider, edit, limit_s=300)
        assert done.stage is Stage.DONE, done.reason
        half = SIZE[0] // 2
        after, before = pixels(done.pictures[1].data), pixels(picture())
        assert (after[:, half:] == before[:, half:]).all()
        assert (after[:, : half - 1] != before[:, : half - 1]).any()
        assert "torch" not in sys.modules
    finally:
        for worker in provider._workers.values():
            worker.close()
