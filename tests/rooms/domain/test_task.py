"""The table of moves: every path ends, and nothing leaves an end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain.errors import IllegalMove
from gesso.domain.task import FINAL, HELD, MOVES, OPEN, Action, Lane, Task, TaskStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def task(status: TaskStatus = TaskStatus.QUEUED) -> Task:
    return Task(1, "acc", "key", Action.IMAGINE, status, Lane.FAST, NOW)


def test_the_table_knows_every_status() -> None:
    assert set(MOVES) == set(TaskStatus)
    assert {TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED} == FINAL
    assert set(TaskStatus) == OPEN | FINAL
    assert TaskStatus.NEEDS_INPUT not in HELD


@pytest.mark.parametrize("status", list(TaskStatus))
def test_every_status_reaches_an_end(status: TaskStatus) -> None:
    seen, left = set(), {status}
    while left:
        one = left.pop()
        seen.add(one)
        left |= MOVES[one] - seen
    assert seen & FINAL


@given(st.sampled_from(list(TaskStatus)), st.sampled_from(list(TaskStatus)))
def test_only_moves_of_the_table_are_made(start: TaskStatus, to: TaskStatus) -> None:
    if to in MOVES[start]:
        moved = task(start).move(to, now=NOW)
        assert moved.status is to
        assert moved.version == 1
        assert (moved.progress == 100) == (to in FINAL)
        assert (moved.finished_at == NOW) == (to in FINAL)
    else:
        with pytest.raises(IllegalMove):
            task(start).move(to, now=NOW)


@given(st.lists(st.integers(-5, 200)))
def test_progress_never_goes_back_and_stays_below_the_end(steps: list[int]) -> None:
    running = task(TaskStatus.RUNNING)
    for step in steps:
        before = running.progress
        running = running.advance(step, now=NOW)
        assert before <= running.progress <= 99


@pytest.mark.parametrize("status", sorted(set(TaskStatus) - {TaskStatus.RUNNING}))
def test_only_a_running_task_makes_progress(status: TaskStatus) -> None:
    with pytest.raises(IllegalMove):
        task(status).advance(10, now=NOW)
