"""Snapshots that are kept for those who come back: in order, bounded, and only for a while."""

from __future__ import annotations

from dataclasses import replace

from gesso.domain.task import Action, Lane, Task, TaskStatus
from gesso.kit import clock
from gesso.services.recent import Recent


def snapshot(task_id: int, version: int) -> Task:
    made = Task(task_id, "acc", "key", Action.IMAGINE, TaskStatus.RUNNING, Lane.FAST, clock.now())
    return replace(made, version=version)


def test_what_came_after_a_version_is_told_in_order() -> None:
    recent = Recent()
    for version in (1, 2, 2, 1, 5):
        recent.keep(snapshot(7, version))
    assert [t.version for t in recent.since(7, 1)] == [2, 5]
    assert recent.since(7, 5) == recent.since(8, 0) == []


def test_the_oldest_snapshots_of_all_tasks_go_first() -> None:
    recent = Recent(most=3)
    for task_id, version in ((1, 1), (2, 1), (1, 2), (2, 2), (2, 3)):
        recent.keep(snapshot(task_id, version))
    assert [t.version for t in recent.since(1, 0)] == [2]
    assert [t.version for t in recent.since(2, 0)] == [2, 3]
    recent.keep(snapshot(3, 1))
    assert recent.since(1, 0) == []


def test_a_task_is_followed_for_a_while_after_its_last_watcher() -> None:
    recent, forgetful = Recent(most=2), Recent(linger_s=-1)
    for one in (recent, forgetful):
        assert not one.follows(1)
        one.leave(1)
    assert recent.follows(1)
    assert not forgetful.follows(1)
    recent.leave(2)
    recent.leave(3)
    assert not recent.follows(1)
    assert recent.follows(3)
