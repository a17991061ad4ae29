"""Translate prompts that are not English, through any OpenAI-compatible chat endpoint.

Off unless the operator names an endpoint. Links and everything from the first flag on stay
as they are, and a prompt that cannot be translated is taken as it is: nobody loses an order
to a translator that is down.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from gesso.domain.prompt import Prompt

log = structlog.get_logger()
_ASK = (
    "Translate the text into English for an image generator. Answer with the translation "
    "alone, on one line, without quotes. Keep names and anything that is English already."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """Where translations come from; an empty URL turns them off."""

    base_url: str = ""  #: Such as `http://127.0.0.1:11434/v1`.
    key: str = ""
    model: str = ""
    timeout_s: float = 10.0


class Translator:
    """Turns prompts into English ones."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Hold the endpoint; the client is made inside the running loop."""
        self._endpoint = endpoint
        self._client: Client | None = None

    async def translate(self, wanted: Prompt) -> Prompt:
        """Return a prompt with English words, or the same when that is off or fails."""
        if not self._endpoint.base_url or wanted.text.isascii():
            return wanted
        try:
            english = await self._ask(wanted.text)
        except (PyreqwestError, msgspec.DecodeError, LookupError, TypeError) as error:
            log.warning("translation_failed", error=f"{type(error).__name__}: {error}")
            return wanted
        # An answer with flags of its own must not change what was ordered.
        if not english or "--" in english:
            return wanted
        return dataclasses.replace(wanted, text=english)

    async def _ask(self, text: str) -> str:
        request = self._get_client().post(self._endpoint.base_url.rstrip("/") + "/chat/completions")
        body = {
            "model": self._endpoint.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": _ASK},
                {"role": "user", "content": text},
            ],
        }
        headers = {"content-type": "application/json"}
        if self._endpoint.key:
            headers["authorization"] = f"Bearer {self._endpoint.key}"
        built = request.headers(headers).body_bytes(msgspec.json.encode(body)).build()
        response = await built.send()
        answer: Any = msgspec.json.decode(bytes(await response.bytes()))
        return " ".join(str(answer["choices"][0]["message"]["content"]).split())

    def _get_client(self) -> Client:
        if self._client is None:
            timeout = timedelta(seconds=self._endpoint.timeout_s)
            self._client = ClientBuilder().no_proxy().timeout(timeout).build()
        return self._client
