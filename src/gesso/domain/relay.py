"""The port of providers that relay calls as they come, beside the one that takes tasks.

What is made for each call is a named tuple here, for the reason that `call` gives.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from gesso.domain.channel import Channel


class Endpoint(StrEnum):
    """What is relayed; the value is the path below `/v1/`."""

    CHAT = "chat/completions"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    MODERATIONS = "moderations"
    IMAGES = "images/generations"
    IMAGE_EDITS = "images/edits"
    IMAGE_VARIATIONS = "images/variations"
    TRANSCRIPTIONS = "audio/transcriptions"
    TRANSLATIONS = "audio/translations"
    SPEECH = "audio/speech"


class Ask(NamedTuple):
    """One request to an upstream. A body can be opened again for another try."""

    path: str  #: Below the channel's base URL, such as `chat/completions`.
    method: str = "POST"
    body: bytes | Callable[[], AsyncIterator[bytes]] = b""
    size_bytes: int | None = None  #: Of a body that is opened.
    content_type: str = ""
    waits: bool = False  #: Whether nobody reads the answer before it is whole.


class Reply(NamedTuple):
    """The head of an upstream's answer, and its body as it comes."""

    status: int
    headers: Mapping[str, str]  #: Names in lower case.
    chunks: AsyncIterator[bytes]  #: Raises Unavailable when the upstream breaks off.
    is_final: bool = False  #: Whether it is handed on whatever it says, and nothing else is tried.
    #: All of the body, where it came together with the head; `chunks` has nothing then.
    whole: bytes | None = None


@runtime_checkable
class Relay(Protocol):
    """What a provider implements that relays calls."""

    @property
    def endpoints(self) -> frozenset[Endpoint]:
        """Say what can be relayed."""

    @property
    def models(self) -> Mapping[Endpoint, frozenset[str]]:
        """Say which models there are by endpoint; empty when only the channel knows."""

    def relay(self, channel: Channel, key: str, ask: Ask) -> AbstractAsyncContextManager[Reply]:
        """Send one request and open its answer, whatever status it has.

        Raises Unavailable when no answer came; leaving the block stops the upstream.
        """
