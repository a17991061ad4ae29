"""Every error says its code, whether it was charged and whether it may be sent again."""

from __future__ import annotations

from gesso.domain import errors
from gesso.domain.errors import GessoError


def kinds(root: type[GessoError] = GessoError) -> list[type[GessoError]]:
    found = [root]
    for kind in root.__subclasses__():
        found += kinds(kind)
    return found


def test_codes_are_unique_and_every_error_has_a_text() -> None:
    codes = [kind.code for kind in kinds()]
    assert len(set(codes)) == len(codes)
    for kind in kinds():
        assert kind().message
        assert kind("said").message == str(kind("said")) == "said"


def test_no_error_of_ours_takes_money() -> None:
    assert not any(kind.charged for kind in kinds())


def test_only_what_surely_did_not_happen_may_be_sent_again() -> None:
    retried = {kind for kind in kinds() if kind.retry}
    # A call under this Idempotency-Key runs: asking again gets its answer, not a second call.
    callers = {errors.RateLimited, errors.QueueFull, errors.NoChannel, errors.CallRunning}
    others = {errors.Unmoderated, errors.IssuerUnavailable, errors.Unavailable, errors.Locked}
    assert retried == callers | others
