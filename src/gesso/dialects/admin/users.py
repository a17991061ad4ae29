"""/users, /logout and /me: people, and who one is."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.keys import KeyView, write_key
from gesso.dialects.admin.wire import Body, Id, Moment, Name, Page, Paged, View, given
from gesso.domain.caller import Role, User
from gesso.domain.permission import MAY, Permission
from gesso.services.office import Office

Password = Annotated[str, Meta(min_length=10, max_length=200)]


class NewUser(Body):
    """A user to create; one without a password logs in by the issuer, if at all."""

    name: Name
    role: Role
    account: Id
    password: Password | None = None


class UserChange(Body):
    """What to change of a user; what is left out stays."""

    role: Role | UnsetType = UNSET
    account: Id | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class UserView(View):
    """A user."""

    id: str
    name: str
    role: Role
    account: str
    has_password: bool
    linked: bool
    created_at: Moment | None


class Me(View):
    """The key of the request and what it may do here."""

    key: KeyView
    permissions: list[Permission]


def _write(user: User) -> UserView:
    return UserView(
        id=user.id,
        name=user.name,
        role=user.role,
        account=user.account_id,
        has_password=user.has_password,
        linked=user.linked,
        created_at=user.created_at,
    )


class Users:
    """The handlers of this noun."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._desk = office.users
        self._keys = office.keys

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table, one, may = Table("users"), "/users/{user_id}", Permission.USERS
        table.add(
            "POST", "/logout", self.logout, "Revoke the key of this request",
            permission=None, status=204,
        )  # fmt: skip
        table.add(
            "GET", "/me", self.me, "Tell which key this is and what it may do",
            permission=None, answer=Me,
        )  # fmt: skip
        table.list("/users", self.page, "List users", answer=Page[UserView])
        table.add(
            "POST", "/users", self.create, "Create a user",
            permission=may, body=NewUser, answer=UserView, status=201, errors=(409,),
            example={"name": "ann", "role": "operator", "account": "acc_first",
                     "password": "a long password"},
        )  # fmt: skip
        table.add("GET", one, self.get, "Get a user", permission=Permission.READ, answer=UserView)
        table.add(
            "PATCH", one, self.change, "Change role, account or password of a user",
            permission=may, body=UserChange, answer=UserView, example={"role": "viewer"},
        )  # fmt: skip
        table.add(
            "DELETE", one, self.remove, "Remove a user and revoke their keys",
            permission=may, status=204, errors=(409,),
        )  # fmt: skip
        return table.rows

    async def logout(self, call: Call[None, None]) -> None:
        """POST /logout."""
        await self._keys.leave(call.actor, call.key)

    async def me(self, call: Call[None, None]) -> Me:
        """GET /me."""
        return Me(key=write_key(call.key), permissions=sorted(MAY[call.key.role]))

    async def page(self, call: Call[Paged, None]) -> tuple[list[UserView], str | None]:
        """GET /users."""
        found, cursor = await self._desk.page(call.part)
        return [_write(user) for user in found], cursor

    async def create(self, call: Call[None, NewUser]) -> UserView:
        """POST /users."""
        body = call.body
        made = await self._desk.create(
            call.actor, body.name, body.role, body.account, body.password
        )
        return _write(made)

    async def get(self, call: Call[None, None]) -> UserView:
        """GET /users/{user_id}."""
        return _write(await self._desk.get(call.path["user_id"]))

    async def change(self, call: Call[None, UserChange]) -> UserView:
        """PATCH /users/{user_id}."""
        values = given(call.body, account="account_id")
        return _write(await self._desk.change(call.actor, call.path["user_id"], values))

    async def remove(self, call: Call[None, None]) -> None:
        """DELETE /users/{user_id}."""
        await self._desk.remove(call.actor, call.path["user_id"])
