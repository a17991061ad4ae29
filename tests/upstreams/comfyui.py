"""An imitation of ComfyUI: checks graphs, runs one prompt at a time, tells over a websocket."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import uuid
from contextlib import suppress
from typing import Any

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gesso.testing.rig import Trouble
from tests.upstreams.imitation import Imitation, dropped

STEPS = 4
_STEP_S = 0.015
MODEL = "sd15.safetensors"
#: Inputs that each node must have, by class.
_NODES: dict[str, set[str]] = {
    "CheckpointLoaderSimple": {"ckpt_name"},
    "CLIPTextEncode": {"text", "clip"},
    "EmptyLatentImage": {"width", "height", "batch_size"},
    "KSampler": {
        "model", "positive", "negative", "latent_image", "seed", "steps", "cfg", "sampler_name",
        "scheduler", "denoise",
    },
    "VAEDecode": {"samples", "vae"},
    "VAEEncode": {"pixels", "vae"},
    "RepeatLatentBatch": {"samples", "amount"},
    "SetLatentNoiseMask": {"samples", "mask"},
    "LoadImage": {"image"},
    "LoadImageMask": {"image", "channel"},
    "UpscaleModelLoader": {"model_name"},
    "ImageUpscaleWithModel": {"upscale_model", "image"},
    "ImageScale": {"image", "upscale_method", "width", "height", "crop"},
    "SaveImage": {"images", "filename_prefix"},
}  # fmt: skip


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class ComfyUI(Imitation):
    """One server; with `takes_ids` false it draws its own prompt ids, as older ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.takes_ids = True
        self.previews_of = False  #: Whether previews carry the metadata of their prompt.
        self.may_end = asyncio.Event()  #: Cleared, it stays at the last step.
        self.may_end.set()
        self.files: dict[str, bytes] = {}
        self.results: dict[str, bytes] = {}
        self.history: dict[str, dict[str, Any]] = {}
        self.pending: list[list[Any]] = []
        self.running_entry: list[Any] | None = None
        self.sockets: dict[str, WebSocket] = {}
        self._interrupted = False
        self._worker: asyncio.Task[None] | None = None

    # Queueing ---------------------------------------------------------------------------

    async def prompt(self, request: Request) -> Response:
        stopped = await self.in_the_way(request, order=True)
        if stopped is not None:
            return stopped
        body = await request.json()
        self.heard.append(("prompt", body))
        faults = self._faults(body["prompt"])
        if faults or self.trouble is Trouble.REFUSE:
            error = {
                "type": "prompt_outputs_failed_validation",
                "message": "Prompt outputs failed validation",
                "details": self.complaint if self.trouble is Trouble.REFUSE else "",
                "extra_info": {},
            }
            return JSONResponse({"error": error, "node_errors": faults}, 400)
        prompt_id = str(body.get("prompt_id")) if self.takes_ids else str(uuid.uuid4())
        extra = dict(body.get("extra_data") or {}) | {"client_id": body.get("client_id")}
        self.pending.append([len(self.history), prompt_id, body["prompt"], extra, ["save"]])
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        if self.trouble is Trouble.LOSE:
            return dropped()
        return JSONResponse({"prompt_id": prompt_id, "number": 1, "node_errors": {}})

    def _faults(self, graph: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for number, node in graph.items():
            errors = self._node_faults(graph, node)
            if errors:
                fields = {"errors": errors, "dependent_outputs": ["save"]}
                found[number] = fields | {"class_type": node["class_type"]}
        return found

    def _node_faults(self, graph: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
        inputs, faults = node["inputs"], []
        for name in _NODES.get(node["class_type"], {"a known class"}) - inputs.keys():
            faults.append(("required_input_missing", "Required input is missing", name))
        for name, value in inputs.items():
            if isinstance(value, list) and value[0] not in graph:
                faults.append(("bad_linked_input", "No such node", f"{name}, {value}"))
            if isinstance(value, str) and "{{" in value:
                faults.append(("value", "A placeholder was left", value))
        for name, kinds in (("seed", int), ("width", int), ("steps", int), ("batch_size", int)):
            if name in inputs and not isinstance(inputs[name], kinds):
                faults.append(("invalid_input_type", "Failed to convert an input value", name))
        if inputs.get("ckpt_name", MODEL) != MODEL:
            faults.append(("value_not_in_list", "Value not in list", str(inputs["ckpt_name"])))
        if node["class_type"].startswith("LoadImage") and inputs["image"] not in self.files:
            faults.append(("custom_validation_failed", "Invalid image file", inputs["image"]))
        return [{"type": t, "message": m, "details": d, "extra_info": {}} for t, m, d in faults]

    async def upload(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        async with request.form() as form:
            file = form["image"]
            assert not isinstance(file, str)
            data = await file.read()
            Image.open(io.BytesIO(data)).verify()
            folder = str(form["subfolder"])
            assert (form["type"], form["overwrite"]) == ("input", "true")
            self.files[f"{folder}/{file.filename}"] = data
            return JSONResponse({"name": file.filename, "subfolder": folder, "type": "input"})

    # Working ----------------------------------------------------------------------------

    async def _work(self) -> None:
        while self.pending:
            entry = self.running_entry = self.pending.pop(0)
            self._interrupted = False
            self.begins(entry[1])
            end = await self._run(entry)
            self.ends(entry[1])
            self.running_entry = None
            self.history[entry[1]] = {"prompt": entry, **end}
            status = end["status"]["messages"][-1]
            await self._tell(entry, *status)

    async def _run(self, entry: list[Any]) -> dict[str, Any]:
        await self._tell(entry, "execution_start", {"prompt_id": entry[1]})
        for step in range(1, STEPS + 1):
            await asyncio.sleep(_STEP_S)
            while self.trouble is Trouble.STUCK and not self._interrupted:
                await asyncio.sleep(_STEP_S)
            fields = {"value": step, "max": STEPS, "prompt_id": entry[1], "node": "sampler"}
            await self._tell(entry, "progress", fields)
            await self._preview(entry)
        await self.may_end.wait()
        if self._interrupted:
            return _end("error", ["execution_interrupted", {"prompt_id": entry[1]}], {})
        if self.trouble is Trouble.FAIL:
            fields = {"node_id": "5", "node_type": "KSampler", "prompt_id": entry[1]}
            fault = fields | {"exception_message": self.complaint, "traceback": []}
            return _end("error", ["execution_error", fault], {})
        images = self._images(entry)
        saved = {"save": {"images": images}, "shown": {"images": [{"type": "temp"}]}}
        return _end("success", ["execution_success", {"prompt_id": entry[1]}], saved)

    def _images(self, entry: list[Any]) -> list[dict[str, str]]:
        graph, made = entry[2], []
        inputs = {k: v for node in graph.values() for k, v in node["inputs"].items()}
        count = int(inputs.get("batch_size") or inputs.get("amount") or 1)
        loads = [n["inputs"]["image"] for n in graph.values() if n["class_type"] == "LoadImage"]
        size = int(inputs.get("width", 0)), int(inputs.get("height", 0))
        if loads and not all(size):
            size = Image.open(io.BytesIO(self.files[loads[0]])).size
        for number in range(count):
            name = f"{entry[1]}_{number}.png"
            colour = ((int(inputs.get("seed", 0)) + number) * 40 % 256, 160, 90)
            data = png(Image.new("RGB", size, colour))
            self.results[name] = b"none" if self.trouble is Trouble.BROKEN else data
            made.append({"filename": name, "subfolder": "gesso", "type": "output"})
        return made

    # Telling ----------------------------------------------------------------------------

    async def _tell(self, entry: list[Any], kind: str, data: dict[str, Any]) -> None:
        socket = self.sockets.get(entry[3]["client_id"])
        if socket is not None:
            # A client may leave at any time; its job goes on.
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_text(json.dumps({"type": kind, "data": data}))

    async def _preview(self, entry: list[Any]) -> None:
        socket = self.sockets.get(entry[3]["client_id"])
        if socket is None:
            return
        data = png(Image.new("RGB", (32, 32), "teal"))
        frame = struct.pack(">II", 1, 2) + data
        if self.previews_of:
            about = json.dumps({"prompt_id": entry[1], "image_type": "image/png"}).encode()
            frame = struct.pack(">II", 4, len(about)) + about + data
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_bytes(frame)

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept()
        client = socket.query_params["clientId"]
        self.sockets[client] = socket
        await socket.send_text(json.dumps({"type": "status", "data": {"sid": client}}))
        try:
            while True:
                await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            if self.sockets.get(client) is socket:
                del self.sockets[client]

    async def queue(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        if request.method == "POST":
            gone = (await request.json())["delete"]
            self.stopped |= any(one[1] in gone for one in self.pending)
            self.pending = [one for one in self.pending if one[1] not in gone]
            return Response()
        running = [self.running_entry] if self.running_entry else []
        return JSONResponse({"queue_running": running, "queue_pending": self.pending})

    async def interrupt(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        self._interrupted = self.stopped = True
        return Response()

    async def past(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        wanted = request.path_params.get("prompt_id")
        return JSONResponse({k: v for k, v in self.history.items() if wanted in (None, k)})

    async def view(self, request: Request) -> Response:
        stopped = await self.in_the_way(request)
        if stopped is not None:
            return stopped
        data = self.results.get(request.query_params["filename"])
        return Response(data or b"", 200 if data else 404, media_type="image/png")

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/prompt", self.prompt, methods=["POST"]),
                Route("/upload/image", self.upload, methods=["POST"]),
                Route("/queue", self.queue, methods=["GET", "POST"]),
                Route("/interrupt", self.interrupt, methods=["POST"]),
                Route("/history", self.past),
                Route("/history/{prompt_id}", self.past),
                Route("/view", self.view),
                WebSocketRoute("/ws", self.socket),
            ]
        )


def _end(status: str, message: list[Any], outputs: dict[str, Any]) -> dict[str, Any]:
    told = {"status_str": status, "completed": status == "success", "messages": [message]}
    return {"outputs": outputs, "status": told, "meta": {}}
