"""The one error tree. Rooms raise these; each dialect shapes them for its own wire.

    GessoError
    ├── CallerError      the request cannot be served as it is
    ├── ProviderError    an upstream did not do its part
    └── OperatorError    this installation is not set up right

Every class says in three attributes what a caller needs to know: `code` (stable, for
machines), `charged` (was money taken?) and `retry` (may the same request be sent again?).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class GessoError(Exception):
    """Something went wrong inside gesso."""

    code: ClassVar[str] = "internal"
    #: Whether money stays taken after this error. No refusal of ours ever keeps money.
    charged: ClassVar[bool] = False
    #: Whether sending the same request again may help and cannot do harm.
    retry: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        param: str | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Keep the text for people, the parameter at fault and facts for the wire."""
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        self.param = param
        self.facts: Mapping[str, object] = facts or {}
        super().__init__(self.message)


class CallerError(GessoError):
    """The request cannot be served as it is."""

    code = "bad_request"


class InvalidOrder(CallerError):
    """A field of the request is missing, of the wrong type or out of range."""

    code = "invalid_order"


class InvalidValue(InvalidOrder):
    """A field has the right type, but this value cannot be used here."""

    code = "invalid_value"


class PictureRejected(InvalidOrder):
    """A picture sent with the request is broken, too large or of an unknown kind."""

    code = "picture_rejected"


class BannedPrompt(CallerError):
    """The prompt holds a word that the operator does not allow."""

    code = "banned_prompt"


class Moderated(BannedPrompt):
    """Moderation refuses the words or the pictures of this order."""

    code = "moderated"


class Unmoderated(CallerError):
    """Moderation was asked for and does not answer; send the order again later."""

    code = "moderation_unavailable"
    retry = True


class IssuerUnavailable(CallerError):
    """The OpenID Connect issuer does not answer as it should; log in another way, or later."""

    code = "issuer_unavailable"
    retry = True


class TooLarge(CallerError):
    """The request body is larger than this gateway accepts."""

    code = "too_large"


class UnknownModel(CallerError):
    """No channel offers this model or action."""

    code = "unknown_model"


class NotAuthenticated(CallerError):
    """The key is missing, unknown, expired or switched off."""

    code = "not_authenticated"


class NotAllowed(CallerError):
    """The key may not do this."""

    code = "not_allowed"


class NotFound(CallerError):
    """There is no such thing, or it belongs to another account."""

    code = "not_found"


class InsufficientFunds(CallerError):
    """The account's balance or the key's spend limit does not cover the price."""

    code = "insufficient_funds"


class RateLimited(CallerError):
    """Too many requests in the current window; wait and send again."""

    code = "rate_limited"
    retry = True


class QueueFull(CallerError):
    """The queue of every channel that could serve this is full; nothing was kept."""

    code = "queue_full"
    retry = True


class NoChannel(CallerError):
    """No enabled and healthy channel can serve this."""

    code = "no_channel"
    retry = True


class StillRunning(CallerError):
    """The work takes longer than this request may wait; it goes on as a task."""

    code = "still_running"


class IllegalMove(CallerError):
    """The task is in a state from which this is not possible."""

    code = "illegal_move"


class Conflict(CallerError):
    """What is stored stands against it: a name is taken, a thing is in use."""

    code = "conflict"


class CallRunning(Conflict):
    """The call with this Idempotency-Key still runs; ask again in a moment."""

    code = "call_running"
    retry = True


class KeyReused(CallerError):
    """This Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"


class ProviderError(GessoError):
    """An upstream did not do its part."""

    code = "provider_error"


class Refused(ProviderError):
    """The upstream refused the order for good; sending it again will not help."""

    code = "refused"


class Unavailable(ProviderError):
    """The upstream surely did not start the order; another try is safe."""

    code = "unavailable"
    retry = True

    def __init__(
        self, message: str = "", *, retry_after_s: float | None = None, busy: bool = False
    ) -> None:
        """Keep how long the upstream asked us to wait, and whether it is well but busy."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.busy = busy


class Locked(Unavailable):
    """The upstream refuses our own credentials: nothing starts there until that is mended."""

    code = "locked"


class Uncertain(ProviderError):
    """The connection broke and nobody knows whether the upstream heard the order."""

    code = "uncertain"


class Garbled(ProviderError):
    """The upstream answered something that cannot be understood."""

    code = "garbled"


class OperatorError(GessoError):
    """This installation is not set up right."""

    code = "operator_error"


class BadSettings(OperatorError):
    """A setting is missing, unknown or out of range."""

    code = "bad_settings"


class SchemaMismatch(OperatorError):
    """The database has another schema version than this program."""

    code = "schema_mismatch"
