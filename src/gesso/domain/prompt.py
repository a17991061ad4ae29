"""Prompts: links, words and flags, read from what a customer wrote and written back.

    https://example.org/a.png a red fox in the snow --ar 3:2 --no people, text
    └ image links             └ words               └ flags

`parse(p.write()) == p` for every parsed prompt, and every fault names its flag, so that a
mistake is refused at submit and not by a backend minutes later. A flag written twice counts
once, the last time; so do two flags of one kind (`--v` and `--niji`, `--fast` and `--relax`).
`--no`, `--sref`, `--cref` and `--p` add up instead.
Spec: wire/midjourney-proxy section 11, wire/apimart section 5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gesso.domain.errors import InvalidOrder
from gesso.domain.prompt_flags import (
    SPEEDS,
    Aspect,
    Flags,
    Value,
    check_count,
    find_flag,
    get_flag,
    may_hold_flag,
    read_url,
    refuse,
    shorten,
    write_value,
)
from gesso.domain.version import DEFAULT_NIJI, NIJI_NUMBERS, Version

MAX_CHARS = 8192
MAX_URLS = 20
#: What `with_flags` takes: JSON values and parsed ones. None changes nothing, False removes.
Given = str | int | float | Decimal | bool | Sequence[str] | Aspect | None

_WORD = re.compile(r"\S+")
_COMMAND = re.compile(r"\s*/imagine(?![^\s:：])(?:\s*(?:prompt\s*)?[:：])?", re.IGNORECASE)
#: Databases cannot store a zero character, and a lone half of a pair is no text at all. What
#: is left out of the control characters counts as blank.
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_PART = re.compile(r"::(-?(?:[0-9]{1,6}(?:\.[0-9]{1,4})?|\.[0-9]{1,4})(?![\w.]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in its parts."""

    image_urls: tuple[str, ...]
    text: str  #: As written, without blanks at the ends; `::` and `{a, b}` are kept.
    flags: Flags

    def write(self) -> str:
        """Return the canonical text of this prompt."""
        parts = (*self.image_urls, self.text, self.flags.write())
        return " ".join(part for part in parts if part)

    def parts(self) -> tuple[tuple[str, Decimal], ...]:
        """Return the parts of a multi-prompt with their weights: `hot:: dog::2`."""
        found: list[tuple[str, Decimal]] = []
        start = 0
        for mark in _PART.finditer(self.text):
            found.append((self.text[start : mark.start()].strip(), Decimal(mark[1] or 1)))
            start = mark.end()
        found.append((self.text[start:].strip(), Decimal(1)))
        return tuple((text, weight) for text, weight in found if text)

    def with_flags(self, **given: Given) -> Prompt:
        """Return this prompt with flags of the request's body set, at the end and in order.

        The body wins over the same flag in the prompt. Raises InvalidOrder whose `param` is
        the name given here.
        """
        flags = self.flags
        for name, value in given.items():
            try:
                flags = _set(flags, name, value)
            except InvalidOrder as fault:
                raise InvalidOrder(fault.message, param=name) from None
        return self._with(flags)

    def with_flag(self, name: str, value: str = "") -> Prompt:
        """Return this prompt with one flag set at the end; an empty value means a bare flag."""
        return self.with_flags(**{name: value or True})

    def without(self, *names: str) -> Prompt:
        """Return this prompt without some flags, in any spelling."""
        return self._with(self.flags.drop(*(get_flag(name).name for name in names)))

    def strip_speed(self) -> Prompt:
        """Return this prompt without --fast, --relax and --turbo: the lane is our own matter."""
        return self._with(self.flags.drop(*SPEEDS))

    def as_niji(self) -> Prompt:
        """Return this prompt for the niji bot; `--v 6` becomes `--niji 6` where that exists."""
        number = self.version.number if self.flags.version else DEFAULT_NIJI
        return self.with_flags(niji=number if number in NIJI_NUMBERS else DEFAULT_NIJI)

    def _with(self, flags: Flags) -> Prompt:
        return self if flags is self.flags else Prompt(self.image_urls, self.text, flags)

    @property
    def version(self) -> Version:
        """The model that this prompt asks for, or the default one."""
        return self.version_or(Version.read(""))

    def version_or(self, default: Version) -> Version:
        """Return the model that this prompt asks for, or another default than ours."""
        return self.flags.version or default

    @property
    def speed(self) -> str | None:
        """`fast`, `relax`, `turbo`, or None when the prompt does not say."""
        return next((name for name, _ in self.flags if name in SPEEDS), None)

    @property
    def aspect(self) -> Aspect:
        """Width to height, 1:1 by default."""
        value = self.flags.value("ar")
        return value if isinstance(value, Aspect) else Aspect(1, 1)

    @property
    def seed(self) -> int | None:
        """The seed, None when the prompt leaves it to us."""
        return self.flags.seed

    @property
    def stylize(self) -> int:
        """How strongly the model's taste shows, 100 by default."""
        return self.flags.whole("s", 100)

    @property
    def chaos(self) -> int:
        """How different the pictures are, 0 by default."""
        return self.flags.whole("c", 0)

    @property
    def weird(self) -> int:
        """How unusual the pictures are, 0 by default."""
        return self.flags.whole("w", 0)

    @property
    def stop(self) -> int:
        """The per cent at which painting stops, 100 by default."""
        return self.flags.whole("stop", 100)

    @property
    def repeat(self) -> int:
        """How many times the prompt runs, 1 by default."""
        return self.flags.whole("repeat", 1)

    @property
    def quality(self) -> Decimal:
        """Time spent painting, 1 by default."""
        return self.flags.decimal("q") or Decimal(1)

    @property
    def zoom(self) -> Decimal | None:
        """How far a custom zoom goes out, None when the prompt does not say."""
        return self.flags.decimal("zoom")

    @property
    def image_weight(self) -> Decimal:
        """Weight of picture links against words, 1 by default."""
        value = self.flags.decimal("iw")
        return Decimal(1) if value is None else value

    @property
    def unwanted(self) -> tuple[str, ...]:
        """The words of `--no`."""
        return self.flags.several("no")

    @property
    def tile(self) -> bool:
        """Whether the picture repeats without a seam."""
        return "tile" in self.flags

    @property
    def raw(self) -> bool:
        """Whether `--raw` or `--style raw` is asked for."""
        return "raw" in self.flags

    @property
    def niji(self) -> bool:
        """Whether an anime model is asked for."""
        return "niji" in self.flags

    @property
    def sandbox(self) -> str | None:
        """The test card, None when the prompt names none."""
        return self.flags.text("sandbox")


