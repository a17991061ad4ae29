"""Films as MP4 files: H.264, planar 4:2:0, index in front, so that browsers play at once."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from gesso.domain.errors import Refused
from gesso.painting.paint import Pixels

FPS = 24


def encode(frames: Iterable[Pixels], fps: int = FPS) -> bytes:
    """Return an MP4 of frames of one even size.

    One thread: with several the bytes may differ from run to run.
    """
    import av

    # The index can be moved to the front in a file only, not in memory.
    with tempfile.TemporaryDirectory(prefix="gesso-") as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            stream = None
            for picture in frames:
                if stream is None:
                    stream = container.add_stream("libx264", rate=fps)
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    stream.codec_context.thread_count = 1
                    stream.options = {"preset": "veryfast", "crf": "20", "threads": "1"}
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                container.mux(stream.encode(frame))
            if stream is not None:
                container.mux(stream.encode())
        return path.read_bytes()


def decode(data: bytes) -> Iterator[Pixels]:
    """Yield the frames of a video file; raises Refused when it is none."""
    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            for frame in container.decode(video=0):
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except (av.error.FFmpegError, IndexError) as error:
        raise Refused("the parent's clip cannot be read") from error
