"""Shapes that all nouns of the admin API share. Pure: no I/O.

Money is a decimal string of US dollars beside the exact integer of nano-dollars; no number
with a fraction is read or written anywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from gesso.domain.errors import GessoError, InvalidOrder
from gesso.ledger.money import LARGEST, read_dollars, write_dollars

T = TypeVar("T")

#: No zero characters: PostgreSQL cannot store them.
_CLEAN = r"^[^\x00]*$"
Id = Annotated[str, Meta(min_length=1, max_length=60, pattern=_CLEAN)]
Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=_CLEAN)]
Group = Annotated[str, Meta(max_length=60, pattern=_CLEAN)]
Text = Annotated[str, Meta(max_length=1000, pattern=_CLEAN)]
Query = Annotated[str, Meta(max_length=200, pattern=_CLEAN)]
Url = Annotated[str, Meta(min_length=1, max_length=2000, pattern=_CLEAN)]
#: How many columns of the database are 32 bits wide.
Count = Annotated[int, Meta(ge=1, le=2_000_000_000)]
#: An overlap of two secrets, in seconds; thirty days at most.
Overlap = Annotated[int, Meta(ge=0, le=30 * 86400)]
Moment = Annotated[datetime, Meta(tz=True)]


class Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=False, kw_only=True):
    """A request body: a field that is not known is a mistake, not a wish."""


class View(msgspec.Struct, kw_only=True):
    """Something that is answered."""


class Money(View):
    """An amount of money."""

    usd: str
    nanos: int


class Amount(Body):
    """An amount in a request: `usd` as decimal text, or `nanos`, or both if they agree."""

    usd: Annotated[str, Meta(max_length=30, pattern=_CLEAN)] | None = None
    nanos: Annotated[int, Meta(ge=-LARGEST, le=LARGEST)] | None = None

    def read(self, param: str) -> int:
        """Return nano-dollars; raises InvalidOrder."""
        try:
            spelt = None if self.usd is None else read_dollars(self.usd)
        except ValueError as error:
            raise InvalidOrder(str(error), param=f"{param}.usd") from error
        if spelt is not None and self.nanos is not None and spelt != self.nanos:
            raise InvalidOrder("usd and nanos are different amounts", param=param)
        found = spelt if spelt is not None else self.nanos
        if found is None:
            raise InvalidOrder("an amount needs usd or nanos", param=param)
        return found


class Paged(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The query of every list."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Annotated[str, Meta(max_length=2000)] = ""
    format: Annotated[str, Meta(pattern="^(json|csv)$")] = "json"


class Page(View, Generic[T]):
    """One page of a list; `next` is the cursor of the page after it, when there is one."""

    items: list[T]
    next: str | None


class Fault(View):
    """What went wrong."""

    code: str
    message: str
    param: str | None
    charged: bool
    retry: bool


class ErrorEnvelope(View):
    """Every refusal looks like this."""

    error: Fault


def write_money(nanos: int) -> Money:
    """Return an amount in both spellings."""
    return Money(usd=write_dollars(nanos), nanos=nanos)


def write_money_or_none(nanos: int | None) -> Money | None:
    """Return an amount, or None for none."""
    return None if nanos is None else write_money(nanos)


def write_error(error: GessoError) -> ErrorEnvelope:
    """Return the envelope of an error."""
    fault = Fault(
        code=error.code,
        message=error.message,
        param=error.param,
        charged=error.charged,
        retry=error.retry,
    )
    return ErrorEnvelope(error=fault)


def given(body: msgspec.Struct, **renamed: str) -> dict[str, Any]:
    """Return the fields that a request names, under the names that services use."""
    return {
        renamed.get(name, name): value
        for name in body.__struct_fields__
        if (value := getattr(body, name)) is not msgspec.UNSET
    }
