"""One holder at a time; a holder that died holds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gesso.kit.lock import Locked, exclusive

HOLD = """
import sys, time
from pathlib import Path
from gesso.kit.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path), pytest.raises(Locked), exclusive(path):
        raise AssertionError("both hold it")
    with exclusive(path):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked), exclusive(path):
            raise AssertionError("both hold it")
        holder.kill()
        holder.wait()
    with exclusive(path):
        pass
