"""Every error has its status, and new ones inherit a sensible one."""

from __future__ import annotations

import pytest

from gesso.domain import errors
from gesso.domain.errors import GessoError
from gesso.http.faults import status_of


def kinds(root: type[GessoError] = GessoError) -> list[type[GessoError]]:
    found = [root]
    for kind in root.__subclasses__():
        found += kinds(kind)
    return found


@pytest.mark.parametrize("kind", kinds(), ids=lambda k: k.__name__)
def test_the_callers_faults_are_4xx_and_ours_are_5xx(kind: type[GessoError]) -> None:
    status = status_of(kind("x"))
    expected = 4 if issubclass(kind, errors.CallerError) else 5
    # That nobody is there to serve or to check is nobody's fault outside: it may be sent again.
    absent = kind in {errors.NoChannel, errors.Unmoderated, errors.IssuerUnavailable}
    assert status // 100 == (5 if absent else expected)
    if status == 429:
        assert kind.retry


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.PictureRejected("x"), 400),
        (errors.NotAuthenticated("x"), 401),
        (errors.InsufficientFunds("x"), 402),
        (errors.NotFound("x"), 404),
        (errors.KeyReused("x"), 409),
        (errors.TooLarge("x"), 413),
    ],
)
def test_statuses_that_clients_know(error: GessoError, status: int) -> None:
    assert status_of(error) == status
