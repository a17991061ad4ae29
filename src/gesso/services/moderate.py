"""Ask a moderation endpoint before an order is taken: any OpenAI-compatible one.

Off unless the operator names an endpoint; then for the callers who ask for it, or for all.
Nothing is stored or held for an order that is refused. An endpoint that does not answer
refuses too, because a check that was asked for must not be skipped silently.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from gesso.domain.errors import Moderated, Unmoderated
from gesso.domain.order import Order, is_link
from gesso.storage.blobs import Blobs

log = structlog.get_logger()
_MIME = {"jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where orders are checked; an empty URL turns it off."""

    base_url: str = ""  #: Such as `https://api.openai.com/v1`.
    key: str = ""
    model: str = "omni-moderation-latest"
    always: bool = False  #: Every order, not only those whose caller asks for it.
    timeout_s: float = 10.0


class Moderator:
    """Checks orders."""

    def __init__(self, endpoint: Endpoint, blobs: Blobs) -> None:
        """Hold the endpoint and where input pictures are."""
        self._endpoint = endpoint
        self._blobs = blobs
        self._client: Client | None = None

    async def check(self, order: Order, *, asked: bool) -> None:
        """Raise Moderated when words or pictures are flagged, Unmoderated without an answer."""
        if not self._endpoint.base_url or not (asked or self._endpoint.always):
            return
        parts = await self._parts(order)
        if not parts:
            return
        try:
            answer = await self._ask(parts)
            flagged = [
                name
                for result in answer["results"]
                if result["flagged"]
                for name, hit in (result.get("categories") or {"flagged": True}).items()
                if hit
            ]
        except (PyreqwestError, msgspec.DecodeError, LookupError, TypeError) as error:
            log.warning("moderation_failed", error=f"{type(error).__name__}: {error}")
            raise Unmoderated from error
        if flagged:
            raise Moderated(
                f"the order was refused by moderation: {', '.join(sorted(set(flagged)))}",
                param="prompt",
                facts={"promptEn": order.final_prompt, "categories": sorted(set(flagged))},
            )

    async def _parts(self, order: Order) -> list[dict[str, Any]]:
        text = order.final_prompt or order.prompt
        parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        for picture in (*order.links, *order.pictures):
            url = picture if is_link(picture) else await self._data_url(picture)
            parts.append({"type": "image_url", "image_url": {"url": url}})
        return parts

    async def _data_url(self, blob: str) -> str:
        data = await self._blobs.get(blob)
        kind = blob.rpartition(".")[2]
        return f"data:image/{_MIME.get(kind, kind)};base64,{base64.b64encode(data).decode()}"

    async def _ask(self, parts: list[dict[str, Any]]) -> Any:
        headers = {"content-type": "application/json"}
        if self._endpoint.key:
            headers["authorization"] = f"Bearer {self._endpoint.key}"
        body = msgspec.json.encode({"model": self._endpoint.model, "input": parts})
        if self._client is None:
            timeout = timedelta(seconds=self._endpoint.timeout_s)
            self._client = ClientBuilder().no_proxy().timeout(timeout).build()
        url = self._endpoint.base_url.rstrip("/") + "/moderations"
        response = await self._client.post(url).headers(headers).body_bytes(body).build().send()
        return msgspec.json.decode(bytes(await response.bytes()))
