"""Error code → HTTP status, for the wires that speak in statuses."""

from __future__ import annotations

from gesso.domain.errors import (
    BannedPrompt,
    CallerError,
    Conflict,
    GessoError,
    IllegalMove,
    InsufficientFunds,
    InvalidOrder,
    InvalidValue,
    IssuerUnavailable,
    KeyReused,
    NoChannel,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    QueueFull,
    RateLimited,
    StillRunning,
    TooLarge,
    UnknownModel,
    Unmoderated,
)

_STATUS: dict[type[GessoError], int] = {
    CallerError: 400,
    InvalidOrder: 400,
    InvalidValue: 422,
    NotAuthenticated: 401,
    InsufficientFunds: 402,
    NotAllowed: 403,
    NotFound: 404,
    UnknownModel: 404,
    IllegalMove: 409,
    Conflict: 409,
    KeyReused: 409,
    TooLarge: 413,
    BannedPrompt: 422,
    RateLimited: 429,
    QueueFull: 429,
    NoChannel: 503,
    Unmoderated: 503,
    IssuerUnavailable: 503,
    StillRunning: 408,
}


def status_of(error: GessoError) -> int:
    """Return the HTTP status of an error; what is nobody's fault outside is a 500."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 500


#: What each status of a refusal means, for descriptions.
MEANING = {
    400: "The request cannot be read: broken JSON, an unknown field, a wrong type.",
    401: "The key is missing, unknown, expired or switched off.",
    402: "The balance or the spend limit does not cover it.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    409: "What is stored stands against it.",
    413: "The body is too large.",
    422: "A value cannot be used here.",
    429: "Too many requests; `Retry-After` says how long to wait.",
    502: "The upstream failed.",
    503: "No channel, or no other server that is asked, can serve this now.",
    504: "It takes longer than is waited for; it goes on.",
}
