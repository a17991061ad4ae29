"""The console's catalogue holds every sentence that the gateway can say to who uses it.

Which sentences count: all that are raised, stored or answered by the rooms below `app`, for the
console shows refusals of the wires that it speaks, and why tasks, channels and callbacks failed.
What does not count stands in `_SILENT`.
"""

from __future__ import annotations

import ast
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta
from pyreqwest import exceptions as web

import gesso
from gesso.domain.buttons import Deed
from gesso.domain.caller import Role
from gesso.domain.limits import What
from gesso.domain.task import Action, TaskStatus
from tests.house.sentences import HOLE, Mute, Reader
from tests.house.source import Module, load

ROOMS = Path(gesso.__file__).parent
CATALOGUE = Path(__file__).parents[2] / "console/src/i18n/zh/messages.json"
_CHINESE = re.compile("[一-鿿]")

#: What is never shown in the console, by the beginning of its path.
_SILENT = {
    "__main__": "the command line",
    "cli/": "the command line",
    "app/": "a gateway that does not start says why on the command line",
    "settings.py": "a gateway that does not start says why on the command line",
    "storage/migrat": "the command line",
    "storage/database.py": "a fault of ours, told to the log",
    "testing/": "who writes a provider",
    "kit/lock.py": "a gateway that does not start says why on the command line",
    "dialects/apimart/": "a wire that the console does not order on",
    "dialects/midjourney/endpoints.py": "the description of the API, in English",
    "dialects/openai/endpoints.py": "the description of the API, in English",
    "http/docs.py": "the description of the API, in English",
    "http/openapi.py": "the description of the API, in English",
}

#: Who says something without an error class: which argument it is.
_MOUTHS = {
    "Fail": (2, "reason"),
    "Cancel": (1, "reason"),
    "SendBack": (1, "error"),
    "TopUp": (3, "note"),
    "Try": (3, "error"),
    "Rule": (1, "argument"),
    "record_failure": (1, "reason"),
    "broke": (0, "reason"),
    "refuse_waiting": (0, "reason"),
}
#: Where a ValueError is what a caller is told.
_PLAIN_ERRORS = frozenset({"ledger/money.py", "ledger/price_file.py"})
#: Sentences that are looked up in a table, or put together line by line.
_TABLES = (
    ("domain/channel.py", "_FILTERS"),
    ("providers/sandbox.py", "_FAILURES"),
    ("painting/shorten.py", "explain"),
    ("services/manage_channels.py", "probe"),
)

_OTHERS = "the words of an upstream"
_KEPT = "read back from the books; it is heard where it was written"
_ELSEWHERE = "handed on; it is heard where it was said"
#: Messages that the code does not tell, by file and expression, with the reason why that is right.
_MUTES = {
    "dialects/*: say(*": "said in the language of the request",
    "dialects/admin/catalogue.py: str(error)": "the ValueErrors of the price file, see above",
    "dialects/admin/channels.py: reason": "what `probe` returns, see the tables",
    "dialects/admin/routes.py: fault": _ELSEWHERE,
    "dialects/admin/routes.py: message": "msgspec's, see the library",
    "dialects/admin/routes.py: [*]_place(error)[[]:1]": "msgspec's, see the library",
    "dialects/admin/wire.py: fault": _ELSEWHERE,
    "dialects/admin/wire.py: str(error)": "the ValueErrors of amounts, see above",
    "domain/channel.py: reason(wish)*": "the reasons of `_FILTERS`, see the tables",
    "kit/id_token.py: str(error)*": "the words of the library that reads tokens",
    "kit/picture.py: str(error)": "the words of Pillow about a bomb",
    "kit/web.py: _tell(*": "the innermost cause, see the library",
    "providers/apimart/__init__.py: reason": _OTHERS,
    "providers/apimart/__init__.py: str(error)": "what `Missing` says",
    "providers/diffusers/__init__.py: reason*": "what the engine said, or the model's library",
    "providers/mjproxy/__init__.py: reason": _OTHERS,
    "providers/mjproxy/__init__.py: str(error)": "what `Missing` says",
    "providers/sandbox.py: _FAILURES.get(code, code)": "see the tables",
    "services/manage_accounts.py: note": "an operator's own note",
    "services/manage_keys.py: str(error)*": "Python's words about a network, see the library",
    "services/settle.py: error": _ELSEWHERE,
    "services/step.py: repr(fault)*": "a bug of a provider, for who mends it",
    "storage/attempts.py: *": _KEPT,
    "storage/blobs.py: key*": "a key that is no key, for who mends it",
    "storage/deliveries.py: *": _ELSEWHERE,
    "upstream/http_provider.py: scrub(*": _OTHERS,
    "upstream/line.py: tell(error)": "the class of the error, see the library",
    "upstream/proxied.py: type(error).__name__": "the class of the error, see the library",
    "upstream/watch.py: type(failure).__name__": "the class of the error, see the library",
    "sandbox_models/responses.py: message": "the chat's sentence about another field",
}

