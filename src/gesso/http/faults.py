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
    KeyReused,
    NoChannel,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    QueueFull,
    RateLimited,
    TooLarge,
    UnknownModel,
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
}


def status_of(error: GessoError) -> int:
    """Return the HTTP status of an error; what is nobody's fault outside is a 500."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 500
