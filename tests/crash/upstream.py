"""A real upstream of the Midjourney-proxy wire that counts what it was asked to start.

Run as a process of its own, so that it outlives the gateway processes that are killed.
"""

from __future__ import annotations

import io
import itertools
import sys
import time
from typing import Any

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

numbers = itertools.count(1000)
jobs: dict[str, dict[str, Any]] = {}
started: dict[str, int] = {}
#: Seconds that a job takes.
TAKES = 0.6


async def imagine(request: Request) -> Response:
    body = await request.json()
    job_id = str(next(numbers))
    # One prompt is one task of the test, whatever attempt it is.
    started[body["prompt"]] = started.get(body["prompt"], 0) + 1
    jobs[job_id] = {"state": body["state"], "since": time.monotonic(), "id": job_id}
    return JSONResponse({"code": 1, "description": "ok", "result": job_id, "properties": {}})


def show(job: dict[str, Any], base: str) -> dict[str, Any]:
    share = (time.monotonic() - job["since"]) / TAKES
    done = share >= 1
    return {
        "id": job["id"],
        "state": job["state"],
        "status": "SUCCESS" if done else "IN_PROGRESS",
        "progress": "100%" if done else f"{int(share * 100)}%",
        "imageUrl": f"{base}picture/{job['id']}.png" if done else None,
    }


async def fetch(request: Request) -> Response:
    job = jobs.get(request.path_params["job_id"])
    if job is None:
        return JSONResponse({"code": 3})
    return JSONResponse(show(job, str(request.base_url)))


async def listing(request: Request) -> Response:
    newest = list(jobs.values())[-99:]
    wanted = [show(job, str(request.base_url)) for job in newest]
    return JSONResponse(wanted)


async def picture(request: Request) -> Response:
    out = io.BytesIO()
    colour = (int(request.path_params["job_id"]) % 256, 90, 160)
    Image.new("RGB", (16, 16), colour).save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png")


async def counts(request: Request) -> Response:
    return JSONResponse(started)


app = Starlette(
    routes=[
        Route("/mj/submit/imagine", imagine, methods=["POST"]),
        Route("/mj/task/list", listing),
        Route("/mj/task/{job_id}/fetch", fetch),
        Route("/picture/{job_id}.png", picture),
        Route("/counts", counts),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
