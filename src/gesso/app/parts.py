"""Small parts that more than one room of the house is fitted with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

from gesso.dialects.apimart.wire import write_webhook
from gesso.dialects.midjourney import wire as midjourney_wire
from gesso.domain.errors import BadSettings
from gesso.domain.task import Task
from gesso.http.console import LOGIN
from gesso.http.pictures import PictureLinks
from gesso.kit import picture
from gesso.kit.web import Guard
from gesso.services.deliver import Sender
from gesso.services.issuer import Client, Issuer
from gesso.settings import Settings
from gesso.storage.database import Database


def shapes(links: PictureLinks) -> dict[str, Callable[[Task], bytes]]:
    """Return how each wire writes a task out, for callbacks and streams."""
    return {
        "midjourney": lambda task: midjourney_wire.write_task(task, links),
        "apimart": lambda task: write_webhook(task, links),
        # The OpenAI wire has no shape of a task.
        "openai": lambda task: midjourney_wire.write_task(task, links),
    }


def sender(settings: Settings, database: Database, secret: str) -> Sender:
    """Return what sends callbacks, signed with the secret of this installation."""
    guard = Guard(
        allow_private=networks("GESSO_CALLBACK_PRIVATE", settings.callback_private),
        low_ports=frozenset(settings.callback_port_numbers),
    )
    return Sender(database, guard, secret)


def issuer(settings: Settings) -> Issuer | None:
    """Return who people may log in by, or None where no issuer is configured."""
    if not settings.oidc_issuer:
        return None
    client = Client(
        issuer=settings.oidc_issuer,
        id=settings.oidc_client_id,
        secret=settings.oidc_client_secret,
        scopes=settings.oidc_scopes,
        redirect_url=settings.base_url + LOGIN,
        timeout_s=settings.oidc_timeout_s,
    )
    allowed = networks("GESSO_OIDC_PRIVATE", settings.oidc_private)
    return Issuer(client, Guard(allow_private=allowed))


def networks(name: str, text: str) -> frozenset[Any]:
    """Read the networks of a setting, separated by commas; raises BadSettings by its name."""
    try:
        return frozenset(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BadSettings(f"{name}: {error}") from error


def limits(settings: Settings) -> picture.Limits:
    """Return what a caller's picture may have."""
    return picture.Limits(
        max_bytes=settings.max_picture_bytes,
        max_pixels=settings.max_picture_pixels,
        max_frames=settings.max_picture_frames,
    )


@asynccontextmanager
async def running(loops: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run endless loops while the block lasts."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
