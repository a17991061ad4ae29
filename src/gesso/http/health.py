"""Health and version."""

from __future__ import annotations

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso import __version__
from gesso.storage.database import Database


class HealthRoom:
    """Answers whether this process can serve."""

    def __init__(self, database: Database) -> None:
        """Hold what is checked."""
        self._database = database

    def routes(self) -> list[Route]:
        """Return `/healthz` and `/readyz`."""
        return [Route("/healthz", self.alive), Route("/readyz", self.ready)]

    async def alive(self, request: Request) -> Response:
        """Say that the process runs."""
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(self, request: Request) -> Response:
        """Say whether the database answers."""
        try:
            async with self._database.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:
            return JSONResponse({"status": "database unreachable"}, 503)
        return JSONResponse({"status": "ok", "version": __version__})
