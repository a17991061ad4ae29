"""/keys and /signing-secrets: who may call, and what signs their callbacks."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.limits import LimitsBody, LimitsView, read_limits, write_limits
from gesso.dialects.admin.wire import (
    Amount,
    Body,
    Count,
    Id,
    Moment,
    Money,
    Name,
    Overlap,
    Page,
    Paged,
    Query,
    View,
    given,
    write_money,
    write_money_or_none,
)
from gesso.domain.caller import ApiKey, Role
from gesso.domain.errors import InvalidValue
from gesso.domain.permission import Permission
from gesso.services.manage_keys import NewKey as MadeKey
from gesso.services.manage_keys import SigningSecret
from gesso.services.office import Office

Names = Annotated[tuple[Name, ...], Meta(max_length=100)]
#: Later moments cannot be read back from milliseconds everywhere.
_LAST_YEAR = 2200
#: Names of the fields that services call otherwise.
_RENAMED = {"user": "user_id", "spend_limit": "spend_limit_nanos", "account": "account_id"}


class NewKey(Body):
    """A key to create; a limit that is left out does not limit."""

    account: Id
    name: Name = "key"
    role: Role = Role.MEMBER
    user: Id | None = None
    test: bool = False
    expires_at: Moment | None = None
    spend_limit: Amount | None = None
    actions: Names = ()
    networks: Names = ()
    concurrency: Count | None = None
    rate_per_minute: Count | None = None
    limits: LimitsBody | None = None


class KeyChange(Body):
    """What to change of a key; what is left out stays, null takes a limit away."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    user: Id | UnsetType | None = UNSET
    expires_at: Moment | UnsetType | None = UNSET
    spend_limit: Amount | UnsetType | None = UNSET
    actions: Names | UnsetType = UNSET
    networks: Names | UnsetType = UNSET
    concurrency: Count | UnsetType | None = UNSET
    rate_per_minute: Count | UnsetType | None = UNSET
    limits: LimitsBody | UnsetType | None = UNSET


class Rotation(Body):
    """For how many seconds the secret before still works."""

    overlap_s: Overlap = 86400


class KeyQuery(Paged):
    """Which keys."""

    account: Query = ""
    user: Query = ""
    role: Role | None = None


class KeyView(View):
    """A key; its secret is not stored and cannot be shown."""

    id: str
    account: str
    user: str | None
    name: str
    hint: str
    role: Role
    test: bool
    created_at: Moment | None
    expires_at: Moment | None
    revoked_at: Moment | None
    overlap_until: Moment | None
    spend_limit: Money | None
    spent: Money
    actions: list[str]
    networks: list[str]
    concurrency: int | None
    rate_per_minute: int | None
    limits: LimitsView


class KeyWithSecret(View):
    """A key with its secret, which is shown this one time."""

    key: KeyView
    secret: str


class SigningSecretView(View):
    """A secret that signs callbacks now; `secret` only in the answer that made it."""

    id: str
    owner: str
    created_at: Moment
    retires_at: Moment | None
    secret: str | None


def write_key(key: ApiKey) -> KeyView:
    """Return a key as it is answered."""
    return KeyView(
        id=key.id,
        account=key.account_id,
        user=key.user_id,
        name=key.name,
        hint=key.hint,
        role=key.role,
        test=key.test,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        overlap_until=key.overlap_until,
        spend_limit=write_money_or_none(key.spend_limit_nanos),
        spent=write_money(key.spent_nanos),
        actions=list(key.actions),
        networks=list(key.networks),
        concurrency=key.concurrency,
        rate_per_minute=key.rate_per_minute,
        limits=write_limits(key.limits),
    )


def write_made(made: MadeKey) -> KeyWithSecret:
    """Return a new key with its secret."""
    return KeyWithSecret(key=write_key(made.key), secret=made.secret)


def _write_signing(one: SigningSecret, *, shown: bool = False) -> SigningSecretView:
    return SigningSecretView(
        id=one.id,
        owner=one.owner_id,
        created_at=one.created_at,
        retires_at=one.retires_at,
        secret=one.secret if shown else None,
    )