def parse(source: str, *, max_chars: int = MAX_CHARS, need_words: bool = True) -> Prompt:
    """Read a prompt; raises InvalidOrder naming what is wrong.

    With `need_words=False` a prompt may be flags only: pictures sent beside it are enough.
    """
    if len(source) > max_chars:
        refuse(f"the prompt may have {max_chars} characters, not {len(source)}")
    _check_text(source)
    head, words, tail = split_protected(source)
    urls = tuple(url for word in _without_command(head).split() if (url := read_url(word)))
    if len(urls) > MAX_URLS:
        refuse(f"the prompt may have {MAX_URLS} picture links, not {len(urls)}")
    if need_words and not words and not urls:
        refuse("prompt is required")
    return Prompt(urls, words, _read_flags(tail))


def split_protected(source: str) -> tuple[str, str, str]:
    """Cut a prompt into leading links, words, and everything from the first flag on.

    For translation: only the words may change. Blanks stay with the outer pieces, so the three
    joined are the source again. Never raises.
    """
    start = len(source) - len(_without_command(source))
    words = _WORD.finditer(source, start)
    first = next((word.start() for word in words if not read_url(word[0])), len(source))
    text = source[first : _find_flags(source, start)].rstrip()
    return source[:first], text, source[first + len(text) :]


def _find_flags(source: str, start: int) -> int:
    """Return where the first flag of a prompt begins, its length when it has none."""
    if not may_hold_flag(source):
        return len(source)
    for word in _WORD.finditer(source, start):
        if may_hold_flag(word[0]):
            (is_flag, before), *more = _unglue(word[0])
            if is_flag or more:
                return word.start() + (0 if is_flag else len(before))
    return len(source)


def _without_command(source: str) -> str:
    """Return a prompt without `/imagine prompt:`, which people paste along."""
    start = 0
    while command := _COMMAND.match(source, start):
        start = command.end()
    return source[start:]


def _check_text(source: str) -> None:
    if _NOT_TEXT.search(source):
        refuse("the prompt holds a character that is not text")


def _unglue(word: str) -> list[tuple[bool, str]]:
    """Cut a word into what stands before its flags and the flags: (is a flag, name or text)."""
    pieces: list[tuple[bool, str]] = []
    while word and (found := find_flag(word)):
        word, name = found
        pieces.append((True, name))
    return [*([(False, word)] if word else []), *reversed(pieces)]


def _read_flags(tail: str) -> Flags:
    found: list[tuple[str, list[str]]] = []
    for word in tail.split():
        if not may_hold_flag(word):
            found[-1][1].append(word)
            continue
        for is_flag, piece in _unglue(word):
            if is_flag:
                found.append((piece, []))
            else:
                found[-1][1].append(piece)
    flags = Flags()
    for spelling, words in found:
        flag = get_flag(spelling)
        value = flag.read_value(words, spelling)
        before = flags.value(flag.name) if flag.many else None
        if isinstance(before, tuple) and isinstance(value, tuple):
            value = check_count(f"--{spelling}", (*before, *value))
        flags = _put(flags, flag.name, value)
    return flags


def _put(flags: Flags, name: str, value: Value) -> Flags:
    # `--raw` is the newer spelling of `--style raw`.
    return flags.put("raw", True) if (name, value) == ("style", "raw") else flags.put(name, value)


def _set(flags: Flags, name: str, value: Given) -> Flags:
    flag = get_flag(name)
    if value is None:
        return flags
    if value is False:
        return flags.drop(flag.name)
    words = _give_text(flag.name, value).split()
    if any(find_flag(word) for word in words):
        refuse(f"{name} must be a value without flags, not {shorten(' '.join(words))}")
    _check_text(" ".join(words))
    return _put(flags, flag.name, flag.read_value(words, name))


def _give_text(name: str, value: str | float | Decimal | Sequence[str] | Aspect) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str | int | Decimal | Aspect):
        return write_value(name, value)
    return write_value(name, tuple(str(one) for one in value))
