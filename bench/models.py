"""`python -m bench.models <port>`: an upstream of the OpenAI wire that does nothing but answer."""

from __future__ import annotations

import asyncio
import json
import sys

USAGE = {"prompt_tokens": 12, "completion_tokens": 9, "total_tokens": 21}
_MESSAGE = {"role": "assistant", "content": "The quick brown fox jumps over the lazy dog."}
_CHOICE = {"index": 0, "message": _MESSAGE, "finish_reason": "stop", "logprobs": None}
_BASE = {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o-mini"}
_BODY = json.dumps(
    {**_BASE, "object": "chat.completion", "choices": [_CHOICE], "usage": USAGE}
).encode()
_WHOLE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    + str(len(_BODY)).encode()
    + b"\r\n\r\n"
    + _BODY
)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _event(choices: list[object], **more: object) -> bytes:
    chunk = {**_BASE, "object": "chat.completion.chunk", "choices": choices, **more}
    data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_WORDS = [_event([{"index": 0, "delta": {"content": w}}]) for w in ("The", " quick", " fox")]
_DONE = b"data: [DONE]\n\n"
_END = _event([], usage=USAGE) + f"{len(_DONE):x}\r\n".encode() + _DONE + b"\r\n0\r\n\r\n"


class _Answering(asyncio.Protocol):
    """Reads requests by their content-length and answers each at once.

    A stream for the user `hold` says its first word and stays open.
    """

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            if len(self._data) < end + 4 + length:
                return
            body = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            if b'"stream":true' in body:
                self._out.write(_HEAD + _WORDS[0])
                if b'"user":"hold"' not in body:
                    asyncio.get_running_loop().call_later(0.005, self._rest)
            else:
                self._out.write(_WHOLE)

    def _rest(self) -> None:
        self._out.write(b"".join(_WORDS[1:]) + _END)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(
        _Answering, "127.0.0.1", port, backlog=8192
    )
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
