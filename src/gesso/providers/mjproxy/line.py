"""The connection to an upstream of this wire: its header, and the code that every answer has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Refused
from gesso.upstream import line
from gesso.upstream.line import Missing

__all__ = ["Line", "Missing"]


class Line:
    """Calls upstreams of this wire."""

    def __init__(self, max_result_bytes: int, answer_s: float = 30.0) -> None:
        """Take the largest result and the patience; connections are made later."""
        self._line = line.Line(_sign, max_result_bytes=max_result_bytes, answer_s=answer_s)
        self.ask = self._line.ask
        self.download = self._line.download

    async def order(self, channel: Channel, path: str, body: Any) -> Mapping[str, Any]:
        """Ask for work; raises Refused, Unavailable (surely not taken) or Uncertain."""
        answer = await self._line.order(channel, path, body)
        if not isinstance(answer.body.get("code"), int):
            raise Refused(f"the upstream refuses {path} (HTTP {answer.status})")
        return answer.body


def _sign(channel: Channel) -> dict[str, str]:
    secret = str(channel.options.get("secret", ""))
    # Some upstreams read the one header, some the other.
    return {"mj-api-secret": secret, "authorization": f"Bearer {secret}"} if secret else {}
