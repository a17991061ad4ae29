"""The console: a built page with its files, served with a strict content policy.

The files are built by `make console` into `gesso/console` and are part of the wheel. Each text
file stands there in three forms: plain, `.br` and `.gz`; nothing is compressed at run time.
Without them the same path tells how to build them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gesso import __version__

#: The files are ours alone: nothing from elsewhere, nothing inline, in no one's frame.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; "
    "script-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: Where an OpenID Connect issuer sends people back to.
LOGIN = "/login"
#: Where the console has pages of its own; every other path is for the wires.
PAGES = ("/", LOGIN, "/gallery", "/chat", "/prices", "/account", "/operations/{page}")
INDEX = "index.html"
_MIME = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
#: Content codings by the ending of the built file, the smallest first.
_CODINGS = {"br": "br", "gz": "gzip"}
#: Names of files below this folder hold a hash of their content.
_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"

_UNBUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>gesso</title>
<style>
:root{color-scheme:light dark;--ink:#23201c;--paper:#faf7f2;--line:#d9d2c6;--accent:#a0461f}
@media(prefers-color-scheme:dark){:root{--ink:#ece6dc;--paper:#191714;--line:#3b362f;--accent:#e58b5f}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:44rem;margin:12vh auto;padding:0 1.25rem}
h1{font-size:2.2rem;margin:0}p.sub{margin:.2rem 0 2rem}
pre{border:1px solid var(--line);border-radius:.6rem;padding:1rem;overflow:auto;font-size:.85rem}
a{color:var(--accent)}code{font-size:.9em}
</style>
<main><h1>gesso</h1><p class="sub">is running, version VERSION, without its console.</p>
<p>The console is built once, with Node 20.19 or newer and npm, and is here after a restart:</p>
<pre>make console</pre>
<p>Everything works without it. Paint a first picture with the key that was printed at the first
start, or read and try every path at <a href="/docs">/docs</a>:</p>
<pre>curl BASE/mj/submit/imagine \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"prompt":"a red fox in the snow --ar 3:2"}'

curl BASE/mj/task/&lt;result&gt;/fetch -H "Authorization: Bearer $KEY"</pre>
<p>Or from a shell: <code>gesso imagine "a red fox in the snow" --ar 3:2</code></p>
</main></html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    """A built file in every form that there is of it."""

    mime: str
    cache: str
    forms: dict[str, tuple[bytes, str]]  #: Bytes and ETag by content coding; "" is plain.


class ConsoleRoom:
    """Serves the built console, or a page that tells how to build it."""

    def __init__(self, base_url: str, folder: Traversable | None = None) -> None:
        """Read every built file once; they are small and few."""
        self._files = _read(folder or resources.files("gesso") / "console")
        self._unbuilt = _UNBUILT.replace("VERSION", __version__).replace("BASE", base_url)

    def routes(self) -> list[Route]:
        """Return the pages, and the files by their names."""
        if INDEX not in self._files:
            return [Route("/", self.unbuilt)]
        files = [Route(f"/{name}", self.file) for name in self._files if name != INDEX]
        # Old files are gone after an upgrade: a page must not come back as a script.
        missing = Route(f"/{_HASHED}{{name}}", self.missing)
        return [*(Route(path, self.page) for path in PAGES), *files, missing]

    async def unbuilt(self, request: Request) -> Response:
        """Tell how to build the console."""
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(self._unbuilt, headers={"content-security-policy": policy})

    async def page(self, request: Request) -> Response:
        """Return the page, whichever of its own paths was opened."""
        return _answer(request, self._files[INDEX])

    async def file(self, request: Request) -> Response:
        """Return a file."""
        return _answer(request, self._files[request.url.path.removeprefix("/")])

    async def missing(self, request: Request) -> Response:
        """Answer a name that this build does not have."""
        return Response(status_code=404)


def _answer(request: Request, file: _File) -> Response:
    coding = _choose(request.headers.get("accept-encoding", ""), file)
    body, etag = file.forms[coding]
    headers = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": file.cache,
        "vary": "accept-encoding",
        "etag": etag,
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if coding:
        headers["content-encoding"] = coding
    return Response(body, headers=headers, media_type=file.mime)


def _choose(accepted: str, file: _File) -> str:
    """Return the best coding that a client takes; one with `q=0` it does not."""
    wanted = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";")
        wanted[name.strip()] = quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00"}
    return next((c for c in _CODINGS.values() if wanted.get(c) and c in file.forms), "")


def _read(folder: Traversable) -> dict[str, _File]:
    if not folder.is_dir():
        return {}
    found = dict(_walk(folder, ""))
    files = {}
    for name, plain in found.items():
        mime = _MIME.get(name.rpartition(".")[2])
        if mime is None:
            continue
        forms = {"": plain} | {
            coding: found[f"{name}.{ending}"]
            for ending, coding in _CODINGS.items()
            if f"{name}.{ending}" in found
        }
        cache = _FOREVER if name.startswith(_HASHED) else "no-cache"
        files[name] = _File(mime, cache, {c: (b, _etag(b)) for c, b in forms.items()})
    return files


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        found += _walk(entry, f"{name}/") if entry.is_dir() else [(name, entry.read_bytes())]
    return found


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'
