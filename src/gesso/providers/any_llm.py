"""Model upstreams of other wires (Anthropic, Gemini and some forty more) by `any-llm-sdk`.

Callers speak the OpenAI wire as always; the library translates both ways. An optional extra:
`pip install 'gesso[any-llm]'`; docs/decisions/0011 says why this one. Options of a channel:
`backend` (anthropic, gemini, …; the library's name of it), `api_key` or `keys`, `models`,
`model_map`; the base URL may be left out for the maker's own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Locked, Refused, Unavailable
from gesso.domain.provider import Job, Manifest, Option, Progress
from gesso.domain.relay import Ask, Endpoint, Reply

#: Clients that are kept open: one for each backend, address and key.
_KEEP = 64
#: The library's errors by name → the HTTP status that says the same.
_STATUSES = {
    "RateLimitError": 429,
    "AuthenticationError": 401,
    "MissingApiKeyError": 401,
    "InsufficientFundsError": 403,
    "InvalidRequestError": 400,
    "ContextLengthExceededError": 400,
    "ContentFilterError": 400,
    "UnsupportedParameterError": 400,
    "UnsupportedProviderError": 400,
    "ModelNotFoundError": 404,
}
#: How the interpreter says that a backend's client has no such parameter.
_UNKNOWN_FIELD = re.compile(r"got an unexpected keyword argument '(\w+)'")
#: Their text is about the request, so the caller may read it.
_TOLD = frozenset({400, 404})
_MISSING = "this channel needs an optional part: pip install 'gesso[any-llm]'"


class AnyLLM:
    """Relays calls."""

    manifest = Manifest(
        name="any_llm",
        title="Other model APIs (Anthropic, Gemini, …)",
        about="Relays chat and embeddings to APIs of other wires; needs the extra `any-llm`.",
        actions=frozenset(),
        options=(
            Option("backend", "Name of the API: anthropic, gemini, mistral, …"),
            Option("api_key", "The upstream's API key.", secret=True),
            Option("keys", "Several keys, used in turn.", secret=True),
            Option("models", "Models that are offered; empty offers all."),
            Option("model_map", "JSON object: our name of a model → the upstream's."),
        ),
    )
    endpoints = frozenset({Endpoint.CHAT, Endpoint.EMBEDDINGS})
    models: Mapping[Endpoint, frozenset[str]] = {}  # only the upstream knows

    def __init__(self, *, first_byte_s: float, idle_s: float) -> None:
        """Take how long the first byte and each further part may take."""
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s
        self._clients: OrderedDict[tuple[str, str, str], Any] = OrderedDict()

    @asynccontextmanager
    async def relay(self, channel: Channel, key: str, ask: Ask) -> AsyncIterator[Reply]:
        """Send one request, translated, and open its answer; errors become statuses."""
        assert isinstance(ask.body, bytes)
        body: dict[str, Any] = json.loads(ask.body)
        client = self._client(channel, key)
        try:
            async with asyncio.timeout(self._first_byte_s):
                answer = await _send(client, ask.path, body)
                # Some backends ask their upstream only now; a refusal must still be a status.
                first = await anext(aiter(answer), None) if body.get("stream") else None
        except TimeoutError as error:
            raise Unavailable(f"no first byte within {self._first_byte_s:g} s") from error
        except Exception as error:
            yield _refusal(error, str(channel.options.get("backend") or ""))
            return
        if not body.get("stream"):
            yield Reply(200, {"content-type": "application/json"}, _once(_write(answer)))
            return
        events = self._events(first, answer)
        try:
            yield Reply(200, {"content-type": "text/event-stream"}, events)
        finally:
            await events.aclose()  # type: ignore[attr-defined]
            if hasattr(answer, "aclose"):
                await answer.aclose()

    async def _events(self, chunk: Any, rest: Any) -> AsyncIterator[bytes]:
        parts = aiter(rest)
        try:
            while chunk is not None:
                yield b"data: " + _write(chunk) + b"\n\n"
                async with asyncio.timeout(self._idle_s):
                    chunk = await anext(parts, None)
        except TimeoutError as error:
            raise Unavailable(f"the upstream was silent for {self._idle_s:g} s") from error
        except Exception as error:
            raise Unavailable(f"the upstream broke off ({type(error).__name__})") from error
        yield b"data: [DONE]\n\n"

    def _client(self, channel: Channel, key: str) -> Any:
        """Return the client of a backend; making one loads TLS roots, so they are kept."""
        backend = str(channel.options.get("backend") or "")
        name = backend, channel.base_url, key
        client = self._clients.pop(name, None) or _open(*name)
        self._clients[name] = client
        if len(self._clients) > _KEEP:
            self._clients.popitem(last=False)
        return client

    async def probe(self, channel: Channel) -> None:
        """Look whether the library and the backend are there; asks the upstream nothing.

        Raises Locked when they are not.
        """
        self._client(channel, "none")

    # This upstream takes calls, not tasks; no task is ever routed here.

    async def submit(self, job: Job) -> str:
        """Refuse: there are no tasks on this wire."""
        raise Refused("this upstream relays calls and takes no tasks")

    async def find(self, job: Job) -> str | None:
        """Find nothing: no task was ever started here."""
        return None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Refuse: there are no tasks on this wire."""
        raise Refused("this upstream relays calls and takes no tasks")

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Do nothing: a relayed call ends with its connection."""


def open_provider(
    *, relay_first_byte_s: float = 120.0, relay_idle_s: float = 120.0, **_: Any
) -> AnyLLM:
    """Open the relay; the library is loaded when a channel first needs it."""
    return AnyLLM(first_byte_s=relay_first_byte_s, idle_s=relay_idle_s)


def _open(backend: str, base_url: str, key: str) -> Any:
    try:
        from any_llm import AnyLLM as Library
    except ImportError as error:
        raise Locked(_MISSING) from error
    try:
        # Retries are ours: with other keys and channels, and never behind the ledger's back.
        return Library.create(
            backend,
            api_key=key,
            api_base=base_url or None,
            unified_exceptions=True,
            max_retries=0,
        )
    except ImportError as error:
        raise Locked(f"{_MISSING} (the part for {backend} is missing)") from error
    except Exception as error:
        raise Locked(f"the option backend={backend!r} cannot be used") from error


async def _send(client: Any, path: str, body: dict[str, Any]) -> Any:
    model = body.pop("model")
    if path == Endpoint.EMBEDDINGS:
        return await client.aembedding(model, body.pop("input"), **body)
    return await client.acompletion(model, body.pop("messages"), **body)


def _write(answer: Any) -> bytes:
    return json.dumps(answer.model_dump(mode="json", exclude_none=True)).encode()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _refusal(error: Exception, backend: str) -> Reply:
    """Return an error of the library as the answer that an upstream would have given.

    Raises Unavailable for what is not about the request.
    """
    status = _STATUSES.get(type(error).__name__)
    field = _unknown_field(error)
    if status is None and (field or isinstance(error, TypeError)):
        status = 400  # a parameter that this backend does not know
    if status is None:
        raise Unavailable(f"the upstream failed ({_kind(error)})") from error
    said = str(error)[:500] if status in _TOLD else "refused"
    if field:
        said = f"{backend} takes no {field!r}"
    fault = {"message": said, "type": "invalid_request_error", "param": field, "code": None}
    headers = {"content-type": "application/json"}
    if wait := getattr(error, "retry_after", None):
        headers["retry-after"] = str(wait)
    return Reply(status, headers, _once(json.dumps({"error": fault}).encode()))


def _unknown_field(error: Exception) -> str | None:
    """Return the field of a request that a backend's client does not know, if that is it."""
    if found := _UNKNOWN_FIELD.search(str(error)):
        return found[1]
    problems = getattr(error, "errors", None)  # pydantic's, of a client that checks by schema
    for one in problems() if callable(problems) else ():
        if one["type"] == "extra_forbidden":
            return str(one["loc"][-1])
    return None


def _kind(error: Exception) -> str:
    """Return what an operator may know of a failure: its class and HTTP status."""
    origin = getattr(error, "original_exception", None)
    # Google's client names the status `code`, which the library does not look at.
    status = getattr(error, "status_code", None) or getattr(origin, "code", None)
    name = type(error).__name__
    return f"{name}, HTTP {status}" if isinstance(status, int) else name
