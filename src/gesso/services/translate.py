"""Translate prompts that are not English, by a chat model of the configured channels.

Off unless the operator names a model. Links and everything from the first flag on stay as
they are, and a prompt that cannot be translated is taken as it is: nobody loses an order to
a translator that is down. Spec: wire/midjourney-proxy section 11.
"""

from __future__ import annotations

import dataclasses

import structlog

from gesso.domain import prompt
from gesso.domain.errors import GessoError
from gesso.domain.order import Order
from gesso.domain.prompt import Prompt
from gesso.domain.relay import Endpoint
from gesso.services.inquire import Inquirer

log = structlog.get_logger()
_ASK = (
    "Translate the text into English for an image generator. Answer with the translation "
    "alone, on one line, without quotes. Keep names and anything that is English already."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Language:
    """How prompts become English ones; no model leaves them as they are."""

    model: str = ""
    timeout_s: float = 10.0


class Translator:
    """Turns prompts into English ones."""

    def __init__(self, inquirer: Inquirer, language: Language) -> None:
        """Hold who asks models and which of them is asked."""
        self._inquirer = inquirer
        self._language = language

    async def translate_order(self, order: Order) -> Order:
        """Return an order whose new words are English; what a parent had stays as it is."""
        parent = order.parent
        inherited = parent is not None and parent.final_prompt == order.final_prompt
        if not self._language.model or inherited or not _is_foreign(order.final_prompt):
            return order
        # Its length was checked where it was read, by the operator's limit.
        whole = len(order.final_prompt)
        wanted = prompt.parse(order.final_prompt, max_chars=whole, need_words=False)
        english = await self.translate(wanted)
        if english is wanted:
            return order
        return dataclasses.replace(order, final_prompt=english.write())

    async def translate(self, wanted: Prompt) -> Prompt:
        """Return a prompt with English words, or the same when that is off or fails."""
        if not self._language.model or not _is_foreign(wanted.text):
            return wanted
        try:
            english = await self._ask(wanted.text)
        except (GessoError, LookupError, TypeError) as error:
            log.warning("translation_failed", error=f"{type(error).__name__}: {error}")
            return wanted
        # An answer with flags of its own must not change what was ordered.
        if not english or "--" in english:
            return wanted
        return dataclasses.replace(wanted, text=english)

    async def _ask(self, text: str) -> str:
        messages = [{"role": "system", "content": _ASK}, {"role": "user", "content": text}]
        body = {"temperature": 0, "messages": messages}
        answer = await self._inquirer.ask(
            Endpoint.CHAT, self._language.model, body, timeout_s=self._language.timeout_s
        )
        return " ".join(str(answer["choices"][0]["message"]["content"]).split())


def _is_foreign(text: str) -> bool:
    """Say whether words may be of another language: quotes and emoji do not make them so."""
    return not text.isascii() and any(c.isalpha() and not c.isascii() for c in text)
