"""Prompts: links, words and flags, read from what a customer wrote and written back.

    https://example.org/a.png a red fox in the snow --ar 3:2 --no people, text
    └ image links             └ words               └ flags

`parse(write(p)) == p` for every prompt, and every fault names its flag, so that a mistake is
refused at submit and not by a backend minutes later.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from gesso.domain.errors import InvalidOrder
from gesso.domain.prompt_flags import BY_NAME, SPEEDS
from gesso.domain.version import DEFAULT_NIJI, Version

MAX_CHARS = 8192
#: A flag starts at a blank or after punctuation. Phones turn two hyphens into a dash.
_START = re.compile(r"(?:^|(?<=[\s,.;:!?)\]]))(?:--|—|–)(?=[A-Za-z])")
_NAME = re.compile(r"[A-Za-z0-9]+", re.ASCII)
_COMMAND = re.compile(r"\s*/imagine\b\s*(?:prompt\s*:)?", re.IGNORECASE)
_LINK = re.compile(r"<?(https?://[^\s<>]+)>?", re.IGNORECASE)
# Databases cannot store a zero character, and a lone half of a pair is no text at all.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of a prompt in the order written, by canonical name and spelling."""

    items: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """Return a flag's value: empty for a switch, None when it is not there."""
        return next((value for key, value in self.items if key == name), None)

    def has(self, name: str) -> bool:
        """Say whether a flag is there."""
        return self.get(name) is not None

    def whole(self, name: str, default: int = 0) -> int:
        """Return a whole-number flag."""
        value = self.get(name)
        return default if value is None else int(value)

    @property
    def version(self) -> str | None:
        """The number of `--v`."""
        return self.get("v")

    @property
    def niji(self) -> str | None:
        """The number of `--niji`; empty when it stands bare."""
        return self.get("niji")

    @property
    def seed(self) -> int | None:
        """The number of `--seed`."""
        value = self.get("seed")
        return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in its parts."""

    image_urls: tuple[str, ...]
    text: str
    flags: Flags

    def write(self) -> str:
        """Return the canonical text of this prompt."""
        flags = (f"--{name} {value}" if value else f"--{name}" for name, value in self.flags.items)
        return " ".join(part for part in (*self.image_urls, self.text, *flags) if part)

    def with_flag(self, name: str, value: str = "") -> Prompt:
        """Return this prompt with one flag set at the end; raises InvalidOrder."""
        flag = BY_NAME[name]
        kept = tuple(item for item in self.flags.items if item[0] != flag.name)
        return replace(self, flags=Flags((*kept, (flag.name, flag.read(value)))))

    def without(self, *names: str) -> Prompt:
        """Return this prompt without some flags."""
        kept = tuple(item for item in self.flags.items if item[0] not in names)
        return replace(self, flags=Flags(kept))

    def strip_speed(self) -> Prompt:
        """Return this prompt without --fast, --relax and --turbo: the lane is our own matter."""
        return self.without(*SPEEDS)

    def as_niji(self) -> Prompt:
        """Return this prompt for the niji bot."""
        return self.without("v").with_flag("niji", DEFAULT_NIJI)

    @property
    def speed(self) -> str | None:
        """The speed flag written last, or None."""
        return next((name for name, _ in reversed(self.flags.items) if name in SPEEDS), None)

    @property
    def version(self) -> Version:
        """The model version that this prompt asks for, or the default one."""
        if self.flags.niji is not None:
            return Version("niji", self.flags.niji or DEFAULT_NIJI)
        return Version.read(f"v{self.flags.version or ''}")

    @property
    def aspect(self) -> tuple[float, float]:
        """Width and height of `--ar`, 1:1 by default."""
        wide, _, high = (self.flags.get("ar") or "1:1").partition(":")
        return float(wide), float(high)

    @property
    def unwanted(self) -> tuple[str, ...]:
        """The words of `--no`."""
        return tuple(w.strip() for w in (self.flags.get("no") or "").split(",") if w.strip())


def parse(source: str, *, max_chars: int = MAX_CHARS) -> Prompt:
    """Read a prompt; raises InvalidOrder that names what is wrong."""
    if len(source) > max_chars:
        raise _fault(f"the prompt may have {max_chars} characters, not {len(source)}")
    if _UNSTORABLE.search(source):
        raise _fault("the prompt holds a character that is not text")
    while command := _COMMAND.match(source):
        source = source[command.end() :]
    starts = [m for m in _START.finditer(source) if _is_flag(source, m)]
    head = source[: starts[0].start()] if starts else source
    ends = [*(m.start() for m in starts), len(source)][1:]
    chunks = [source[m.end() : end] for m, end in zip(starts, ends, strict=True)]
    urls, text = _split_links(head)
    if not urls and not text:
        raise _fault("prompt is required")
    return Prompt(urls, text, _read_flags(chunks))


def split_protected(source: str) -> tuple[str, str, str]:
    """Return leading links, words and everything from the first flag on.

    For translation: only the words may change (wire/midjourney-proxy section 11).
    """
    start = next((m.start() for m in _START.finditer(source) if _is_flag(source, m)), len(source))
    urls, text = _split_links(source[:start])
    return " ".join(urls), text, source[start:].strip()


def _is_flag(source: str, match: re.Match[str]) -> bool:
    if match.group() == "--":
        return True
    # A dash is a dash, unless a known flag follows it.
    name = _NAME.match(source, match.end())
    return name is not None and name.group().lower() in BY_NAME


def _split_links(head: str) -> tuple[tuple[str, ...], str]:
    words = head.strip()
    urls: list[str] = []
    while link := _LINK.match(words):
        rest = words[link.end() :]
        if rest and not rest[0].isspace():
            break
        urls.append(link[1])
        words = rest.lstrip()
    return tuple(urls), words


def _read_flags(chunks: list[str]) -> Flags:
    found: dict[str, str] = {}
    for chunk in chunks:
        name = _NAME.match(chunk)
        assert name is not None  # A flag starts with a letter.
        flag = BY_NAME.get(name.group().lower())
        if flag is None:
            raise _unknown(name.group())
        # Punctuation glued to the next flag's hyphens does not belong to the value.
        value = flag.read(" ".join(chunk[name.end() :].split()))
        if flag.name == "style" and value.lower() == "raw":
            found["raw"] = ""
            continue
        before = found.pop(flag.name, "")
        if flag.many and before and value:
            value = before + (", " if flag.name == "no" else " ") + value
        found[flag.name] = value or (before if flag.many else value)
    return Flags(tuple(found.items()))


def _unknown(name: str) -> InvalidOrder:
    near = difflib.get_close_matches(name.lower(), BY_NAME, n=1)
    hint = f"; did you mean --{near[0]}?" if near else ""
    return _fault(f"--{name[:40]} is not a flag{hint}")


def _fault(message: str) -> InvalidOrder:
    return InvalidOrder(message, param="prompt")
