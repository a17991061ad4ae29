"""The port to upstreams: what a provider declares and what it must be able to do.

A provider is stateless towards gesso: it sees an order and a channel, talks to its
upstream, and reports facts. It never sees money and never decides about a task's status.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from gesso.domain.channel import Channel
from gesso.domain.task import Action, Task


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that an operator may set on a channel of a provider."""

    name: str
    about: str
    default: str = ""
    secret: bool = False  #: Sealed in the database and never shown again.


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a provider is and can do; forms, routing and docs are derived from it."""

    name: str
    title: str
    about: str
    actions: frozenset[Action]
    needs_base_url: bool = False
    poll_s: float = 1.0  #: Seconds between two polls of one job.
    can_find: bool = False  #: Whether `find` can look a job up by our own reference.
    reads_links: bool = False  #: Whether the upstream fetches the links of a prompt by itself.
    options: tuple[Option, ...] = ()
    #: Whether the upstream keeps a result until it is fetched. Where it does not, a job whose
    #: process died is waited for and then done again, with the same seed.
    keeps_results: bool = True


@dataclass(frozen=True, slots=True)
class Material:
    """Bytes that a provider needs beside the order: input pictures, the parent's result."""

    pictures: Sequence[bytes] = ()
    mask: bytes | None = None  #: PNG of mode L: 255 is repainted; may be of another size.
    parent: Task | None = None  #: The task whose button was pressed.
    base: Task | None = None  #: What the work starts from: the parent, or for a reroll its own.
    read_blob: Callable[[str], Awaitable[bytes]] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What a provider is asked to do."""

    task: Task
    channel: Channel
    reference: str  #: Our own id of this attempt; upstreams that take one get it.
    material: Material = field(default_factory=Material)


class Stage(StrEnum):
    """How far an upstream job is."""

    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One result picture as the provider hands it over."""

    position: int  #: 0 for the grid or the only picture, 1–4 for the tiles.
    data: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """What an upstream says of a job."""

    stage: Stage
    percent: int = 0
    preview: bytes | None = None
    pictures: Sequence[Delivered] = ()
    expected: int = 0  #: Single pictures that were ordered; fewer delivered are charged in part.
    facts: Mapping[str, Any] = field(default_factory=dict)  #: Text results, seed, hash.
    code: str | None = None  #: Stable failure code, with FAILED.
    reason: str | None = None  #: Failure text for people, with FAILED.


class Provider(Protocol):
    """What every provider file exports as `PROVIDER`."""

    @property
    def manifest(self) -> Manifest:
        """Say what this provider is and can do."""

    async def submit(self, job: Job) -> str:
        """Start the job and return the upstream's id.

        Raises Refused (for good), Unavailable (surely not started; may be tried again) or
        Uncertain (nobody knows; gesso then asks `find` and never submits blindly).
        """

    async def find(self, job: Job) -> str | None:
        """Return the upstream id of a job by our reference; None if surely not started.

        Raises Uncertain when the upstream cannot tell.
        """

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Ask how far the job is; raises Unavailable when that cannot be told now."""

    async def probe(self, channel: Channel) -> None:
        """Ask whether a channel would work, starting nothing.

        Raises Locked for wrong credentials and another ProviderError when it does not answer.
        """

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Tell the upstream to stop; does nothing when it cannot."""
