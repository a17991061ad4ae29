"""Ids: one task, one id, two faces (wire/decisions 2).

A task's id is a random 16-digit decimal number: the face on `/mj`. Its other face,
`task_` + a 26-character ULID, carries the submit time in its 48 time bits and the same
number in its 80 free bits, so either face leads to the row without a second index.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from gesso.domain.errors import NotFound
from gesso.kit import dice

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {c: i for i, c in enumerate(_CROCKFORD)}
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_LOWEST, _HIGHEST = 10**15, 10**16
#: Spreads the number over the free bits, so that two faces of neighbouring tasks look apart.
#: Any odd constant is invertible modulo 2**80.
_STRIDE = 0x9E3779B97F4A7C15F39D
_INVERSE = pow(_STRIDE, -1, 1 << 80)
_UUID_STRIDE = 0x27D4EB2F165667C59E3779B97F4A7C1
_UUID_INVERSE = pow(_UUID_STRIDE, -1, 1 << 122)


def new_task_id() -> int:
    """Draw a task id that cannot be guessed: 16 digits, the first not zero."""
    while True:
        # 53 bits are just above the span: nearly each draw fits, and all ids are as likely.
        number = int.from_bytes(dice.draw(7), "big") >> 3
        if number < _HIGHEST - _LOWEST:
            return _LOWEST + number


def new_id(prefix: str) -> str:
    """Draw an id such as `acc_…` for anything that is not a task."""
    return f"{prefix}_{dice.draw(12).hex()}"


def new_call_id(at: datetime) -> str:
    """Draw the id of a relayed call, which begins with its time.

    Rows of one moment then stand side by side in every index: a commit changes fewer pages of
    the database, and a table of millions needs no more of it in memory.
    """
    return f"call_{int(at.timestamp() * 1000):012x}{dice.draw(8).hex()}"


def write_uuid(task_id: int) -> str:
    """Return the UUID that the buttons of a task's result carry.

    It is another face of the number, spread over the 122 free bits of a version 4 UUID, so
    that a UUID alone leads to its task without an index.
    """
    spread = task_id * _UUID_STRIDE % (1 << 122)
    high, middle, low = spread >> 74, spread >> 62 & 0xFFF, spread & (1 << 62) - 1
    return str(uuid.UUID(int=high << 80 | 4 << 76 | middle << 64 | 2 << 62 | low))


def read_uuid(text: str) -> int:
    """Return the task id of a UUID that `write_uuid` made; raises NotFound for another."""
    try:
        number = uuid.UUID(text).int
    except ValueError:
        raise NotFound(f"no such job: {text[:40]}") from None
    spread = number >> 80 << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
    task_id = spread * _UUID_INVERSE % (1 << 122)
    if not _LOWEST <= task_id < _HIGHEST:
        raise NotFound(f"no such job: {text[:40]}")
    return task_id


def write_ulid(task_id: int, submitted_at: datetime) -> str:
    """Return the `task_…` face of a task."""
    millis = int(submitted_at.timestamp() * 1000)
    number = (millis << 80) | (task_id * _STRIDE % (1 << 80))
    digits = [_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)]
    return "task_" + "".join(digits)


def read_task_id(text: str) -> int:
    """Return the task id of either face; raises NotFound for anything else."""
    # str.isdigit and int() take other scripts' digits too; ids are ASCII.
    if re.fullmatch(r"[1-9][0-9]{15}", text):
        return int(text)
    if re.fullmatch(rf"task_[0-7][{_CROCKFORD}]{{25}}", text):
        number = 0
        for char in text[5:]:
            number = number << 5 | _VALUE[char]
        task_id = (number & (1 << 80) - 1) * _INVERSE % (1 << 80)
        if _LOWEST <= task_id < _HIGHEST:
            return task_id
    raise NotFound(f"no such task: {text[:40]}")


def ulid_time(text: str) -> datetime:
    """Return the submit time inside a `task_…` face (for tests and support)."""
    number = 0
    for char in text[5:]:
        number = number << 5 | _VALUE[char]
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)
