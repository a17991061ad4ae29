"""/accounts: who pays, top-ups, corrections."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.limits import LimitsBody, LimitsView, read_limits, write_limits
from gesso.dialects.admin.wire import (
    Amount,
    Body,
    Moment,
    Money,
    Name,
    Page,
    Paged,
    Text,
    View,
    given,
    write_money,
)
from gesso.domain.caller import Account
from gesso.domain.errors import InvalidValue
from gesso.domain.permission import Permission
from gesso.services.office import Office

PriceGroup = Annotated[str, Meta(max_length=40, pattern="^[a-z0-9_-]*$")]


class NewAccount(Body):
    """An account to create."""

    name: Name


class AccountChange(Body):
    """What to change of an account; what is left out stays."""

    name: Name | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    limits: LimitsBody | UnsetType | None = UNSET
    price_group: PriceGroup | UnsetType = UNSET


class TopUp(Body):
    """Money that came in; the same reference credits only once."""

    amount: Amount
    reference: Name | None = None
    note: Text = ""


class Adjustment(Body):
    """A correction by hand, up or down; `reason` is kept in the ledger."""

    amount: Amount
    reason: Text
    reference: Name | None = None


class AccountView(View):
    """An account with its balance."""

    id: str
    name: str
    enabled: bool
    available: Money
    held: Money
    created_at: Moment | None
    limits: LimitsView
    price_group: str  #: Its multiplier is the price `group@<name>`.


def write_account(account: Account) -> AccountView:
    """Return an account as it is answered."""
    return AccountView(
        id=account.id,
        name=account.name,
        enabled=account.enabled,
        available=write_money(account.available_nanos),
        held=write_money(account.held_nanos),
        created_at=account.created_at,
        limits=write_limits(account.limits),
        price_group=account.price_group,
    )


class Accounts:
    """The handlers of this noun."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._desk = office.accounts

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table, one = Table("accounts"), "/accounts/{account_id}"
        may, money = Permission.ACCOUNTS, Permission.MONEY
        table.list("/accounts", self.page, "List accounts", answer=Page[AccountView])
        table.add(
            "POST", "/accounts", self.create, "Create an account",
            permission=may, body=NewAccount, answer=AccountView, status=201,
            example={"name": "Studio North"},
        )  # fmt: skip
        table.add(
            "GET", one, self.get, "Get an account",
            permission=Permission.READ, answer=AccountView,
        )  # fmt: skip
        table.add(
            "PATCH", one, self.change, "Rename, enable or disable an account",
            permission=may, body=AccountChange, answer=AccountView, errors=(409,),
            example={"enabled": False},
        )  # fmt: skip
        table.add(
            "POST", one + "/top-up", self.top_up, "Credit money to an account",
            permission=money, body=TopUp, answer=AccountView, errors=(409,),
            example={"amount": {"usd": "25.00"}, "reference": "invoice-17"},
        )  # fmt: skip
        table.add(
            "POST", one + "/adjust", self.adjust, "Correct a balance by hand",
            permission=money, body=Adjustment, answer=AccountView, errors=(402, 409),
            example={"amount": {"usd": "-1.50"}, "reason": "charged twice by mistake"},
        )  # fmt: skip
        return table.rows

    async def page(self, call: Call[Paged, None]) -> tuple[list[AccountView], str | None]:
        """GET /accounts."""
        found, cursor = await self._desk.page(call.part)
        return [write_account(a) for a in found], cursor

    async def create(self, call: Call[None, NewAccount]) -> AccountView:
        """POST /accounts."""
        return write_account(await self._desk.create(call.actor, call.body.name))

    async def get(self, call: Call[None, None]) -> AccountView:
        """GET /accounts/{account_id}."""
        return write_account(await self._desk.get(call.path["account_id"]))

    async def change(self, call: Call[None, AccountChange]) -> AccountView:
        """PATCH /accounts/{account_id}."""
        values: dict[str, Any] = given(call.body)
        if "limits" in values:
            values["limits"] = read_limits(values["limits"])
        account_id = call.path["account_id"]
        return write_account(await self._desk.change(call.actor, call.key, account_id, values))

    async def top_up(self, call: Call[None, TopUp]) -> AccountView:
        """POST /accounts/{account_id}/top-up."""
        nanos, body = call.body.amount.read("amount"), call.body
        if nanos <= 0:
            raise InvalidValue("a top-up must be positive; use adjust", param="amount")
        account_id = call.path["account_id"]
        return write_account(
            await self._desk.top_up(call.actor, account_id, nanos, body.reference or "", body.note)
        )

    async def adjust(self, call: Call[None, Adjustment]) -> AccountView:
        """POST /accounts/{account_id}/adjust."""
        nanos, body = call.body.amount.read("amount"), call.body
        if nanos == 0 or not body.reason.strip():
            raise InvalidValue("an adjustment needs an amount and a reason", param="amount")
        account_id = call.path["account_id"]
        return write_account(
            await self._desk.adjust(
                call.actor, account_id, nanos, body.reference or "", body.reason
            )
        )
