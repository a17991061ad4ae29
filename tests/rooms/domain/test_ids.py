"""Two faces of one id."""

from __future__ import annotations

import contextlib
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain import ids
from gesso.domain.errors import NotFound
from gesso.domain.ids import new_task_id, read_task_id, ulid_time, write_ulid

NOW = datetime(2026, 11, 20, 12, 0, 0, 123000, tzinfo=UTC)


@given(st.integers(10**15, 10**16 - 1), st.integers(0, 10**9))
def test_either_face_leads_to_the_task(task_id: int, seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    face = write_ulid(task_id, moment)
    assert len(face) == 31
    assert read_task_id(face) == read_task_id(str(task_id)) == task_id
    assert abs(ulid_time(face) - moment) < timedelta(milliseconds=2)


def test_calls_stand_in_the_order_of_their_time() -> None:
    moments = [NOW + timedelta(milliseconds=n) for n in (0, 1, 70_000, 10**12)]
    drawn = [ids.new_call_id(moment) for moment in moments]
    assert drawn == sorted(drawn)
    assert len({ids.new_call_id(NOW) for _ in range(1000)}) == 1000
    assert all(len(one) == 33 for one in drawn)


@given(st.text(max_size=40))
def test_anything_else_is_not_found(text: str) -> None:
    with contextlib.suppress(NotFound):
        assert 10**15 <= read_task_id(text) < 10**16


@pytest.mark.parametrize(
    "text",
    ["", "1", "0123456789012345", "１２３４５６７８９０１２３４５６", "task_", "task_" + "U" * 26],
)
def test_near_misses(text: str) -> None:
    with pytest.raises(NotFound):
        read_task_id(text)


def test_ids_do_not_repeat() -> None:
    assert len({new_task_id() for _ in range(10_000)}) == 10_000


@given(st.integers(10**15, 10**16 - 1))
def test_the_uuid_face_leads_back(task_id: int) -> None:
    text = ids.write_uuid(task_id)
    assert uuid.UUID(text).version == 4
    assert uuid.UUID(text).variant == uuid.RFC_4122
    assert ids.read_uuid(text.upper()) == task_id


@pytest.mark.parametrize(
    "text", ["", "x", str(uuid.UUID(int=0)), "7c9e6679-7425-40de-944b-e07fc1f90ae7"]
)
def test_a_strange_uuid_leads_nowhere(text: str) -> None:
    with pytest.raises(NotFound):
        ids.read_uuid(text)
