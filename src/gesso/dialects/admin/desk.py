"""What every noun of the admin API is made of: a call, an endpoint, a table of endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gesso.dialects.admin.wire import Paged
from gesso.domain.actor import Actor
from gesso.domain.caller import ApiKey
from gesso.domain.errors import NotAuthenticated
from gesso.domain.permission import Permission
from gesso.http.openapi import Operation
from gesso.services.page import Slice

Q = TypeVar("Q")
B = TypeVar("B")

ROOT = "/admin/api/v1"
CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request, checked and decoded."""

    caller: ApiKey | None  #: None only where no key is needed.
    actor: Actor
    path: dict[str, str]
    query: Q
    body: B
    part: Slice = Slice(50)  #: Which part of a list.

    @property
    def key(self) -> ApiKey:
        """The key of the request; raises NotAuthenticated where there is none."""
        if self.caller is None:
            raise NotAuthenticated
        return self.caller


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the route table: how it is documented and who answers."""

    operation: Operation
    handle: Callable[[Call[Any, Any]], Awaitable[Any]]
    permission: Permission | None


class Table:
    """Collects the endpoints of one noun."""

    def __init__(self, tag: str) -> None:
        """Start empty."""
        self._tag = tag
        self.rows: list[Endpoint] = []

    def add(
        self,
        method: str,
        path: str,
        handle: Callable[[Call[Any, Any]], Awaitable[Any]],
        summary: str,
        *,
        permission: Permission | None,
        **more: Any,
    ) -> None:
        """Add a route; `more` are further fields of Operation."""
        operation = Operation(
            method,
            ROOT + path,
            self._tag,
            summary,
            wire="Administration",
            permission=permission.value if permission else "",
            **more,
        )
        self.rows.append(Endpoint(operation, handle, permission))

    def list(
        self,
        path: str,
        handle: Callable[[Call[Any, Any]], Awaitable[Any]],
        summary: str,
        *,
        answer: Any,
        query: type[Paged] = Paged,
    ) -> None:
        """Add a list: paged, filtered, and as CSV with `?format=csv`."""
        self.add(
            "GET",
            path,
            handle,
            summary,
            permission=Permission.READ,
            answer=answer,
            query=query,
            media=("application/json", CSV),
            description="`?format=csv` streams every row from the cursor on.",
        )
