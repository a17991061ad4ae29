"""Migrations lead to exactly the tables that the code knows, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gesso.domain.errors import SchemaMismatch
from gesso.storage import migrate
from gesso.storage.database import open_database
from gesso.storage.schema import metadata
from tests.databases import postgres_database

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres")
    async with postgres_database(server, migrated=False) as url:
        yield url


async def test_migrations_make_the_schema(empty_url: str, tmp_path: Path) -> None:
    database = open_database(empty_url, tmp_path)
    with pytest.raises(SchemaMismatch, match="gesso migrate"):
        await migrate.check(database)
    assert await migrate.migrate(database) == migrate.newest()
    steps = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert steps.get_heads() == [migrate.newest()]
    await migrate.migrate(database)
    await migrate.check(database)
    async with database.reading() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    names = {str(d) for d in differences if "pgqueuer" not in str(d)}
    assert names == set()
    await database.close()
