"""Ask a moderation model of the configured channels before an order is taken.

Off unless the operator names a model; then for the callers who ask for it, or for all.
Nothing is stored or held for an order that is refused. A model that does not answer
refuses too, because a check that was asked for must not be skipped silently.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import structlog

from gesso.domain.errors import GessoError, Moderated, Unmoderated
from gesso.domain.order import Order, is_link
from gesso.domain.relay import Endpoint
from gesso.services.inquire import Inquirer
from gesso.storage.blobs import Blobs

log = structlog.get_logger()
_MIME = {"jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What checks orders, and which; no model checks none."""

    model: str = ""
    always: bool = False  #: Every order, not only those whose caller asks for it.
    timeout_s: float = 10.0


class Moderator:
    """Checks orders."""

    def __init__(self, inquirer: Inquirer, policy: Policy, blobs: Blobs) -> None:
        """Hold who asks models, the operator's policy and where input pictures are."""
        self._inquirer = inquirer
        self._policy = policy
        self._blobs = blobs

    async def check(self, order: Order, *, asked: bool) -> None:
        """Raise Moderated when words or pictures are flagged, Unmoderated without an answer."""
        if not self._policy.model or not (asked or self._policy.always):
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
        except (GessoError, LookupError, TypeError) as error:
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
        return await self._inquirer.ask(
            Endpoint.MODERATIONS,
            self._policy.model,
            {"input": parts},
            timeout_s=self._policy.timeout_s,
        )
