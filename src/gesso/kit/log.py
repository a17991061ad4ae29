"""Logging: one event per line, readable for people or JSON for machines."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class _Stderr:
    """Standard error as it is when something is said; unheard where nobody reads it any more.

    A closed pipe behind it must not break who logs: a request, or the writer of all commits.
    """

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def set_up(*, as_json: bool, level: str = "INFO") -> None:
    """Send every log line, ours and the libraries', to standard error in one shape."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # Plain tracebacks: the pretty ones print local variables, keys among them.
        else structlog.dev.ConsoleRenderer(
            colors=not sys.stderr.closed and sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    trace = structlog.processors.format_exc_info if as_json else None
    structlog.configure(
        processors=[*shared, *([trace] if trace else []), last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
    # A task that goes back to the queue is told by us, once, and not as a fault.
    logging.getLogger("pgqueuer").setLevel(logging.ERROR)
