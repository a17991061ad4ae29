"""An imitation of the Stable Diffusion web UI's API: one job at a time, by task id."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gesso.testing.rig import SECRET, Trouble
from tests.upstreams.imitation import Imitation, dropped

STEPS = 4
_STEP_S = 0.015
#: The fields of this API that the imitation knows, with their types.
_COMMON: dict[str, Any] = {
    "prompt": str, "negative_prompt": str, "seed": int, "width": int, "height": int,
    "steps": int, "cfg_scale": (int, float), "sampler_name": str, "scheduler": str,
    "batch_size": int, "n_iter": int, "tiling": bool, "send_images": bool, "save_images": bool,
    "do_not_save_grid": bool, "force_task_id": str, "override_settings": dict,
    "override_settings_restore_afterwards": bool,
}  # fmt: skip
_FROM_PICTURE: dict[str, Any] = {
    "init_images": list, "denoising_strength": (int, float), "resize_mode": int, "mask": str,
    "mask_blur": int, "inpainting_fill": int, "inpaint_full_res": bool,
    "inpainting_mask_invert": int,
}  # fmt: skip
_UPSCALE: dict[str, Any] = {
    "image": str, "resize_mode": int, "upscaling_resize": (int, float), "upscaler_1": str,
}  # fmt: skip


def read(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text, validate=True)))


def show(image: Image.Image) -> str:
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


class SDWebUI(Imitation):
    """One server; `knows_ids` is whether it tells of one job by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.knows_ids = True
        self._lock = asyncio.Lock()
        self._queued: set[str] = set()
        self._over: set[str] = set()
        self._active = ""
        self._step = 0
        self._interrupted = False

    # Working ----------------------------------------------------------------------------

    async def paint(self, request: Request) -> Response:
        stopped = await self.in_the_way(request, order=True)
        if stopped is not None:
            return stopped
        body = await request.json()
        path = request.url.path.rpartition("/")[2]
        self.heard.append((path, body))
        known = _COMMON | (_FROM_PICTURE if path == "img2img" else {})
        fault = self._fault(body, known) or self._wrong_sizes(body)
        if fault or self.trouble is Trouble.REFUSE:
            return JSONResponse({"detail": fault or f"Sampler not found ({self.complaint})"}, 422)
        work = asyncio.create_task(self._work(body))
        if self.trouble is Trouble.LOSE:
            return dropped()
        # The real server goes on when the caller leaves.
        return await asyncio.shield(work)

    async def _work(self, body: dict[str, Any]) -> Response:
        job = body["force_task_id"]
        self._queued.add(job)
        async with self._lock:
            self._queued.discard(job)
            self._active, self._step, self._interrupted = job, 0, False
            self.begins(job)
            try:
                for self._step in range(STEPS):
                    await asyncio.sleep(_STEP_S)
                    while self.trouble is Trouble.STUCK and not self._interrupted:
                        await asyncio.sleep(_STEP_S)
            finally:
                self._active = ""
                self._over.add(job)
                self.ends(job)
        if self.trouble is Trouble.FAIL:
            fields = {"error": "OutOfMemoryError", "detail": "", "errors": self.complaint}
            return JSONResponse(fields, 500)
        if self.trouble is Trouble.BROKEN:
            return JSONResponse({"images": [base64.b64encode(b"none").decode()] * 4, "info": "{}"})
        images = [show(self._image(body, n)) for n in range(body["batch_size"] * body["n_iter"])]
        return JSONResponse({"images": images, "parameters": {}, "info": "{}"})

    def _image(self, body: dict[str, Any], number: int) -> Image.Image:
        size = body["width"], body["height"]
        colour = ((body["seed"] + number) * 40 % 256, 90, 160)
        image = Image.new("RGB", size, colour)
        if "init_images" in body:
            before = read(body["init_images"][0]).convert("RGB")
            image = Image.blend(before, image, body["denoising_strength"])
        return image

    async def enlarge(self, request: Request) -> Response:
        stopped = await self.in_the_way(request, order=True)
        if stopped is not None:
            return stopped
        body = await request.json()
        self.heard.append(("extra-single-image", body))
        fault = self._fault(body, _UPSCALE)
        if fault:
            return JSONResponse({"detail": fault}, 422)
        self.started += 1
        image, factor = read(body["image"]), body["upscaling_resize"]
        size = round(image.width * factor), round(image.height * factor)
        return JSONResponse({"image": show(image.resize(size)), "html_info": ""})

    def _fault(self, body: dict[str, Any], known: dict[str, Any]) -> str:
        for name, value in body.items():
            kinds = known.get(name)
            wrong = kinds is None or not isinstance(value, kinds)
            if wrong or (isinstance(value, bool) and kinds is int):
                self.wrong.append(f"{name}={str(value)[:50]}")
        return "; ".join(self.wrong)

    def _wrong_sizes(self, body: dict[str, Any]) -> str:
        size = body["width"], body["height"]
        if size[0] % 8 or size[1] % 8:
            self.wrong.append(f"size {size}")
        for text in (*body.get("init_images", ()), *filter(None, [body.get("mask")])):
            if read(text).size != size:
                self.wrong.append(f"a picture of {read(text).size} for {size}")
        return "; ".join(self.wrong)

    # Telling ----------------------------------------------------------------------------

    async def progress(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        busy = int(bool(self._active))
        state = {"job_count": busy, "job_no": 0, "sampling_step": self._step}
        fields = {"progress": self._share() if busy else 0.0, "eta_relative": 0.0, "state": state}
        return JSONResponse(fields | {"current_image": None, "textinfo": None})

    async def of_task(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        if not self.knows_ids:
            return JSONResponse({"detail": "Not Found"}, 404)
        body = await request.json()
        active = body["id_task"] == self._active
        preview = "data:image/png;base64," + show(Image.new("RGB", (64, 64), "teal"))
        return JSONResponse(
            {
                "active": active,
                "queued": body["id_task"] in self._queued,
                "completed": body["id_task"] in self._over,
                "progress": self._share() if active else None,
                "live_preview": preview if active else None,
                "id_live_preview": 1,
            }
        )

    def _share(self) -> float:
        return (self._step + 1) / STEPS

    async def interrupt(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        self._interrupted = self.stopped = True
        return JSONResponse({})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/sdapi/v1/txt2img", self.paint, methods=["POST"]),
                Route("/sdapi/v1/img2img", self.paint, methods=["POST"]),
                Route("/sdapi/v1/extra-single-image", self.enlarge, methods=["POST"]),
                Route("/sdapi/v1/progress", self.progress),
                Route("/sdapi/v1/interrupt", self.interrupt, methods=["POST"]),
                Route("/internal/progress", self.of_task, methods=["POST"]),
            ]
        )


BASIC = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()