class Keys:
    """The handlers of this noun."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._desk = office.keys

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table, one, may = Table("keys"), "/keys/{key_id}", Permission.KEYS
        table.list("/keys", self.page, "List keys", answer=Page[KeyView], query=KeyQuery)
        table.add(
            "POST", "/keys", self.create, "Create a key; its secret is shown once",
            permission=may, body=NewKey, answer=KeyWithSecret, status=201,
            example={"account": "acc_first", "name": "web shop", "spend_limit": {"usd": "50"}},
        )  # fmt: skip
        table.add("GET", one, self.get, "Get a key", permission=Permission.READ, answer=KeyView)
        table.add(
            "PATCH", one, self.change, "Change limits, lists, role or owner of a key",
            permission=may, body=KeyChange, answer=KeyView,
            example={"networks": ["10.0.0.0/8"], "rate_per_minute": 60},
        )  # fmt: skip
        table.add(
            "POST", one + "/rotate", self.rotate, "Give a key a new secret, with an overlap",
            permission=may, body=Rotation, answer=KeyWithSecret, errors=(409,),
            example={"overlap_s": 86400},
        )  # fmt: skip
        table.add(
            "POST", one + "/revoke", self.revoke, "Switch a key off for good",
            permission=may, answer=KeyView, errors=(409,),
        )  # fmt: skip
        signing = "/signing-secrets/{owner_id}"
        table.add(
            "GET", signing, self.signing, "List what signs the callbacks of a key or account",
            permission=Permission.READ, answer=list[SigningSecretView],
        )  # fmt: skip
        table.add(
            "POST", signing + "/rotate", self.rotate_signing, "Draw a new signing secret",
            permission=may, body=Rotation, answer=SigningSecretView, example={"overlap_s": 86400},
            description="Secrets before it sign beside it until the overlap is over. A key's "
            "secrets come before those of its account, these before the installation's.",
        )  # fmt: skip
        table.add(
            "DELETE", signing, self.remove_signing, "Remove the signing secrets of an owner",
            permission=may, status=204,
        )  # fmt: skip
        return table.rows

    async def page(self, call: Call[KeyQuery, None]) -> tuple[list[KeyView], str | None]:
        """GET /keys."""
        query = call.query
        where = {"account_id": query.account, "user_id": query.user, "role": query.role or ""}
        found, cursor = await self._desk.page({k: v for k, v in where.items() if v}, call.part)
        return [write_key(key) for key in found], cursor

    async def create(self, call: Call[None, NewKey]) -> KeyWithSecret:
        """POST /keys."""
        values = _values(call.body)
        account_id, name = values.pop("account_id"), values.pop("name")
        return write_made(await self._desk.create(call.actor, account_id, name, values))

    async def get(self, call: Call[None, None]) -> KeyView:
        """GET /keys/{key_id}."""
        return write_key(await self._desk.get(call.path["key_id"]))

    async def change(self, call: Call[None, KeyChange]) -> KeyView:
        """PATCH /keys/{key_id}."""
        changed = await self._desk.change(call.actor, call.path["key_id"], _values(call.body))
        return write_key(changed)

    async def rotate(self, call: Call[None, Rotation]) -> KeyWithSecret:
        """POST /keys/{key_id}/rotate."""
        overlap = timedelta(seconds=call.body.overlap_s)
        return write_made(await self._desk.rotate(call.actor, call.path["key_id"], overlap))

    async def revoke(self, call: Call[None, None]) -> KeyView:
        """POST /keys/{key_id}/revoke."""
        return write_key(await self._desk.revoke(call.actor, call.key, call.path["key_id"]))

    async def signing(self, call: Call[None, None]) -> list[SigningSecretView]:
        """GET /signing-secrets/{owner_id}."""
        return [_write_signing(s) for s in await self._desk.secrets_of(call.path["owner_id"])]

    async def rotate_signing(self, call: Call[None, Rotation]) -> SigningSecretView:
        """POST /signing-secrets/{owner_id}/rotate."""
        overlap = timedelta(seconds=call.body.overlap_s)
        made = await self._desk.rotate_signing(call.actor, call.path["owner_id"], overlap)
        return _write_signing(made, shown=True)

    async def remove_signing(self, call: Call[None, None]) -> None:
        """DELETE /signing-secrets/{owner_id}."""
        await self._desk.remove_signing(call.actor, call.path["owner_id"])


def _values(body: NewKey | KeyChange) -> dict[str, Any]:
    values = given(body, **_RENAMED)
    expires_at = values.get("expires_at")
    if expires_at is not None and not 2000 <= expires_at.year <= _LAST_YEAR:
        raise InvalidValue(f"a key expires by {_LAST_YEAR}", param="expires_at")
    if "limits" in values:
        values["limits"] = read_limits(values["limits"])
    limit = values.get("spend_limit_nanos")
    if isinstance(limit, Amount):
        values["spend_limit_nanos"] = nanos = limit.read("spend_limit")
        if nanos < 0:
            raise InvalidValue("a limit must not be negative", param="spend_limit")
    return values
