"""What the contract needs of a provider under test: its upstream, and how that misbehaves."""

from __future__ import annotations

import abc
import asyncio
import io
from datetime import UTC, datetime
from enum import StrEnum

from gesso.domain.channel import Channel
from gesso.domain.errors import ProviderError
from gesso.domain.provider import Job, Progress, Provider, Stage
from gesso.domain.task import Action, Lane, Task, TaskStatus

#: The credential that a rig gives its channel; no text of a provider may hold it.
SECRET = "sk-contract-7c1f9be2"
#: The Retry-After that a busy upstream names, in seconds.
RETRY_AFTER_S = 7
#: How long a rig lets its provider wait for an answer, in seconds.
PATIENCE_S = 0.4
#: Longest time that the contract waits for anything, in seconds.
LIMIT_S = 15.0


class Trouble(StrEnum):
    """How an upstream misbehaves on demand."""

    LOCKED = "locked"  #: Refuses our credentials (HTTP 401).
    REFUSE = "refuse"  #: Refuses the order for good, with a reason.
    BUSY = "busy"  #: Takes nothing now: HTTP 429 with Retry-After of RETRY_AFTER_S.
    LOSE = "lose"  #: Takes the order, and breaks the connection before it says so.
    GARBLE = "garble"  #: Answers orders with a page of HTML and takes none.
    GARBLE_LOOK = "garble_look"  #: Answers looks at a job with a page of HTML.
    HANG = "hang"  #: Takes no order and never answers one.
    STUCK = "stuck"  #: Takes orders and makes no progress until it behaves again.
    FAIL = "fail"  #: Jobs fail; the reason names our credential and its own address.
    BROKEN = "broken"  #: Delivers bytes that are no picture.


class Rig(abc.ABC):
    """A provider under test, with an upstream on loopback."""

    #: What the upstream can do; the contract skips the rest.
    can: frozenset[Trouble] = frozenset(Trouble)
    #: What the next jobs ask for.
    prompt: str = "a boat"
    #: Whether the upstream is reached over HTTP, so that it can be away.
    remote: bool = True

    def __init__(self, channel: Channel) -> None:
        """Take the channel, whose options hold SECRET where the wire has a credential."""
        self.channel = channel
        self._last = 10**15

    @abc.abstractmethod
    def open(self) -> Provider:
        """Open the provider as a process that just started would."""

    @abc.abstractmethod
    def make(self, trouble: Trouble | None) -> None:
        """Let the upstream misbehave from now on; None lets it behave again."""

    @property
    @abc.abstractmethod
    def started(self) -> int:
        """How many jobs the upstream has begun."""

    @property
    def most_at_once(self) -> int:
        """The most runs of one job that were under way together."""
        return 1

    @property
    @abc.abstractmethod
    def stopped(self) -> bool:
        """Whether the upstream was told to stop a job."""

    def job(self) -> Job:
        """Return a new order of four pictures, at its first attempt."""
        self._last += 1
        task = Task(
            id=self._last,
            account_id="acc",
            key_id="key",
            action=Action.IMAGINE,
            status=TaskStatus.SUBMITTING,
            lane=Lane.FAST,
            submitted_at=datetime.now(UTC),
            channel_id=self.channel.id,
            prompt=self.prompt,
            final_prompt=self.prompt,
            order={"seed": 7},
        )
        return Job(task, self.channel, f"{task.id}-1")


async def follow(
    provider: Provider, job: Job, upstream_id: str, seen: list[Progress] | None = None
) -> Progress:
    """Poll a job to its end, as gesso does; errors of a poll mean no news."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                progress = await provider.poll(job, upstream_id)
            except ProviderError:
                await asyncio.sleep(0.02)
                continue
            if seen is not None:
                seen.append(progress)
            if progress.stage is not Stage.WORKING:
                return progress
            await asyncio.sleep(min(provider.manifest.poll_s, 0.02))


def is_picture(data: bytes) -> bool:
    """Say whether Pillow can decode some bytes to the end."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except Exception:
        return False
    return True
