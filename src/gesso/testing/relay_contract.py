"""What every provider of relayed calls keeps, as one suite: subclass it and give it a rig."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from gesso.domain.channel import Channel
from gesso.domain.errors import GessoError, Locked, Refused, Unavailable
from gesso.domain.relay import Ask, Endpoint
from gesso.testing.rig import LIMIT_S, SECRET, Trouble

_BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'


class RelayRig(abc.ABC):
    """A provider that relays, with an upstream on loopback."""

    channel: Channel

    @abc.abstractmethod
    def open(self) -> Any:
        """Open the provider: both a `Provider` and a `Relay`."""

    @abc.abstractmethod
    def make(self, trouble: Trouble | None) -> None:
        """Let the upstream misbehave from now on; None lets it behave again."""


@pytest.mark.anyio
class RelayContract:
    """The contract; give a fixture `rig`."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as gesso does."""
        return "asyncio"

    async def test_a_call_is_relayed(self, rig: RelayRig) -> None:
        """Status and body come back as the upstream gave them."""
        assert await _call(rig) == 200

    async def test_a_refusal_is_an_answer(self, rig: RelayRig) -> None:
        """Statuses are the caller's to judge: 401 and 429 are no errors here."""
        rig.make(Trouble.BUSY)
        assert await _call(rig) == 429
        rig.make(Trouble.LOCKED)
        assert await _call(rig) == 401

    @pytest.mark.parametrize("trouble", [Trouble.HANG, Trouble.LOSE])
    async def test_silence_and_breaks_end_in_time(self, rig: RelayRig, trouble: Trouble) -> None:
        """No answer, or half of one, is Unavailable and names nobody."""
        rig.make(trouble)
        async with asyncio.timeout(LIMIT_S):
            with _nothing_leaks(rig), pytest.raises(Unavailable):
                await _call(rig)

    async def test_nobody_there(self, rig: RelayRig) -> None:
        """An upstream that cannot be reached is Unavailable."""
        rig.channel = replace(rig.channel, base_url="http://127.0.0.1:9")
        with _nothing_leaks(rig), pytest.raises(Unavailable):
            await _call(rig)

    async def test_a_probe(self, rig: RelayRig) -> None:
        """A probe starts nothing and knows wrong credentials."""
        await rig.open().probe(rig.channel)
        rig.make(Trouble.LOCKED)
        with _nothing_leaks(rig), pytest.raises(Locked):
            await rig.open().probe(rig.channel)

    async def test_it_takes_no_tasks(self, rig: RelayRig) -> None:
        """Without actions no task is routed here, and none would be taken."""
        provider = rig.open()
        assert provider.manifest.actions == frozenset()
        with pytest.raises(Refused):
            await provider.submit(None)


async def _call(rig: RelayRig) -> int:
    ask = Ask(Endpoint.CHAT, body=_BODY, content_type="application/json", waits=True)
    async with rig.open().relay(rig.channel, SECRET, ask) as reply:
        async for _ in reply.chunks:
            pass
        return int(reply.status)


@contextmanager
def _nothing_leaks(rig: RelayRig) -> Iterator[None]:
    try:
        yield
    except GessoError as error:
        _check_text(rig, error.message)
        raise


def _check_text(rig: RelayRig, text: str) -> None:
    assert SECRET not in text
    assert rig.channel.base_url.partition("://")[2] not in text
