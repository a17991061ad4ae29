"""The worker process as the gateway sees it: orders go in, news come out."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gesso.providers.diffusers import engine
from gesso.providers.diffusers.engine import Load, Request, Settings


@dataclass(slots=True)
class Run:
    """One job under way: `files` when it is done, `failure` when it has failed."""

    percent: int = 0
    preview: bytes | None = None
    files: list[bytes] | None = None
    failure: str | None = None


class Worker:
    """Owns one process, which is started with the first job."""

    def __init__(self, load: Load, settings: Settings) -> None:
        """Start the process. It ends by itself when this one does."""
        # Imported here: a gateway without such a channel never needs it.
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self._settings = settings
        self._runs: dict[str, Run] = {}
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=engine.serve, args=(theirs, load, settings), daemon=True, name="gesso-diffusers"
        )
        self._process.start()
        theirs.close()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True, name="diffusers-news").start()

    def fits(self, settings: Settings) -> bool:
        """Say whether this process runs and has the model that is wanted."""
        return self._process.is_alive() and settings == self._settings

    def paint(self, request: Request) -> Run:
        """Queue a job; what becomes of it is seen in the run."""
        run = self._runs[request.reference] = Run()
        self._send(("paint", request))
        return run

    def stop(self, reference: str) -> None:
        """Stop a job, or take it out of the queue."""
        self._runs.pop(reference, None)
        self._send(("stop", reference))

    def retire(self) -> None:
        """Let the process end with the jobs that it has."""
        self._send(("retire", ""))

    def close(self) -> None:
        """End the process; what it had to do has failed."""
        self._process.terminate()

    def _send(self, message: tuple[str, Any]) -> None:
        # When the process is gone, the reader says so to every run.
        with suppress(OSError):
            self._pipe.send(message)

    def _read(self) -> None:
        """Pass news on to the event loop until the process ends."""
        while True:
            try:
                news = self._pipe.recv()
            except (EOFError, OSError):
                break
            with suppress(RuntimeError):  # the loop may be closed already
                self._loop.call_soon_threadsafe(self._hear, *news)
        self._process.join()
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._bury)

    def _hear(self, kind: str, reference: str, value: Any) -> None:
        run = self._runs.get(reference)
        if run is None:
            return
        if kind == "percent":
            run.percent = max(run.percent, int(value))
        elif kind == "preview":
            run.preview = value
        else:
            del self._runs[reference]
            if kind == "done":
                run.files = list(value)
            else:
                run.failure = str(value)

    def _bury(self) -> None:
        code = self._process.exitcode
        for run in self._runs.values():
            run.failure = f"the worker process ended (exit code {code}); is there enough memory?"
        self._runs.clear()
