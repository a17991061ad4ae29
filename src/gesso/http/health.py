"""Health, version and the front page that a newcomer's browser sees."""

from __future__ import annotations

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from gesso import __version__
from gesso.storage.database import Database

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>gesso</title>
<style>
:root{color-scheme:light dark;--ink:#23201c;--paper:#faf7f2;--line:#d9d2c6;--accent:#b4552d}
@media(prefers-color-scheme:dark){:root{--ink:#ece6dc;--paper:#191714;--line:#3b362f;--accent:#e58b5f}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:44rem;margin:12vh auto;padding:0 1.25rem}
h1{font-size:2.2rem;margin:0}p.sub{margin:.2rem 0 2rem;opacity:.75}
pre{border:1px solid var(--line);border-radius:.6rem;padding:1rem;overflow:auto;font-size:.85rem}
a{color:var(--accent)}code{font-size:.9em}
</style>
<main><h1>gesso</h1><p class="sub">is running, version VERSION.</p>
<p>Paint a first picture with the key that was printed at the first start:</p>
<pre>curl BASE/mj/submit/imagine \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"prompt":"a red fox in the snow --ar 3:2"}'

curl BASE/mj/task/&lt;result&gt;/fetch -H "Authorization: Bearer $KEY"</pre>
<p>Or from a shell: <code>gesso imagine "a red fox in the snow" --ar 3:2</code></p>
</main></html>
"""


class HealthRoom:
    """Answers whether this process can serve."""

    def __init__(self, database: Database, base_url: str) -> None:
        """Hold what is checked and shown."""
        self._database = database
        self._page = _PAGE.replace("VERSION", __version__).replace("BASE", base_url)

    def routes(self) -> list[Route]:
        """Return `/`, `/healthz` and `/readyz`."""
        return [
            Route("/", self.welcome),
            Route("/healthz", self.alive),
            Route("/readyz", self.ready),
        ]

    async def welcome(self, request: Request) -> Response:
        """Show how to paint a first picture."""
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(self._page, headers={"content-security-policy": policy})

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
