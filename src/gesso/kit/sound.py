"""How long a recording is, measured here: it is paid by the second."""

from __future__ import annotations

from typing import IO

#: Bytes of a second where the file does not say: 128 kbit/s, as most compressed speech.
_BYTES_PER_S = 16_000


def length_ms(file: IO[bytes], size_bytes: int) -> tuple[int, bool]:
    """Return the length of a recording in milliseconds, and whether it is only estimated.

    The file's own container says it; of one that cannot be read, the size must do.
    """
    import av

    try:
        with av.open(file, mode="r", metadata_errors="ignore") as container:
            if container.duration:
                return max(1, container.duration // 1000), False
    except (av.FFmpegError, OSError, ValueError):
        pass
    return max(1, size_bytes * 1000 // _BYTES_PER_S), True
