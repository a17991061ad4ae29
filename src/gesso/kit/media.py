"""What a delivered result is: a picture or a video clip."""

from __future__ import annotations

import io

from gesso.kit.picture import Facts, Limits, PictureRefused
from gesso.kit.picture import inspect as inspect_picture


def inspect(data: bytes, limits: Limits) -> Facts:
    """Check a result by its head; raises PictureRefused for one that cannot be shown."""
    return _inspect_clip(data, limits) if _is_mp4(data) else inspect_picture(data, limits)


def _is_mp4(data: bytes) -> bool:
    # AVIF pictures share the container and say so in their brand.
    return data[4:8] == b"ftyp" and data[8:12] not in {b"avif", b"avis"}


def _inspect_clip(data: bytes, limits: Limits) -> Facts:
    import av

    if len(data) > limits.max_bytes:
        raise PictureRefused("too_large", f"a result may have {limits.max_bytes} bytes")
    try:
        with av.open(io.BytesIO(data), "r") as container:
            if not container.streams.video:
                raise PictureRefused("unreadable", "the clip has no video in it")
            stream = container.streams.video[0]
            next(container.decode(stream))
            return Facts("video/mp4", "mp4", stream.width, stream.height, stream.frames)
    except (av.FFmpegError, StopIteration, ValueError) as error:
        raise PictureRefused("unreadable", f"the clip cannot be read: {error}") from error
