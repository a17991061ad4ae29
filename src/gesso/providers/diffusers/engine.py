"""The worker process: loads a model once and paints one job after another.

Nothing but this file imports PyTorch, and only inside functions that run in the worker
process.
"""

from __future__ import annotations

import inspect
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True)
class Settings:
    """Which model a process loads, and where it runs."""

    model: str
    device: str = ""
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One job, as it travels to the worker process."""

    reference: str
    work: str  #: txt2img, img2img or inpaint.
    words: str
    unwanted: str
    size: tuple[int, int]
    seeds: tuple[int, ...]  #: One for each picture.
    steps: int
    cfg: float
    denoise: float
    source: bytes | None = None
    mask: bytes | None = None


class Stopped(Exception):
    """The job that is being painted was stopped."""


class Painter(Protocol):
    """A loaded model."""

    def paint(self, request: Request, step: Callable[[float], None]) -> Iterator[bytes]:
        """Give one PNG for each seed; `step` is told shares of 0–1 and raises Stopped."""


Load = Callable[[Settings], Painter]


def serve(pipe: Connection, load: Load, settings: Settings) -> None:
    """Take orders from a pipe until its other end is gone."""
    desk = _Desk(pipe)
    try:
        painter = load(settings)
    except Exception as error:
        # And end: the next job starts a new process, with a model that was mended meanwhile.
        desk.refuse_waiting(f"the model cannot be loaded: {type(error).__name__}: {error}")
        return
    while True:
        request = desk.next()
        if request is None:
            return
        try:
            files = []
            for data in painter.paint(request, desk.step):
                files.append(data)
                desk.tell("preview", data)
            desk.tell("done", files)
        except Stopped:
            continue
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:
            desk.tell("failed", f"{type(error).__name__}: {error}")


class _Desk:
    """The worker's side of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._waiting: deque[Request] = deque()
        self._current: Request | None = None
        self._stopped = False
        self._retires = False

    def next(self) -> Request | None:
        """Wait for the next job; None when nobody is left to order one."""
        try:
            while not self._waiting:
                if self._retires:
                    return None
                self._take(*self._pipe.recv())
        except (EOFError, OSError):
            return None
        self._current, self._stopped = self._waiting.popleft(), False
        return self._current

    def step(self, share: float) -> None:
        """Tell how far the job is; raises Stopped, or EOFError when the gateway is gone."""
        while self._pipe.poll():
            self._take(*self._pipe.recv())
        if self._stopped:
            raise Stopped
        self.tell("percent", int(share * 100))

    def tell(self, kind: str, value: Any) -> None:
        """Send news of the current job."""
        assert self._current is not None
        self._pipe.send((kind, self._current.reference, value))

    def refuse_waiting(self, reason: str) -> None:
        """Fail every job that was ordered so far."""
        while self.next() is not None:
            self.tell("failed", reason)
            while self._pipe.poll():
                self._take(*self._pipe.recv())
            if not self._waiting:
                return

    def _take(self, kind: str, value: Any) -> None:
        if kind == "paint":
            self._waiting.append(value)
            return
        if kind == "retire":
            self._retires = True
            return
        self._waiting = deque(one for one in self._waiting if one.reference != value)
        if self._current is not None and self._current.reference == value:
            self._stopped = True


# PyTorch -------------------------------------------------------------------------------------


def load(settings: Settings) -> Painter:
    """Load a model directory; raises whatever PyTorch and diffusers raise."""
    import torch
    from diffusers import AutoPipelineForText2Image

    device = settings.device or _best_device(torch)
    dtype = settings.dtype or ("float32" if device == "cpu" else "float16")
    # Only what lies in the directory: nothing is ever fetched.
    pipe = AutoPipelineForText2Image.from_pretrained(
        settings.model, local_files_only=True, torch_dtype=getattr(torch, dtype)
    )
    pipe.set_progress_bar_config(disable=True)
    return _Pipelines(torch, pipe.to(device))


def _best_device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class _Pipelines:
    """One set of weights behind the three pipelines of diffusers."""

    def __init__(self, torch: Any, pipe: Any) -> None:
        self._torch = torch
        self._pipes = {"txt2img": pipe}

    def paint(self, request: Request, step: Callable[[float], None]) -> Iterator[bytes]:
        pipe = self._pipe(request.work)
        known = inspect.signature(pipe.__call__).parameters
        values = {k: v for k, v in self._values(request).items() if k in known}
        for number, seed in enumerate(request.seeds):
            # Drawn on the CPU, so that a seed gives the same noise on every device.
            generator = self._torch.Generator("cpu").manual_seed(seed)
            told = _steps(request, number, step)
            result = pipe(**values, generator=generator, callback_on_step_end=told)
            out = io.BytesIO()
            result.images[0].convert("RGB").save(out, "PNG")
            yield out.getvalue()

    def _pipe(self, work: str) -> Any:
        if work not in self._pipes:
            from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

            kind = AutoPipelineForImage2Image if work == "img2img" else AutoPipelineForInpainting
            made = kind.from_pipe(self._pipes["txt2img"])
            made.set_progress_bar_config(disable=True)
            self._pipes[work] = made
        return self._pipes[work]

    def _values(self, request: Request) -> dict[str, Any]:
        from PIL import Image

        values: dict[str, Any] = {
            "prompt": request.words,
            "negative_prompt": request.unwanted or None,
            "num_inference_steps": request.steps,
            "guidance_scale": request.cfg,
            "width": request.size[0],
            "height": request.size[1],
        }
        if request.source is not None:
            values["image"] = Image.open(io.BytesIO(request.source)).convert("RGB")
            # At least one step must be left to take.
            values["strength"] = max(request.denoise, 1 / request.steps)
        if request.mask is not None:
            values["mask_image"] = Image.open(io.BytesIO(request.mask)).convert("L")
        return values


def _steps(request: Request, number: int, step: Callable[[float], None]) -> Any:
    """Return what diffusers calls after each step of one picture."""
    strength = request.denoise if request.source is not None else 1.0
    most = max(1, int(request.steps * strength))

    def told(pipe: Any, done: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        step((number + min(1.0, (done + 1) / most)) / len(request.seeds))
        return values

    return told
