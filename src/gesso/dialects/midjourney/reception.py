"""What all submits of this wire share: the services, the common fields, the answer."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import bodies, wire
from gesso.dialects.midjourney.hall import Hall, answer_json, is_english, path_lane
from gesso.dialects.midjourney.words import say
from gesso.domain import prompt
from gesso.domain.caller import ApiKey
from gesso.domain.errors import InvalidOrder, PictureRejected
from gesso.domain.order import Accepted, Order
from gesso.domain.prompt import Prompt
from gesso.domain.task import BotType, Lane
from gesso.http.idempotency import read_repeatable
from gesso.services.answer import Answerer
from gesso.services.bookmark import Bookmarker
from gesso.services.cancel import Canceller
from gesso.services.catalogue import Catalogue
from gesso.services.compose import Common
from gesso.services.intake import Intake
from gesso.services.submit import Submitter
from gesso.services.upload import Uploader

NAME = "midjourney"
#: The longest opaque values that a caller may have stored with a task (section 1).
_STATE_CHARS, _HOOK_CHARS = 255, 2000


@dataclass(frozen=True, slots=True)
class Services:
    """The services that submits call."""

    submitter: Submitter
    answerer: Answerer
    canceller: Canceller
    catalogue: Catalogue
    intake: Intake
    uploader: Uploader
    bookmarker: Bookmarker


class Reception:
    """Reads what every submit has and hands the order on."""

    def __init__(self, hall: Hall, services: Services) -> None:
        """Hold what all handlers share and the services."""
        self.hall = hall
        self.services = services

    async def submit(self, request: Request, key: ApiKey, order: Order, raw: bytes) -> Response:
        """Hand an order on and answer it; a repeated one gets the first answer again."""
        repeatable = read_repeatable(request, raw)
        return answer(request, await self.services.submitter.submit(key, order, repeatable))

    def prompt(
        self, request: Request, text: str | None, has_pictures: bool = False
    ) -> tuple[str, Prompt]:
        """Return the prompt as written and as it was read."""
        written = (text or "").strip()
        if not written and not has_pictures:
            raise InvalidOrder(say("prompt_missing", is_english(request)), param="prompt")
        most = self.hall.bounds.prompt_chars
        return written, prompt.parse(written, max_chars=most, need_words=not has_pictures)

    async def pictures(self, encoded: list[str] | None) -> tuple[str, ...]:
        """Store a list of pictures and return their blobs; raises PictureRejected."""
        encoded, most = encoded or [], self.hall.bounds.pictures
        if len(encoded) > most:
            raise PictureRejected(f"at most {most} pictures", param="base64Array")
        return await self.services.intake.keep_base64(encoded, param="base64Array")


def answer(request: Request, accepted: Accepted) -> Response:
    """Return the answer to an accepted order."""
    response = answer_json(wire.write_accepted(accepted, is_english(request)))
    if accepted.replayed:
        response.headers["idempotency-replayed"] = "true"
    return response


def read_common(request: Request, body: bodies.Submit, bot: BotType) -> Common:
    """Read what every submit shares; the path's speed wins over the filter's (section 2)."""
    wanted = body.account_filter or bodies.AccountFilter()
    lane: Lane | None = path_lane(request) or wanted.lane()
    return Common(
        dialect=NAME,
        lane=lane,
        bot=bot,
        state=read_opaque(body.state, "state", _STATE_CHARS),
        notify_hook=_hook(body.notify_hook),
        selection=wanted.selection(),
    )


_BOTS = {
    "MID_JOURNEY": BotType.MID_JOURNEY,
    "MJ": BotType.MID_JOURNEY,
    "NIJI_JOURNEY": BotType.NIJI_JOURNEY,
    "NIJI": BotType.NIJI_JOURNEY,
}


def read_bot(name: str | None, wanted: Prompt | None) -> BotType:
    """Read `botType`; without one the prompt's `--niji` decides. Raises InvalidOrder."""
    asked = (name or "").strip().upper()
    if not asked:
        niji = wanted is not None and wanted.flags.niji is not None
        return BotType.NIJI_JOURNEY if niji else BotType.MID_JOURNEY
    bot = _BOTS.get(asked)
    if bot is None:
        raise InvalidOrder("botType must be MID_JOURNEY or NIJI_JOURNEY", param="botType")
    return bot


def read_opaque(value: str | None, name: str, most: int) -> str | None:
    """Return a value that is stored as it came; raises InvalidOrder above `most` characters."""
    if value is not None and len(value) > most:
        raise InvalidOrder(f"{name} may have {most} characters", param=name)
    return value


def _hook(value: str | None) -> str | None:
    hook = (read_opaque(value, "notifyHook", _HOOK_CHARS) or "").strip()
    if hook and not hook.startswith(("http://", "https://")):
        raise InvalidOrder("notifyHook must start with http:// or https://", param="notifyHook")
    return hook or None
