"""What a caller wants relayed, and the answer that it gets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from gesso.domain.call import Call, Usage
from gesso.domain.channel import Channel
from gesso.domain.limits import Allowance
from gesso.domain.relay import Ask, Endpoint
from gesso.services.relay_again import Again


class Demand(NamedTuple):
    """One call that a caller wants relayed."""

    endpoint: Endpoint
    model: str
    write: Callable[[Channel], Ask]  #: The request as a channel's upstream gets it.
    foreseen: Usage = Usage()  #: At most this is used; it is held.
    hides_usage: bool = False  #: Whether the chunk with the usage was ours to ask for.
    quality: str = ""  #: Of pictures, for their price.
    previous_id: str = ""  #: A stored response; the call goes where that was made.
    again: Again | None = None  #: The name by which it may be sent again.
    #: Counts the prompt's tokens, slowly; for upstreams that do not tell. None: as foreseen.
    count_prompt: Callable[[], int] | None = None


@dataclass(slots=True)
class Relayed:
    """The answer that a caller gets."""

    call: Call
    status: int
    content_type: str
    is_stream: bool
    retry_after: str  #: Header of a refusal, in seconds; empty when it says none.
    chunks: AsyncIterator[bytes]  #: Raises Unavailable when the upstream breaks off.
    allowances: tuple[Allowance, ...] = ()  #: What is left of limits.
    #: Returns all of the body in place of `chunks`, where it is here; raises as they do.
    whole: Callable[[], Awaitable[bytes]] | None = None


#: Hands an answer to the caller.
Show = Callable[[Relayed], Awaitable[None]]
