"""The described wire is the spoken one: requests made from its schema find no surprise."""

from __future__ import annotations

import asyncio
import io
import re
import threading
import wave
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gesso.domain.model import SANDBOX_MODELS
from tests.apimart import Mart, picture, png
from tests.conftest import ADMIN, running_gateway


@dataclass(frozen=True)
class Served:
    """A gateway, and the tasks that it has."""

    base_url: str
    tasks: tuple[str, ...]
    call: str
    #: One for all requests: each with a connection of its own took a quarter of the time.
    session: requests.Session


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway in a thread of its own: schemathesis calls it from this one."""
    ready, stop = threading.Event(), asyncio.Event()
    found: list[tuple[Served, asyncio.AbstractEventLoop]] = []

    async def serve(where: Path) -> None:
        async with running_gateway("", where, free_balance="1000", picture_wait_s=5) as gateway:
            mart = Mart(gateway.client)
            grid = await mart.done("imagine", {"prompt": "a --v 8.1"})
            single = await mart.done("upscale", {"task_id": grid["id"], "index": 1})
            dialog = await mart.submit("inpaint", {"task_id": single["id"]}, "modal")
            hello = {"model": "sandbox-chat", "messages": [{"role": "user", "content": "a"}]}
            reply = await gateway.client.call("POST", "/v1/chat/completions", hello)
            ids, call = (grid["id"], single["id"], dialog), reply.headers["x-gesso-call"]
            served = Served(gateway.client.base, ids, call, session)
            found.append((served, asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    session = requests.Session()
    # Without a look at the environment before each request.
    session.trust_env = False
    where = tmp_path_factory.mktemp("schema")
    thread = threading.Thread(target=lambda: asyncio.run(serve(where)))
    thread.start()
    assert ready.wait(30)
    served, loop = found[0]
    yield served
    session.close()
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)


def no_crash(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A backend that is missing or late is an answer; a 500 is a bug."""
    assert response.status_code != 500, response.text


#: Both wires have `/v1/images/generations` and the list of models; they are asked with OpenAI's.
MART = r"^/v1/(midjourney|tasks|quote|uploads|balance|user|usage|model-schema|models/.*/schema)"
OPENAI = (
    r"^/(pricing|v1/(chat|completions|responses|embeddings|moderations|images|audio|calls"
    r"|models(/[^/]*)?$))"
)
#: What only an upstream could answer, and tasks that another case may have brought on before.
UNREACHED = re.compile(r"/v1/responses/|/modal$|/cancel$")
HEADERS = {"authorization": f"Bearer {ADMIN}"}
CHECKS = [
    no_crash,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def steer(case: Case[Any], served: Served, way: int) -> None:
    """Put what is there in the place of what was drawn, so that more than a 404 is reached."""
    task = served.tasks[way % len(served.tasks)]
    path = case.operation.path.removeprefix("/v1/")
    model = SANDBOX_MODELS.get(path, "midjourney" if way % 2 else "gpt-image-1")
    for place in (case.path_parameters, case.query):
        known = {"task_id": task, "model": model, "call_id": served.call}
        for name in known.keys() & (place or {}).keys():
            place[name] = known[name]
    body = case.body if isinstance(case.body, dict) else {}
    files: dict[str, Any] = {"image": picture()}
    if case.media_type == "multipart/form-data":
        files = {"file": wav(), "image": png()}
    steered: dict[str, Any] = {"task_id": task, "model": model, "index": 1, **files}
    for name, value in steered.items():
        if name in body and isinstance(body[name], str | int | bytes):
            body[name] = value
    pictures = body.get("image_urls")
    if isinstance(pictures, list):
        body["image_urls"] = [picture()] * min(2, len(pictures))
    if "ids" in body:
        body["ids"] = list(served.tasks)
    for name in ("webhook", "notifyHook"):
        body.pop(name, None)


def example_of(operation: Any) -> Case[Any]:
    """Return an operation with its documented body, or the fields that a form must have."""
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    media = next(iter(content), None)
    body: Any = NOT_SET
    if media == "application/json":
        body = deepcopy(content[media]["example"])
    elif media is not None:
        body = {"file": b"", "image": b"", "model": "", "prompt": "a fox"}
    named = re.findall(r"\{(\w+)\}", operation.path)
    query = {"model": ""} if operation.path == "/v1/model-schema" else {}
    made: Case[Any] = operation.Case(
        path_parameters=dict.fromkeys(named, "x"), query=query, body=body, media_type=media
    )
    return made


def wav() -> bytes:
    """A tenth of a second of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 2, 8000, 800, "NONE", ""))
        sound.writeframes(bytes(1600))
    return out.getvalue()


def drive(served: Served, operation: Any, examples: int) -> set[int]:
    """Ask an operation for what its schema allows and what not; return the statuses that came."""
    seen: set[int] = set()
    asked: dict[str, Any] = {"headers": HEADERS, "checks": CHECKS, "session": served.session}
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy() | wrong, way=st.integers(0, 5))
    def ask(case: Case[Any], way: int) -> None:
        if way:
            steer(case, served, way)
        seen.add(case.call_and_validate(**asked).status_code)

    ask()
    for way, _ in enumerate(served.tasks):
        case = example_of(operation)
        steer(case, served, way)
        seen.add(case.call_and_validate(**asked).status_code)
    return seen


def described(served: Served, paths: str) -> list[Any]:
    wire = schemathesis.openapi.from_url(f"{served.base_url}/openapi.json")
    found = wire.include(path_regex=paths).get_all_operations()
    return [one.ok() for one in found if isinstance(one, Ok)]


# schemathesis draws from `random` inside a strategy, which hypothesis frowns on.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize(
    ("paths", "least", "examples"),
    [("^/mj/", 32, 8), (MART, 34, 8), (OPENAI, 18, 8)],
    ids=["midjourney", "apimart", "openai"],
)
def test_a_wire_is_as_described(served: Served, paths: str, least: int, examples: int) -> None:
    operations = described(served, paths)
    assert len(operations) >= least
    for operation in operations:
        seen = drive(served, operation, examples)
        assert 200 in seen or UNREACHED.search(operation.path), (operation.label, seen)


def test_every_path_below_v1_is_fuzzed(served: Served) -> None:
    everything = {(one.method, one.path) for one in described(served, "^/(v1/|pricing)")}
    fuzzed = {(o.method, o.path) for p in (MART, OPENAI) for o in described(served, p)}
    assert fuzzed == everything
