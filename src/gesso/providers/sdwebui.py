"""A Stable Diffusion web UI (AUTOMATIC1111, Forge and their kin) by its HTTP API.

The API answers an order when the pictures are there, in the same call. So a job runs as a
call of this process, under our reference as its task id. When the call is lost, the server
is asked whether it still works on that id; only when it surely does not, the job is done
again, with the same seed. The server keeps no result that could be fetched later.
"""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled, ProviderError, Refused, Unavailable, Uncertain
from gesso.domain.provider import Job, Manifest, Option, Progress, Stage
from gesso.kit import picture
from gesso.upstream import diffusion, option, pictures
from gesso.upstream.diffusion import Plan, Work
from gesso.upstream.line import Answer, Line, bearer
from gesso.upstream.scrub import scrub

_PATHS = {
    Work.TEXT: "/sdapi/v1/txt2img",
    Work.IMAGE: "/sdapi/v1/img2img",
    Work.MASK: "/sdapi/v1/img2img",
    Work.ENLARGE: "/sdapi/v1/extra-single-image",
}
#: Seconds in which a server that will not do an order says so.
_GRACE_S = 0.25
#: How often a job is begun whose call broke; one more than an unlucky restart needs.
_RUNS = 3
#: How often a waiting job that was cancelled is looked at until it can be interrupted.
_STOPS = 1000
#: How often the server may fail to answer that until it is left alone.
_FAILURES = 10
#: Results that nobody fetched are dropped after so many newer jobs.
_KEEP = 256
_STORED = "stored:"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the server says of one job."""

    active: bool = False
    queued: bool = False
    completed: bool = False  #: It was here and is over; its result went with its call.
    percent: int = 0
    preview: str = ""


#: What the server answers when a job of its own failed.
_OWN_ERRORS = frozenset({500})


class SDWebUI:
    """Talks to servers of this API."""

    manifest = Manifest(
        name="sdwebui",
        title="Stable Diffusion web UI",
        about="AUTOMATIC1111's web UI, Forge and others of its API, started with --api.",
        actions=diffusion.ACTIONS,
        needs_base_url=True,
        can_find=True,
        keeps_results=False,
        options=(
            *diffusion.OPTIONS,
            Option("model", "Checkpoint, as the server names it; empty leaves the loaded one."),
            Option("sampler", "Sampler, as the server names it.", "Euler a"),
            Option("scheduler", "Scheduler, as the server names it."),
            Option("upscaler", "Upscaler of single pictures.", "R-ESRGAN 4x+"),
            Option("batch", "Pictures that are sampled at once, 1–4; more need more memory.", "1"),
            Option("mask_blur", "Pixels over which a repainted region fades, 0–64.", "4"),
            Option("secret", "`user:password` of --api-auth, or a bearer token.", secret=True),
        ),
    )

    def __init__(self, *, poll_s: float, answer_s: float, max_result_bytes: int) -> None:
        """Take the seconds between two looks, the patience, and the largest answer."""
        self.manifest = replace(type(self).manifest, poll_s=poll_s)
        self._line = Line(_sign, max_result_bytes=max_result_bytes, answer_s=answer_s)
        self._runs: dict[str, asyncio.Task[Progress]] = {}
        self._begun: Counter[str] = Counter()
        self._stops: set[asyncio.Task[None]] = set()

    async def submit(self, job: Job) -> str:
        """Begin the call; what the server refuses at once is raised here."""
        plan = await diffusion.plan(job)
        if plan.work is Work.TAKE:
            return _STORED + job.reference
        path, body = write(job, plan)
        await self._check(job.channel)
        run = self._begin(job, plan, path, body)
        await asyncio.wait({run}, timeout=_GRACE_S)
        if run.done() and run.exception() is not None:
            self._forget(job.reference)
            run.result()
        return job.reference

    async def find(self, job: Job) -> str | None:
        """Return the job if it runs here, or if the server knows of it."""
        if job.reference in self._runs:
            return job.reference
        seen = await self._see(job)
        return job.reference if seen.active or seen.queued or seen.completed else None

    async def poll(self, job: Job, upstream_id: str) -> Progress:
        """Tell how far the call is; after a restart, wait for the server and begin again."""
        if upstream_id.startswith(_STORED):
            return await diffusion.take(job)
        run = self._runs.get(upstream_id)
        if run is not None and run.done():
            return self._end(job, run)
        seen = await self._see(job)
        if run is None and not seen.active and not seen.queued:
            return await self._repeat(job)
        preview = None
        if seen.preview:
            preview = await asyncio.to_thread(_read_preview, seen.preview)
        return Progress(Stage.WORKING, seen.percent, preview)

    async def probe(self, channel: Channel) -> None:
        """Ask for the progress of nothing: the server answers, and takes our credentials."""
        await self._check(channel)

    async def cancel(self, job: Job, upstream_id: str) -> None:
        """Interrupt the job where it runs; one that waits is interrupted at its turn."""
        if upstream_id.startswith(_STORED):
            return
        run = self._forget(upstream_id)
        if run is not None:
            run.cancel()
        try:
            if await self._interrupt(job):
                return
        except ProviderError:
            pass  # It is asked again below: nobody else will stop it.
        stop = asyncio.create_task(self._stop_later(job))
        self._stops.add(stop)
        stop.add_done_callback(self._stops.discard)

    # Running ----------------------------------------------------------------------------

    def _begin(self, job: Job, plan: Plan, path: str, body: Any) -> asyncio.Task[Progress]:
        for old in [r for r, run in self._runs.items() if run.done()][:-_KEEP]:
            self._forget(old)
        run = asyncio.create_task(self._run(job, plan, path, body))
        self._runs[job.reference] = run
        self._begun[job.reference] += 1
        return run

    async def _run(self, job: Job, plan: Plan, path: str, body: Any) -> Progress:
        answer = await self._line.order(job.channel, path, body, long=True, own_errors=_OWN_ERRORS)
        if answer.status >= 500:
            return diffusion.failed("refused", _reason(job.channel, answer))
        if not answer.is_ok:
            raise Refused(_reason(job.channel, answer))
        try:
            return await diffusion.finish(plan, _read_files(answer, plan))
        except Garbled as error:
            return diffusion.failed(error.code, error.message)

    def _end(self, job: Job, run: asyncio.Task[Progress]) -> Progress:
        try:
            progress = run.result()
        except Uncertain:
            # The call broke. The next look asks the server what became of the job.
            del self._runs[job.reference]
            return Progress(Stage.WORKING)
        except ProviderError as error:
            progress = diffusion.failed(error.code, error.message)
        self._forget(job.reference)
        return progress

    async def _repeat(self, job: Job) -> Progress:
        if self._begun[job.reference] >= _RUNS:
            self._forget(job.reference)
            return diffusion.failed("lost", "the connection broke while the picture was made")
        plan = await diffusion.plan(job)
        self._begin(job, plan, *write(job, plan))
        return Progress(Stage.WORKING)

    def _forget(self, reference: str) -> asyncio.Task[Progress] | None:
        self._begun.pop(reference, None)
        return self._runs.pop(reference, None)

    # Asking -----------------------------------------------------------------------------

    async def _check(self, channel: Channel) -> dict[str, Any]:
        path = "/sdapi/v1/progress?skip_current_image=true"
        try:
            answer = await self._line.ask(channel, "GET", path)
        except Garbled as error:
            raise Unavailable(error.message) from error
        if not isinstance(answer, dict) or "progress" not in answer:
            raise Unavailable("the upstream does not answer as a web UI with --api does")
        return answer

    async def _see(self, job: Job) -> _Seen:
        """Ask for one job by its id; servers without that tell of whatever runs there."""
        body = {"id_task": job.reference, "id_live_preview": -1, "live_preview": True}
        answer = await self._line.ask(job.channel, "POST", "/internal/progress", body)
        if isinstance(answer, dict) and "active" in answer:
            return _Seen(
                active=bool(answer["active"]),
                queued=bool(answer.get("queued")),
                completed=bool(answer.get("completed")),
                percent=_percent(answer.get("progress")),
                preview=str(answer.get("live_preview") or ""),
            )
        whole = await self._check(job.channel)
        state = whole.get("state")
        busy = isinstance(state, dict) and bool(state.get("job_count"))
        # With several of our jobs there, nobody knows whose progress this is.
        alone = len(self._runs) <= 1
        return _Seen(active=busy, percent=_percent(whole.get("progress")) if alone else 0)

    async def _interrupt(self, job: Job) -> bool:
        """Stop the job if it runs; return whether there is nothing left to stop."""
        seen = await self._see(job)
        if seen.active:
            await self._line.ask(job.channel, "POST", "/sdapi/v1/interrupt", {})
        return seen.active or not seen.queued

    async def _stop_later(self, job: Job) -> None:
        failures = 0
        for _ in range(_STOPS):
            await asyncio.sleep(max(self.manifest.poll_s, 0.05))
            try:
                if await self._interrupt(job):
                    return
            except ProviderError:
                failures += 1
                if failures > _FAILURES:
                    return


def open_provider(
    *,
    upstream_poll_s: float = 1.0,
    upstream_answer_s: float = 30.0,
    max_result_bytes: int = 256 * 1024 * 1024,
    **_: Any,
) -> SDWebUI:
    """Open the provider."""
    return SDWebUI(
        poll_s=upstream_poll_s, answer_s=upstream_answer_s, max_result_bytes=max_result_bytes
    )


def write(job: Job, plan: Plan) -> tuple[str, dict[str, Any]]:
    """Return path and body of the call that does a plan."""
    channel = job.channel
    if plan.work is Work.ENLARGE:
        assert plan.source is not None
        factor = plan.size[0] / max(1, pictures.size_of(plan.source)[0])
        body: dict[str, Any] = {
            "image": _base64(plan.source),
            "resize_mode": 0,
            "upscaling_resize": factor,
            "upscaler_1": option.text(channel, "upscaler", "R-ESRGAN 4x+"),
        }
        return _PATHS[plan.work], body
    at_once = min(plan.count, option.whole(channel, "batch", 1, 1, 4))
    while plan.count % at_once:
        at_once -= 1
    body = {
        "prompt": plan.words,
        "negative_prompt": plan.unwanted,
        "seed": plan.seed,
        "width": plan.size[0],
        "height": plan.size[1],
        "steps": plan.steps,
        "cfg_scale": plan.cfg,
        "sampler_name": option.text(channel, "sampler", "Euler a"),
        "batch_size": at_once,
        "n_iter": plan.count // at_once,
        "tiling": plan.seamless,
        "send_images": True,
        "save_images": False,
        "do_not_save_grid": True,
        "force_task_id": job.reference,
    }
    if scheduler := option.text(channel, "scheduler"):
        body["scheduler"] = scheduler
    if model := option.text(channel, "model"):
        # Left as it is afterwards: going back would load two models for every order.
        body["override_settings"] = {"sd_model_checkpoint": model}
        body["override_settings_restore_afterwards"] = False
    return _PATHS[plan.work], body | _from_picture(channel, plan)


def _from_picture(channel: Channel, plan: Plan) -> dict[str, Any]:
    if plan.source is None:
        return {}
    more: dict[str, Any] = {
        "init_images": [_base64(plan.source)],
        "denoising_strength": plan.denoise,
        "resize_mode": 0,
    }
    if plan.mask is not None:
        more |= {
            "mask": _base64(plan.mask),
            "mask_blur": option.whole(channel, "mask_blur", 4, 0, 64),
            "inpainting_fill": 1,  # begin with what is there: the plan has filled new parts
            "inpaint_full_res": False,
            "inpainting_mask_invert": 0,
        }
    return more


def _read_files(answer: Answer, plan: Plan) -> Sequence[bytes]:
    shown = answer.body.get("images")
    if plan.work is Work.ENLARGE:
        shown = [answer.body.get("image")]
    if not isinstance(shown, list) or not all(isinstance(one, str) for one in shown):
        raise Garbled("the upstream is done and names no pictures")
    limits = picture.Limits(max_bytes=256 * 1024 * 1024)
    try:
        files = [picture.decode_base64(one, limits) for one in shown]
    except picture.PictureRefused as refusal:
        raise Garbled(f"the upstream sent a broken picture: {refusal}") from refusal
    # A grid of the server's own may stand before the single pictures.
    return files[max(0, len(files) - plan.count) :]


def _reason(channel: Channel, answer: Answer) -> str:
    """Return why the server did not do it: its handlers name that in several fields."""
    body = answer.body
    said: Any = body.get("errors") or body.get("detail") or body.get("error")
    if isinstance(said, list):
        said = "; ".join(_fault(one) for one in said)
    if isinstance(said, dict):
        said = msgspec.json.encode(said).decode()
    return scrub(channel, f"{said or 'no reason given'} (HTTP {answer.status})")


def _fault(one: Any) -> str:
    """Return one entry of a list of wrong fields, as the server's framework writes it."""
    if not isinstance(one, dict):
        return str(one)
    place = one.get("loc")
    where = ".".join(str(part) for part in place) if isinstance(place, list) else ""
    return f"{where}: {one.get('msg')}"


def _sign(channel: Channel) -> dict[str, str]:
    secret = option.text(channel, "secret")
    if ":" not in secret:
        return bearer(replace(channel, options={"api_key": secret}))
    return {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}


def _percent(share: Any) -> int:
    if not isinstance(share, int | float) or isinstance(share, bool):
        return 0
    return min(99, max(0, int(share * 100)))


def _read_preview(text: str) -> bytes | None:
    try:
        return pictures.preview(picture.decode_base64(text, picture.Limits()))
    except picture.PictureRefused:
        return None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
