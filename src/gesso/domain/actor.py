"""Who changed something: a key, a user, an issuer of log-ins, or a person at a shell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of actor."""

    KEY = "key"  #: An API key over HTTP.
    USER = "user"  #: A user with a key that a login or an operator gave them.
    CLI = "cli"  #: Somebody who can run commands on this installation.
    ISSUER = "issuer"  #: The OpenID Connect issuer, at the log-in of one of its people.
    SETUP = "setup"  #: The first start of an installation.


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the audit log names them."""

    kind: ActorKind
    id: str  #: Key id; "cli" and "setup" name themselves.
    user_id: str = ""  #: The user whose key it is.
    address: str = ""  #: Client address, where there is one.


CLI = Actor(ActorKind.CLI, "cli")
ISSUER = Actor(ActorKind.ISSUER, "issuer")
SETUP = Actor(ActorKind.SETUP, "setup")
