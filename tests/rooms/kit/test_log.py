"""Log lines go to standard error, as text or one JSON object per line."""

from __future__ import annotations

import json
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
