"""Random bytes: as many as asked for, never twice, not in a forked child either."""

from __future__ import annotations

import os

from gesso.kit import dice


def test_nothing_is_drawn_twice() -> None:
    drawn = [dice.draw(12) for _ in range(2000)]  # several fetches
    assert {len(one) for one in drawn} == {12}
    assert len(set(drawn)) == 2000


def test_a_forked_child_draws_its_own() -> None:
    dice.draw(1)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, dice.draw(16))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) != dice.draw(16)
