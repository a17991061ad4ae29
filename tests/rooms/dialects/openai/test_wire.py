"""Errors of this wire."""

from __future__ import annotations

import json

import pytest

from gesso.dialects.openai.wire import read_error, write_error
from gesso.domain import errors
from gesso.http.faults import status_of


@pytest.mark.parametrize(
    ("error", "shape"),
    [
        (errors.NotAuthenticated(), (401, "invalid_request_error", "invalid_api_key")),
        (errors.UnknownModel(), (404, "invalid_request_error", "model_not_found")),
        (errors.InsufficientFunds(), (429, "insufficient_quota", "insufficient_quota")),
        (errors.RateLimited(), (429, "rate_limit_exceeded", "rate_limit_exceeded")),
        (errors.InvalidOrder(), (400, "invalid_request_error", "invalid_order")),
        (errors.TooLarge(), (413, "invalid_request_error", "too_large")),
        (errors.Unavailable(), (503, "server_error", "upstream_error")),
        (errors.Refused(), (502, "server_error", "upstream_refused")),
        (errors.GessoError(), (500, "server_error", "internal_error")),
    ],
)
def test_every_error_has_its_shape(error: errors.GessoError, shape: tuple[int, str, str]) -> None:
    assert read_error(error, status_of(error)) == shape


def test_the_envelope_has_all_four_fields() -> None:
    body = json.loads(write_error("m", "t", param="p"))
    assert body == {"error": {"message": "m", "type": "t", "param": "p", "code": None}}
