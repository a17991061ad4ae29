"""One contract, kept by every provider: on a real upstream over loopback where it has one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gesso.domain.channel import Channel
from gesso.domain.provider import Job, Provider
from gesso.providers import apimart, comfyui, diffusers, discover, mjproxy, openai, sandbox, sdwebui
from gesso.testing.provider_contract import ProviderContract
from gesso.testing.relay_contract import RelayContract, RelayRig
from gesso.testing.rig import PATIENCE_S, SECRET, Rig, Trouble
from tests.upstreams import apimart as mart
from tests.upstreams import comfyui as comfy
from tests.upstreams import plain_painter
from tests.upstreams import sdwebui as webui
from tests.upstreams.imitation import Imitation
from tests.upstreams.troubled import MJProxy, TroubledModels

OPTIONS: dict[str, Any] = {"upstream_poll_s": 0.02, "upstream_answer_s": PATIENCE_S}


class ImitatedRig(Rig):
    """A provider with an imitated upstream."""

    def __init__(self, upstream: Imitation, provider: Any, **options: Any) -> None:
        channel = Channel("ch", "ch", "p", base_url=upstream.url, options=options)
        super().__init__(channel)
        self._upstream = upstream
        self._provider = provider

    def open(self) -> Provider:
        opened: Provider = self._provider.open_provider(**OPTIONS)
        return opened

    def make(self, trouble: Trouble | None) -> None:
        self._upstream.trouble = trouble

    @property
    def started(self) -> int:
        return self._upstream.started

    @property
    def most_at_once(self) -> int:
        return self._upstream.most_at_once

    @property
    def stopped(self) -> bool:
        return self._upstream.stopped


class TestSDWebUI(ProviderContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:
        async with webui.SDWebUI.running() as upstream:
            upstream.secret = webui.BASIC
            yield ImitatedRig(upstream, sdwebui, size="128", secret=f"user:{SECRET}")


class TestComfyUI(ProviderContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:
        async with comfy.ComfyUI.running() as upstream:
            upstream.secret = f"Bearer {SECRET}"
            options = {"size": "128", "model": comfy.MODEL, "api_key": SECRET}
            yield ImitatedRig(upstream, comfyui, **options)


class TestAPIMart(ProviderContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:
        async with mart.APIMart.running() as upstream:
            upstream.secret = f"Bearer {SECRET}"
            yield ImitatedRig(upstream, apimart, api_key=SECRET)


class DiffusersRig(Rig):
    """The worker process with a painter that needs no PyTorch; files tell what it does."""

    can = frozenset({Trouble.STUCK, Trouble.FAIL, Trouble.BROKEN})
    remote = False

    def __init__(self, place: Path) -> None:
        options = {"model": str(place), "size": "64", "steps": 4}
        super().__init__(Channel("ch", "ch", "diffusers", options=options))
        self._place = place
        self._opened: list[diffusers.Diffusers] = []

    def open(self) -> Provider:
        self.close()
        self._opened.append(diffusers.Diffusers(poll_s=0.02, load=plain_painter.load))
        return self._opened[-1]

    def close(self) -> None:
        for worker in (one for opened in self._opened for one in opened._workers.values()):
            worker.close()

    def make(self, trouble: Trouble | None) -> None:
        (self._place / "trouble").write_text(trouble or "")

    @property
    def started(self) -> int:
        return plain_painter.count(self._place, "started")

    @property
    def stopped(self) -> bool:
        return plain_painter.count(self._place, "stopped") > 0


class TestDiffusers(ProviderContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        rig = DiffusersRig(tmp_path)
        yield rig
        rig.close()


# The first ones ------------------------------------------------------------------------------


class CountingSandbox(sandbox.Sandbox):
    """The painter, with an eye on what it begins and puts away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.begun: set[str] = set()
        self.put_away = False

    async def submit(self, job: Job) -> str:
        upstream_id = await super().submit(job)
        self.begun.add(upstream_id)
        return upstream_id

    async def cancel(self, job: Job, upstream_id: str) -> None:
        await super().cancel(job, upstream_id)
        self.put_away = True


class SandboxRig(Rig):
    """The painter; its troubles are test cards, which stay with the job that names them."""

    can = frozenset({Trouble.LOSE, Trouble.STUCK, Trouble.FAIL, Trouble.BROKEN})
    remote = False
    _cards: ClassVar = {
        Trouble.LOSE: "lost",
        Trouble.STUCK: "slow:0.3",
        Trouble.FAIL: "fail:banned",
        Trouble.BROKEN: "garbled",
    }

    def __init__(self) -> None:
        super().__init__(Channel("ch", "ch", "sandbox"))
        self._opened: list[CountingSandbox] = []

    def open(self) -> Provider:
        self._opened.append(CountingSandbox(paint_s=0.05, pixels=64 * 64))
        return self._opened[-1]

    def make(self, trouble: Trouble | None) -> None:
        self.prompt = f"a boat --sandbox {self._cards[trouble]}" if trouble else "a boat"

    @property
    def started(self) -> int:
        return len(set().union(*(one.begun for one in self._opened)))

    @property
    def stopped(self) -> bool:
        return any(one.put_away for one in self._opened)


class TestSandbox(ProviderContract):
    @pytest.fixture
    def rig(self) -> Rig:
        return SandboxRig()


class TestMidjourneyProxy(ProviderContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[Rig]:
        async with MJProxy.running() as upstream:
            upstream.secret = f"Bearer {SECRET}"
            yield ImitatedRig(upstream, mjproxy, secret=SECRET)


class OpenAIRig(RelayRig):
    """The relay, with its own patience."""

    def __init__(self, upstream: TroubledModels) -> None:
        options = {"api_key": SECRET}
        self.channel = Channel("ch", "ch", "openai", base_url=f"{upstream.url}/v1", options=options)
        self._upstream = upstream

    def open(self) -> Any:
        return openai.open_provider(relay_first_byte_s=PATIENCE_S, relay_idle_s=PATIENCE_S)

    def make(self, trouble: Trouble | None) -> None:
        self._upstream.trouble = trouble


class TestOpenAI(RelayContract):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[RelayRig]:
        async with TroubledModels.running() as upstream:
            upstream.secret = f"Bearer {SECRET}"
            yield OpenAIRig(upstream)


def test_every_provider_of_this_house_keeps_the_contract() -> None:
    kept = {"sandbox", "mjproxy", "openai", "sdwebui", "comfyui", "apimart", "diffusers"}
    # The library of `any_llm` is an optional part; its own test stands in for it.
    assert set(discover()) == kept | {"any_llm"}
