"""Log lines go to standard error, as text or one JSON object per line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SAY = """
import sys, structlog
from gesso.kit.log import set_up
set_up(as_json=sys.argv[1] == "json")
secret = "sk-hidden"
log = structlog.get_logger()
log.debug("quiet")
log.info("said", task_id=5, word="词")
try:
    raise ValueError("no")
except ValueError:
    log.exception("broke")
"""


def say(kind: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SAY, kind], capture_output=True, text=True, check=True
    )


def test_json_is_one_object_per_line() -> None:
    done = say("json")
    assert done.stdout == ""
    said, broke = [json.loads(line) for line in done.stderr.splitlines()]
    assert (said["event"], said["task_id"], said["word"]) == ("said", 5, "词")
    assert said["timestamp"].endswith("Z")
    assert "ValueError: no" in broke["exception"]


@pytest.mark.parametrize("kind", ["json", "text"])
def test_a_traceback_shows_no_variables(kind: str) -> None:
    shown = say(kind).stderr
    assert "ValueError: no" in shown
    assert "quiet" not in shown
    assert "hidden" not in shown.replace('secret = "sk-hidden"', "")


@pytest.mark.parametrize("kind", ["json", "text"])
@pytest.mark.parametrize("ended", ["os.close(2)", "sys.stderr.close()", "pass"])
def test_who_logs_goes_on_when_nobody_listens(kind: str, ended: str) -> None:
    """Whether standard error was closed here, or the program that read it has gone."""
    code = f"import os, sys\n{ended}\n{SAY}\nlog.info('x' * 100_000)\nprint('went on')"
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-c", code, kind], stdout=subprocess.PIPE, stderr=writes, check=False
    )
    os.close(writes)
    assert done.stdout == b"went on\n"