#: Causes of a broken connection, as the HTTP client's own library words them.
_CAUSES = frozenset(
    {
        "Broken pipe (os error {})",
        "Connection refused (os error {})",
        "Connection reset by peer (os error {})",
        "Network is unreachable (os error {})",
        "No route to host (os error {})",
        "connection closed before message completed",
        "connection error",
        "deadline has elapsed",
        "invalid peer certificate: {}",
        "operation timed out",
        "tcp connect error",
    }
)


@cache
def _reader() -> Reader:
    reader = Reader(load(ROOMS, _SILENT), _MOUTHS, _PLAIN_ERRORS)
    reader.read()
    for path, name in _TABLES:
        reader.hear_all(path, name)
    return reader


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return found


def _fits(template: str, text: str) -> bool:
    return re.fullmatch("(.+)".join(map(re.escape, template.split(HOLE))), text) is not None


def _name(mute: Mute) -> str:
    return f"{mute.path}: {mute.code}"


def test_every_sentence_of_the_gateway_is_said_in_chinese() -> None:
    said = _catalogue()["sentences"]
    missing = {
        sentence: sorted(places)
        for sentence, places in _reader().sentences.items()
        if sentence not in said and not _CHINESE.search(sentence)
    }
    assert missing == {}


def test_no_entry_is_left_of_a_sentence_that_is_gone() -> None:
    spoken = set(_reader().sentences) | _CAUSES | _of_libraries()
    assert [one for one in _catalogue()["sentences"] if one not in spoken] == []


def test_every_message_can_be_told_or_says_why_not() -> None:
    names = [(_name(one), one.line) for one in _reader().mutes]
    unknown = [one for one in names if not any(fnmatchcase(one[0], known) for known in _MUTES)]
    assert unknown == [], "write it so that it can be read, or say in _MUTES why it cannot"
    unused = [k for k in _MUTES if not any(fnmatchcase(name, k) for name, _ in names)]
    assert unused == []


def test_every_silent_room_is_there() -> None:
    paths = [one.relative_to(ROOMS).as_posix() for one in ROOMS.rglob("*.py")]
    assert [one for one in _SILENT if not any(p.startswith(one) for p in paths)] == []


def test_the_catalogue_is_in_order_and_in_chinese() -> None:
    for part in _catalogue().values():
        assert list(part) == sorted(part)
    said = _catalogue()["sentences"] | _catalogue()["words"]
    foreign = [english for english, chinese in said.items() if not _CHINESE.search(chinese)]
    # A bare status has no words in either language.
    assert [one for one in foreign if re.sub("HTTP|[^A-Za-z]", "", one)] == []


@pytest.mark.parametrize("kind", [Action, TaskStatus, Deed, Role, What])
def test_every_word_that_is_put_into_a_sentence_is_said(kind: type[Enum]) -> None:
    known = _catalogue()["words"]
    # Reasons name these as the gateway writes them; pieces of dialogs have no place in one.
    assert [one.value for one in kind if one.value.lower() not in known] == []


def test_every_thing_that_a_path_of_the_admin_api_names_is_said() -> None:
    code = "".join(one.read_text() for one in ROOMS.glob("dialects/admin/*.py"))
    things = set(re.findall(r"\{(\w+)_id\}", code))
    assert things
    assert things <= set(_catalogue()["words"])


