"""Handlers of submits that make no task: uploads, and a task by what it shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gesso.dialects.midjourney import bodies, wire
from gesso.dialects.midjourney.hall import answer_json, is_english
from gesso.dialects.midjourney.reception import Reception
from gesso.dialects.midjourney.words import say
from gesso.domain.errors import InvalidOrder, NotFound, PictureRejected


class Uploads:
    """Takes submits that are answered at once."""

    def __init__(self, reception: Reception) -> None:
        """Hold what all submits share."""
        self._reception, self._hall = reception, reception.hall

    async def upload(self, request: Request) -> Response:
        """POST /submit/upload-discord-images: links of uploaded pictures, at once."""
        _, _, body = await self._hall.read(request, bodies.UploadBody)
        if not body.base64_array:
            raise PictureRejected("base64Array must not be empty", param="base64Array")
        kept = await self._reception.pictures(body.base64_array)
        until = await self._reception.services.uploader.keep(kept)
        links = [self._hall.links.to_upload(blob, until) for blob in kept]
        text = say("done", is_english(request))
        return answer_json(wire.write_answer(1, text, links))

    async def show(self, request: Request) -> Response:
        """POST /submit/show: the task that a job's UUID or picture belongs to."""
        key, _, body = await self._hall.read(request, bodies.ShowBody)
        job = (body.job_id or "").strip()
        if not job:
            raise InvalidOrder("jobId must be a UUID or the link of a picture", param="jobId")
        task = await self._hall.find_shown(key, job)
        if task is None:
            raise NotFound(f"no task is known for {job[:80]}")
        text = say("submitted", is_english(request))
        return answer_json(wire.write_answer(1, text, str(task.id)))
