"""/login: a name with its password, or a person that an issuer vouches for, becomes a key."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.keys import KeyWithSecret, write_made
from gesso.dialects.admin.wire import Body, Name, View
from gesso.domain.errors import NotFound
from gesso.services.office import Office
from gesso.services.oidc_login import OidcDesk

Long = Annotated[str, Meta(min_length=1, max_length=4000)]


class Login(Body):
    """A name with its password."""

    name: Name
    password: Annotated[str, Meta(min_length=1, max_length=1000)]


class LoginWays(View):
    """How people log in here; `issuer` is what to call it, null where there is none."""

    password: bool
    issuer: str | None


class BegunLogin(View):
    """Where a browser goes to log in, and what it keeps to bring back."""

    url: str
    ticket: str


class IssuerAnswer(Body):
    """What the issuer gave the browser on its way back, with the ticket that it kept."""

    ticket: Long
    code: Long
    state: Long


class Logins:
    """The handlers of this noun."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._users = office.users
        self._oidc = office.oidc

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table = Table("logins")
        table.add(
            "GET", "/login", self.ways, "Tell how people log in here",
            permission=None, public=True, answer=LoginWays,
        )  # fmt: skip
        table.add(
            "POST", "/login", self.login, "Log in: a key for some hours",
            permission=None, public=True, body=Login, answer=KeyWithSecret, errors=(401, 403),
            example={"name": "ann", "password": "a long password"},
        )  # fmt: skip
        table.add(
            "POST", "/login/issuer/begin", self.begin, "Begin a log-in by OpenID Connect",
            permission=None, public=True, answer=BegunLogin, errors=(404, 503),
            description="The browser keeps the ticket and goes to the URL.",
        )  # fmt: skip
        table.add(
            "POST", "/login/issuer", self.finish, "End a log-in by OpenID Connect: a key",
            permission=None, public=True, body=IssuerAnswer, answer=KeyWithSecret,
            errors=(401, 403, 404, 503),
            example={"ticket": "sealed:1:…", "code": "c0de", "state": "st4te"},
            description="Takes what the issuer added to the address that it sent the browser to.",
        )  # fmt: skip
        return table.rows

    async def ways(self, call: Call[None, None]) -> LoginWays:
        """GET /login."""
        return LoginWays(password=True, issuer=self._oidc.name if self._oidc else None)

    async def login(self, call: Call[None, Login]) -> KeyWithSecret:
        """POST /login."""
        address = call.actor.address
        return write_made(await self._users.login(call.body.name, call.body.password, address))

    async def begin(self, call: Call[None, None]) -> BegunLogin:
        """POST /login/issuer/begin."""
        begun = await self._desk().begin()
        return BegunLogin(url=begun.url, ticket=begun.ticket)

    async def finish(self, call: Call[None, IssuerAnswer]) -> KeyWithSecret:
        """POST /login/issuer."""
        body = call.body
        made = await self._desk().finish(body.ticket, body.code, body.state, call.actor.address)
        return write_made(made)

    def _desk(self) -> OidcDesk:
        if self._oidc is None:
            raise NotFound("this gateway has no OpenID Connect issuer")
        return self._oidc
