"""How many tokens a text has, for when an upstream does not tell.

Counted with the vocabularies of OpenAI's models, which the tokenizer carries in itself
(docs/decisions/0018); other models cut texts in their own ways, so what is counted here is
always marked as estimated. Before a call only a rule of thumb is used: it needs no table.

The tables, some 45 MB, are loaded at the first count. The tokenizer keeps the interpreter to
itself while it works, so long texts are counted in pieces: between them others have their turn.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

#: What a picture, a recording or a file in a prompt costs with most models, roughly.
PICTURE = 1000
#: Letters that are counted in one go: at most some three milliseconds.
PIECE = 16 * 1024
#: Letters of an answer that are kept before the first of them are counted and let go.
KEPT = 128 * 1024

#: Models from before o200k_base; all others, unknown ones too, are counted with that.
_CL100K = re.compile(r"(?:ft:)?(?:gpt-4(?![o.])|gpt-3\.?5|text-embedding-)")
#: A picture or a recording inside JSON: base64 that long is no text.
_DATA_BYTES = 1024
_DATA = re.compile(rb"[A-Za-z0-9+/_-]{%d,}={0,2}" % _DATA_BYTES)
#: A picture that is only pointed at.
_LINK = re.compile(rb'"(?:image_)?url"\s*:\s*"http')
_ASCII = bytes(range(128))
#: Places where no token of either vocabulary reaches across: before the blank after a word,
#: after the end of a line, between a letter and the punctuation of scripts without blanks.
_SEAM = re.compile(r"(?<=\S)(?= )|(?<=\n)(?=[^\s/])|(?<=[^\W_])(?=[，。；：！？、])")


def encoding_of(model: str) -> str:
    """Return the name of the vocabulary that a model's texts are counted with."""
    return "cl100k_base" if _CL100K.match(model.rsplit("/", 1)[-1]) else "o200k_base"


def count(text: str, model: str = "") -> int:
    """Return how many tokens a text has. Slow for long texts: call it in a thread for those.

    Names of special tokens are text like any other.
    """
    if not text:
        return 0
    encode = _encoder(encoding_of(model))
    return sum(len(encode(piece)) for piece in _pieces(_whole(text)))


def guess(body: bytes) -> int:
    """Return about how many tokens a JSON request or a text has, from its bytes alone.

    Rather more than fewer, for it is what is held: names and quotes of the JSON count as if
    they were text. Pictures count as such.
    """
    pictures = text = 0
    start = 0
    for found in _DATA.finditer(body) if len(body) >= _DATA_BYTES else ():
        pictures += 1
        text += found.start() - start
        start = found.end()
    text += len(body) - start
    if b"image_url" in body:
        pictures += len(_LINK.findall(body))
    # Outside ASCII a letter has two to four bytes, and the older vocabulary often needs two
    # tokens for one.
    wide = 0 if body.isascii() else len(body.translate(None, _ASCII))
    return -(-(text - wide) // 3) + -(-wide // 2) + pictures * PICTURE


class Tally:
    """Counts a text that comes in parts, as if it came in one.

    Nothing is counted before somebody asks, unless the text grows very long: then its
    beginning is counted and let go, so that memory stays flat.
    """

    def __init__(self, model: str = "") -> None:
        """Start at nothing, for a text of that model."""
        self._model = model
        self._parts: list[str] = []
        self._letters = self._counted = 0

    def __bool__(self) -> bool:
        """Say whether there was any text."""
        return self._letters > 0 or self._counted > 0

    def add(self, text: str) -> None:
        """Take one more part."""
        self._parts.append(text)
        self._letters += len(text)
        if len(self._parts) >= 512:
            # Many small parts take much more memory than the letters in them.
            self._parts = ["".join(self._parts)]
        if self._letters > KEPT:
            self._let_go()

    @property
    def tokens(self) -> int:
        """How many tokens all parts together have."""
        return self._counted + count("".join(self._parts), self._model)

    def _let_go(self) -> None:
        text = "".join(self._parts)
        start = 0
        encode = _encoder(encoding_of(self._model))
        while len(text) - start > KEPT - PIECE:
            end = _cut(text, start)
            self._counted += len(encode(_whole(text[start:end])))
            start = end
        self._parts = [text[start:]]
        self._letters = len(text) - start


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = _cut(text, start)
        yield text[start:end]
        start = end


def _cut(text: str, start: int) -> int:
    """Return where the piece that begins at `start` ends: at its last seam.

    Where it has none, as in a long run of one letter, it ends anywhere, and the count may be
    a token higher than that of the whole.
    """
    if len(text) - start <= PIECE:
        return len(text)
    end = start + PIECE
    # The last seams are near the end of most texts: look there first.
    for reach in (256, PIECE - 1):
        seams = [found.start() for found in _SEAM.finditer(text, end - reach, end)]
        if seams:
            return seams[-1]
    return end


def _whole(text: str) -> str:
    """Return a text that can be written as UTF-8.

    JSON may name halves of a letter: two that belong together become it, others a mark.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@functools.cache
def _encoder(encoding: str) -> Callable[[str], list[int]]:
    # Imported late, for most gateways never count: their upstreams tell.
    from splintr import Tokenizer

    return Tokenizer.from_pretrained(encoding).encode_ordinary
