"""The connection to an upstream of this wire: its header, and the code that every answer has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, ProviderError, Refused, Unavailable, Uncertain
from gesso.upstream import line
from gesso.upstream.line import Answer, Missing
from gesso.upstream.scrub import scrub

__all__ = ["Line", "Missing"]

#: Under this status, gateways that relay this wire say that none of their channels takes an order.
_OWN_ERRORS = frozenset({503})
#: How they name that, and how their description begins when our account there is empty.
_NO_CHANNEL, _NO_MONEY = "model_not_found", "quota_not_enough"


class Line:
    """Calls upstreams of this wire."""

    def __init__(self, max_result_bytes: int, answer_s: float = 30.0) -> None:
        """Take the largest result and the patience; connections are made later."""
        self._line = line.Line(_sign, max_result_bytes=max_result_bytes, answer_s=answer_s)
        self.ask = self._line.ask
        self.download = self._line.download

    async def order(self, channel: Channel, path: str, body: Any) -> Mapping[str, Any]:
        """Ask for work; raises Refused, Unavailable (surely not taken) or Uncertain."""
        answer = await self._line.order(channel, path, body, own_errors=_OWN_ERRORS)
        if not isinstance(answer.body.get("code"), int):
            raise _read_fault(channel, path, answer)
        if str(answer.body.get("description")).startswith(_NO_MONEY):
            raise Locked("our account at the upstream is out of money")
        return answer.body


def _read_fault(channel: Channel, path: str, answer: Answer) -> ProviderError:
    """Return what the error object of a relaying gateway means; its own `code` is a text."""
    fault = answer.body.get("error")
    fault = fault if isinstance(fault, dict) else {}
    if fault.get("code") == _NO_CHANNEL:
        return Unavailable("the upstream has nobody who takes this")
    if answer.status >= 500:
        return Uncertain(f"HTTP {answer.status} without an answer of this wire")
    told = scrub(channel, fault.get("message") or "no reason given")
    return Refused(f"the upstream refuses {path} (HTTP {answer.status}): {told}")


def _sign(channel: Channel) -> dict[str, str]:
    secret = str(channel.options.get("secret", ""))
    # Some upstreams read the one header, some the other.
    return {"mj-api-secret": secret, "authorization": f"Bearer {secret}"} if secret else {}