# Libraries whose words are passed on ----------------------------------------------------------


class _Kind(Enum):
    A = "a"


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    whole: Annotated[int, Meta(ge=1, le=3)] = 1
    text: Annotated[str, Meta(min_length=1, max_length=2, pattern="^a")] = "a"
    at: Annotated[datetime, Meta(tz=True)] | None = None
    kind: _Kind = _Kind.A
    inner: _Inner | None = None


class _Inner(msgspec.Struct, forbid_unknown_fields=True):
    needed: int


_BAD_BODIES = (
    b'{"whole":"a"}', b'{"whole":0}', b'{"whole":9}', b'{"text":""}', b'{"text":"aaa"}',
    b'{"text":"b"}', b'{"at":"x"}', b'{"at":"2026-01-01T00:00:00"}', b'{"kind":"z"}',
    b'{"other":1}', b'{"inner":{}}', b'{"inner":{"needed":1,"other":2}}', b'{"whole":1',
    b'{"whole":}', b'{"whole":1} x', b"[1]", b"{1:2}", b'{"whole":1,}', b"[1,]",
    b'{"whole":1.}', b'{"whole":1 "text":"a"}', b"[1 2]", b'{"text":"\\x"}', b'{"text":"\xff"}',
    b"{" + b'"a":{' * 20_000,
)  # fmt: skip


def _told(attempt: Callable[..., object], *given: Any, **named: Any) -> Iterator[str]:
    try:
        attempt(*given, **named)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        yield str(error)


def _library_texts() -> Iterator[str]:
    """Yield what libraries say of broken bodies and networks, and of broken connections."""
    for body in _BAD_BODIES:
        for kind in (_Body, _Inner, Any):
            for text in _told(msgspec.json.decode, body, type=kind):
                yield text
                # The admin API keeps the place apart; the sentence stands alone then.
                yield text.partition(" - at `$")[0]
                # What is wrong with JSON stands inside of where it is wrong.
                yield from re.findall(r"malformed: (.*) \(byte", text)
    for network in ("nonsense", "10.1.2.3/8"):
        yield from _told(ipaddress.ip_network, network)
    errors = [one for one in vars(web).values() if isinstance(one, type)]
    yield from (one.__name__ for one in errors if issubclass(one, web.PyreqwestError))


@cache
def _of_libraries() -> frozenset[str]:
    """Return the entries that some library's text needs."""
    entries = _catalogue()["sentences"]
    own = set(_reader().sentences)
    texts = set(_library_texts())
    return frozenset(
        one for one in entries if one not in own and any(_fits(one, text) for text in texts)
    )


def test_what_libraries_say_of_a_request_is_said_in_chinese() -> None:
    entries = _of_libraries()
    silent = [text for text in set(_library_texts()) if not any(_fits(e, text) for e in entries)]
    assert silent == []


# The reader itself -----------------------------------------------------------------------------

_SAMPLE = '''
import errors
PLAIN = "a constant"
class Odd(Exception):
    """Odd."""
class Coded(Odd):
    def __init__(self, code, message):
        super().__init__(message)
def refuse(message: str):
    raise Odd(message)
def word(on):
    return "on" if on else "off"
def first(whose: str, n):
    raise Odd(f"{whose} has {n:g} of " f"{PLAIN}")
def speak(n, on, upstream):
    upstream.gate.refuse(n.taken)
    refuse("one " + "sentence")
    raise Coded("x", f"it is {word(on)}")
    first("this key" if on else "this account", n)
    kind = "" if on else "whole "
    refuse(f"a {kind}number")
    raise Odd(upstream.text)
    log.info("not heard", reason="not at all")
    settle(reason=on or "kept for later")
'''


def test_the_reader_hears_what_is_said_and_notes_what_it_cannot_hear() -> None:
    reader = Reader([Module("sample.py", ast.parse(_SAMPLE))], {})
    reader.read()
    assert set(reader.sentences) == {
        "one sentence", "it is on", "it is off", "{} has {} of a constant", "this key",
        "this account", "a number", "a whole number", "kept for later",
    }  # fmt: skip
    assert {one.code for one in reader.mutes} == {"upstream.text", "on or 'kept for later'"}
