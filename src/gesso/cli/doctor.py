"""`gesso doctor`: show the settings in force and check that everything can work."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable

import typer
from sqlalchemy import text

from gesso import __version__
from gesso import settings as settings_room
from gesso.app import check_public, open_house
from gesso.app.parts import issuer
from gesso.domain.errors import GessoError
from gesso.ledger import audit
from gesso.services import administer, show_settings
from gesso.settings import Settings
from gesso.storage import migrate
from gesso.storage.database import Database, open_database


def doctor() -> None:
    """Print every setting (secrets masked) and numbered checks, each with a hint.

    Exits with 1 when a check fails. Changes nothing but a probe file in the picture store.
    """
    settings = settings_room.read()
    typer.echo(f"gesso {__version__}, Python {sys.version.split()[0]}\n")
    for one in show_settings.shown(settings):
        typer.echo(f"  {one.name:<28} {'(set)' if one.secret and one.is_set else one.value}")
    typer.echo("")
    if not asyncio.run(_check_all(settings)):
        raise typer.Exit(1)


async def _check_all(settings: Settings) -> bool:
    database = open_database(settings.database_url, settings.data_dir, settings.secret_key)
    checks: list[tuple[str, Callable[[], Awaitable[str]], str]] = [
        ("disk space", lambda: _disk(settings), "free some space or move GESSO_DATA_DIR"),
        ("database answers", lambda: _answers(database), "check GESSO_DATABASE_URL"),
        ("schema is current", lambda: _schema(database), "run `gesso migrate`"),
        (
            "address and key",
            lambda: _public(settings, database),
            "set GESSO_ADMIN_KEY, or listen on 127.0.0.1",
        ),
        ("pictures can be stored", lambda: _store(settings), "check GESSO_BLOB_URL and rights"),
        ("books are right", lambda: _books(database), "run `gesso ledger check`"),
        ("log-in issuer", lambda: _issuer(settings), "check GESSO_OIDC_ISSUER and _PRIVATE"),
    ]
    fine = True
    for number, (name, check, hint) in enumerate(checks, 1):
        try:
            typer.echo(f"  {number}. ok    {name}: {await check()}")
        except Exception as error:
            fine = False
            reason = error.message if isinstance(error, GessoError) else str(error)
            typer.echo(f"  {number}. FAIL  {name}: {reason.strip()[:300]}\n           → {hint}")
    await database.close()
    return fine


async def _disk(settings: Settings) -> str:
    place = settings.data_dir if settings.data_dir.exists() else settings.data_dir.absolute().parent
    free = shutil.disk_usage(place).free // 1024**2
    if free < 512:
        raise OSError(f"only {free} MiB are free")
    return f"{free} MiB free"


async def _answers(database: Database) -> str:
    async with database.reading() as connection:
        await connection.execute(text("SELECT 1"))
    return "PostgreSQL" if database.distributed else "SQLite"


async def _schema(database: Database) -> str:
    await migrate.check(database)
    return migrate.newest()


async def _public(settings: Settings, database: Database) -> str:
    check_public(settings, has_keys=await administer.has_keys(database))
    return f"{settings.host}:{settings.port}"


async def _store(settings: Settings) -> str:
    async with open_house(settings) as house:
        blob = await house.blobs.put(b"gesso doctor", extension="txt")
        await house.blobs.delete(blob.key)
    return settings.blob_url or str(settings.data_dir / "pictures")


async def _books(database: Database) -> str:
    async with database.snapshot() as connection:
        report = await audit.check(connection)
    if report.findings:
        raise OSError("; ".join(str(f) for f in report.findings))
    return f"{report.open_tasks} open tasks, no drift"


async def _issuer(settings: Settings) -> str:
    asked = issuer(settings)
    return f"{await asked.check()} keys" if asked else "none is set"
