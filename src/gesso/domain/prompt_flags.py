"""Every flag of a Midjourney prompt: its spellings, the values it takes and how it is written.

One table, `TABLE`, is the whole grammar; `prompt.py` cuts prompts with it. A value that the
table does not allow raises InvalidOrder with a text that names the flag as it was typed.
Spec: wire/apimart section 5, wire/midjourney-proxy sections 2 and 11, and the flag lists that
Midjourney and its resellers publish (2026-11).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, NoReturn

from gesso.domain.errors import InvalidOrder
from gesso.domain.version import DEFAULT_NIJI, NIJI_NUMBERS, NUMBERS, Version

MAX_ASPECT = 14  #: Longest side of a picture, in short sides.
MAX_REFERENCES = 20  #: Most links or codes of one flag.
MAX_URL_CHARS = 2048  #: Longest link.
MAX_WORDS_CHARS = 1000  #: Longest value that is free text.
MAX_SEED = 2**32 - 1
_MAX_SIDE = 10_000
#: Marks that people type right behind a value or a name; they belong to neither.
_TAIL = ",.;，。；、"


class Aspect(NamedTuple):
    """Width to height, as written."""

    width: int
    height: int


Value = bool | int | Decimal | str | Aspect | tuple[str, ...]
Words = Sequence[str]
#: Takes the flag as typed and the words behind it; returns the value and how many words it took.
Reader = Callable[[str, Words], tuple[Value, int]]


@dataclass(frozen=True, slots=True)
class Flag:
    """One line of the grammar."""

    name: str  #: Canonical spelling, without the dashes.
    take: Reader
    about: str
    aliases: tuple[str, ...] = ()
    slot: str = ""  #: Flags of one slot replace each other; by default a flag replaces itself.
    many: bool = False  #: Written twice, the values add up; else the last one counts.

    def read(self, text: str, *, spelling: str = "") -> str:
        """Return the canonical text of a whole value; raises InvalidOrder naming the flag."""
        return write_value(self.name, self.read_value(text.split(), spelling or self.name))

    def read_value(self, words: Words, spelling: str) -> Value:
        """Return the value that all these words are; raises InvalidOrder for words left over."""
        value, taken = self.take(f"--{spelling}", words)
        if taken < len(words):
            written = " ".join((f"--{spelling}", *words[:taken]))
            rest = " ".join(words[taken:])
            refuse(f"text after {shorten(written)}: {shorten(rest)}; flags stand at the end")
        return value


def refuse(message: str) -> NoReturn:
    """Raise InvalidOrder about the prompt."""
    raise InvalidOrder(message, param="prompt")


def shorten(text: str) -> str:
    """Return the start of a customer's words, for an error message."""
    return text if len(text) <= 40 else text[:39] + "…"


# Values -------------------------------------------------------------------------------------


def _switch(spelling: str, words: Words) -> tuple[Value, int]:
    return True, 0


def _first(spelling: str, words: Words, expected: str) -> str:
    if not words:
        refuse(f"{spelling} needs a value: {expected}")
    return words[0].rstrip(_TAIL)


def _whole(low: int, high: int) -> Reader:
    """Take a whole number; other scripts' digits, signs and exponents are not numbers."""

    def read(spelling: str, words: Words) -> tuple[Value, int]:
        limits = f"between {low} and {high}"
        word = _first(spelling, words, f"a whole number {limits}")
        if re.fullmatch(r"[0-9]{1,12}", word) and low <= int(word) <= high:
            return int(word), 1
        kind = "" if re.fullmatch(r"-?[0-9]+", word) else "a whole number "
        refuse(f"{spelling} must be {kind}{limits}, not {shorten(word)}")

    return read


def _decimal(word: str) -> Decimal | None:
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?|\.[0-9]{1,4}", word):
        return Decimal(word).normalize()
    return None


def _fraction(low: int, high: int) -> Reader:
    def read(spelling: str, words: Words) -> tuple[Value, int]:
        limits = f"between {low} and {high}"
        word = _first(spelling, words, f"a number {limits}")
        number = _decimal(word)
        if number is not None and low <= number <= high:
            return number, 1
        kind = "" if re.fullmatch(r"-?[0-9]*\.?[0-9]+", word) else "a number "
        refuse(f"{spelling} must be {kind}{limits}, not {shorten(word)}")

    return read


def _steps(*allowed: str) -> Reader:
    def read(spelling: str, words: Words) -> tuple[Value, int]:
        expected = f"one of {', '.join(allowed)}"
        word = _first(spelling, words, expected)
        number = _decimal(word)
        if number is None or number not in {Decimal(step) for step in allowed}:
            refuse(f"{spelling} must be {expected}, not {shorten(word)}")
        return number, 1

    return read


def _choice(*allowed: str) -> Reader:
    def read(spelling: str, words: Words) -> tuple[Value, int]:
        expected = f"one of {', '.join(allowed)}"
        word = _first(spelling, words, expected).lower()
        if word not in allowed:
            refuse(f"{spelling} must be {expected}, not {shorten(word)}")
        return word, 1

    return read


def _version(spelling: str, words: Words) -> tuple[Value, int]:
    # `--v 6.0` is common and means 6; stored numbers have one spelling.
    trimmed = [word.rstrip(_TAIL).removesuffix(".0") for word in words[:1]]
    return _choice(*NUMBERS)(spelling, trimmed)


def _niji(spelling: str, words: Words) -> tuple[Value, int]:
    if not words:
        return DEFAULT_NIJI, 0
    return _choice(*NIJI_NUMBERS)(spelling, words)


_SIDES = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,4})?):([0-9]{1,6}(?:\.[0-9]{1,4})?)")


def _aspect(spelling: str, words: Words) -> tuple[Value, int]:
    # A Chinese keyboard types the fullwidth colon.
    word = _first(spelling, words, "width:height, such as 16:9").replace("：", ":")
    sides = _SIDES.fullmatch(word)
    if not sides:
        refuse(
            f"{spelling} must be width:height in whole numbers, such as 16:9, not {shorten(word)}"
        )
    width, height = Decimal(sides[1]), Decimal(sides[2])
    if width == 0 or height == 0:
        refuse(f"{spelling} must be width:height above zero, not {shorten(word)}")
    if "." in word:
        a, b = (width / height).as_integer_ratio()
        hint = f"; write {a}:{b}" if max(a, b) <= _MAX_SIDE else ""
        refuse(f"{spelling} must be in whole numbers, not {shorten(word)}{hint}")
    if max(width, height) > MAX_ASPECT * min(width, height) or max(width, height) > _MAX_SIDE:
        refuse(f"{spelling} must be between 1:{MAX_ASPECT} and {MAX_ASPECT}:1, not {shorten(word)}")
    return Aspect(int(width), int(height)), 1


_STYLES = ("raw", "cute", "expressive", "original", "scenic", "4a", "4b", "4c")


def _style(spelling: str, words: Words) -> tuple[Value, int]:
    word = _first(spelling, words, f"one of {', '.join(_STYLES)} or a style code")
    if word.lower() in _STYLES:
        return word.lower(), 1
    # Style codes mix letters and digits, so a misspelt name is not taken for one.
    if re.fullmatch(r"(?=.*[0-9A-Z])[A-Za-z0-9-]{5,64}", word):
        return word, 1
    refuse(f"{spelling} must be one of {', '.join(_STYLES)} or a style code, not {shorten(word)}")


_WEIGHT = r"(::([0-9]{1,5}(\.[0-9]{1,4})?|\.[0-9]{1,4}))?"
_URL = re.compile(r"https?://[^\s<>/][^\s<>]*", re.IGNORECASE)
_STYLE_CODE = re.compile(rf"([0-9]{{1,10}}|random){_WEIGHT}", re.IGNORECASE)
#: Shorter words behind a bare `--p` are text in the wrong place, not a code.
_PROFILE = re.compile(rf"[A-Za-z0-9]{{5,64}}{_WEIGHT}")


def read_url(word: str) -> str | None:
    """Return the link that a word is, without `<…>` and marks around it, or None."""
    if "://" not in word:
        return None
    marks = ",;，；、"
    word = word.rstrip(marks)
    if word.startswith("<") and word.endswith(">"):
        word = word[1:-1].rstrip(marks)
    return word if _URL.fullmatch(word) and len(word) <= MAX_URL_CHARS else None


def _read_style(word: str) -> str | None:
    word = word.rstrip(_TAIL) if not _looks_like_url(word) else word
    if not _STYLE_CODE.fullmatch(word):
        return read_url(word)
    code = word.partition("::")[0]
    return word.lower() if not code.isdecimal() or int(code) <= MAX_SEED else None


def _read_profile(word: str) -> str | None:
    word = word.rstrip(_TAIL)
    return word if _PROFILE.fullmatch(word) else None


def _several(read_one: Callable[[str], str | None], expected: str, at_least: int = 1) -> Reader:
    def read(spelling: str, words: Words) -> tuple[Value, int]:
        taken: list[str] = []
        for word in words:
            one = read_one(word)
            if one is None:
                break
            taken.append(one)
        if len(taken) < at_least:
            word = _first(spelling, words, expected)
            refuse(f"{spelling} must be {expected}, not {shorten(word)}")
        return check_count(spelling, tuple(taken)), len(taken)

    return read


def check_count(spelling: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values; raises InvalidOrder when they are more than one flag may have."""
    if len(values) > MAX_REFERENCES or sum(map(len, values)) > MAX_REFERENCES * MAX_URL_CHARS:
        refuse(f"{spelling} may have {MAX_REFERENCES} values at most")
    return values


def _link(spelling: str, words: Words) -> tuple[Value, int]:
    expected = "an http(s) link"
    _first(spelling, words, expected)
    url = read_url(words[0])
    if url is None:
        refuse(f"{spelling} must be {expected}, not {shorten(words[0])}")
    return url, 1


def _excluded(spelling: str, words: Words) -> tuple[Value, int]:
    """Take everything up to the next flag, split at commas."""
    pieces = re.split("[,，]", " ".join(words))
    items = tuple(" ".join(piece.split()) for piece in pieces if piece.strip())
    if not items:
        refuse(f"{spelling} needs words, such as {spelling} text, people")
    if sum(map(len, items)) > MAX_WORDS_CHARS:
        refuse(f"{spelling} may have {MAX_WORDS_CHARS} characters at most")
    for word in " ".join(items).split():
        # Between commas without blanks such a word was no flag; written back it would be one.
        if find_flag(word):
            refuse(f"{spelling} must be words, not {shorten(word)}")
    return items, len(words)


def _card(spelling: str, words: Words) -> tuple[Value, int]:
    """Take the name of a test card: everything up to the next flag."""
    text = " ".join(words)
    if not text:
        refuse(f"{spelling} needs the name of a test card, such as {spelling} fail:banned")
    if len(text) > 200:
        refuse(f"{spelling} may have 200 characters at most")
    return text, len(words)


# The table ----------------------------------------------------------------------------------

_LINKS = _several(read_url, "http(s) links")

TABLE: tuple[Flag, ...] = (
    Flag("ar", _aspect, "Width to height of the picture.", ("aspect",)),
    Flag("v", _version, "Model version.", ("version",), slot="version"),
    Flag("niji", _niji, "Anime model version; bare means the newest.", slot="version"),
    Flag("s", _whole(0, 1000), "How strongly the model's taste shows.", ("stylize",)),
    Flag("c", _whole(0, 100), "How different the four pictures are.", ("chaos",)),
    Flag("w", _whole(0, 3000), "How unusual the pictures are.", ("weird",)),
    Flag("exp", _whole(0, 100), "Experimental detail and drama."),
    Flag("q", _steps("0.25", "0.5", "1", "2", "4"), "Time spent painting.", ("quality",)),
    Flag("iw", _fraction(0, 3), "Weight of picture links against words."),
    Flag("sw", _whole(0, 1000), "Weight of the style reference."),
    Flag("cw", _whole(0, 100), "Weight of the character reference."),
    Flag("ow", _whole(1, 1000), "Weight of the object reference."),
    Flag("dw", _fraction(0, 100), "Weight of the depth reference."),
    Flag("sv", _whole(1, 9), "Version of the style reference."),
    Flag(
        "sref",
        _several(_read_style, "http(s) links, style codes or random"),
        "Style references.",
        many=True,
    ),
    Flag("cref", _LINKS, "Character references.", many=True),
    Flag("oref", _link, "Object reference."),
    Flag("dref", _link, "Depth reference."),
    Flag("no", _excluded, "What must not be in the picture.", many=True),
    Flag("seed", _whole(0, MAX_SEED), "Same seed and words, same picture."),
    Flag("sameseed", _whole(0, MAX_SEED), "One seed for all four pictures."),
    Flag("tile", _switch, "Paint a pattern that repeats without a seam."),
    Flag("stop", _whole(10, 100), "Stop painting at this per cent."),
    Flag("repeat", _whole(2, 40), "Run the prompt several times.", ("r",)),
    Flag("raw", _switch, "Less of the model's own taste; `--style raw`.", slot="style"),
    Flag("style", _style, "Named style or style code."),
    Flag("draft", _switch, "Quick and cheap sketch."),
    Flag("hd", _switch, "Larger pictures at once."),
    Flag("zoom", _fraction(1, 2), "How far a custom zoom goes out."),
    Flag(
        "p",
        _several(_read_profile, "profile codes", at_least=0),
        "Personal taste; bare means the account's own.",
        ("profile", "personalize"),
        many=True,
    ),
    Flag("fast", _switch, "Speed lane.", slot="speed"),
    Flag("relax", _switch, "Speed lane.", slot="speed"),
    Flag("turbo", _switch, "Speed lane.", slot="speed"),
    Flag("video", _switch, "Also make a video."),
    Flag("motion", _choice("low", "high"), "How much moves in a video."),
    Flag("loop", _switch, "Let a video end where it begins.", slot="end"),
    Flag("end", _link, "Last picture of a video."),
    Flag("bs", _steps("1", "2", "4"), "How many videos."),
    Flag("stealth", _switch, "Keep the picture off public galleries.", slot="visibility"),
    Flag("public", _switch, "Show the picture in public galleries.", slot="visibility"),
    Flag("uplight", _switch, "Upscale with fewer details.", slot="upscaler"),
    Flag("upbeta", _switch, "Upscale with the beta upscaler.", slot="upscaler"),
    Flag("test", _switch, "Test model of version 3 times.", slot="test"),
    Flag("testp", _switch, "Photographic test model of version 3 times.", slot="test"),
    Flag("creative", _switch, "More varied test models."),
    Flag("sandbox", _card, "Test card of gesso's own engine."),
)

#: Every spelling that is taken, in lower case.
BY_NAME: Mapping[str, Flag] = {n: flag for flag in TABLE for n in (flag.name, *flag.aliases)}
#: Flags of one slot replace each other; by canonical name.
_SLOTS: Mapping[str, str] = {flag.name: flag.slot or flag.name for flag in TABLE}
#: The flags that choose a lane.
SPEEDS = tuple(flag.name for flag in TABLE if flag.slot == "speed")


def get_flag(spelling: str) -> Flag:
    """Return the flag with this spelling; raises InvalidOrder naming the nearest known one."""
    name = spelling.lower()
    if name in BY_NAME:
        return BY_NAME[name]
    glued = re.fullmatch(r"([a-z]+)[=:]?([0-9].*)", name)
    if glued and glued[1] in BY_NAME:
        refuse(f"unknown flag --{shorten(spelling)}; write --{glued[1]} {shorten(glued[2])}")
    near = difflib.get_close_matches(name[:40], BY_NAME, n=1, cutoff=0.5)
    hint = f"; did you mean --{near[0]}?" if near else ""
    refuse(f"unknown flag --{shorten(spelling)}{hint}")


# Finding flags in running text --------------------------------------------------------------

_DASHES = "--|[—–―]{1,2}"
_DASH = re.compile("--|[—–―]")
_STANDING = re.compile(rf"({_DASHES})(\S+)")
_GLUED = re.compile(rf"({_DASHES})([A-Za-z]+)[{_TAIL}]*$")


def may_hold_flag(text: str) -> bool:
    """Say whether a text holds a dash that a flag could begin with; most words do not."""
    return _DASH.search(text) is not None


def find_flag(word: str) -> tuple[str, str] | None:
    """Return what stands before the flag in a word, and the flag's name as typed; or None.

    `--anything` is a flag, known or not. Phones turn two hyphens into a dash, so a dash
    counts when a known name follows. Behind punctuation or a script that is written without
    blanks (`一只猫，--ar 16:9`) a known name counts too; `well--known` stays text.
    """
    if not may_hold_flag(word) or _looks_like_url(word):
        return None
    glued = _GLUED.search(word)
    if glued and glued.start() > 0 and glued[2].lower() in BY_NAME:
        before = word[: glued.start()]
        if _may_end_text(before[-1], typed=glued[1] == "--"):
            return before, glued[2]
    standing = _STANDING.fullmatch(word)
    name = standing[2].rstrip(_TAIL) if standing else ""
    if standing and name[:1].isalpha() and (standing[1] == "--" or name.lower() in BY_NAME):
        return "", name
    return None


def _looks_like_url(word: str) -> bool:
    return word.removeprefix("<").lower().startswith(("http://", "https://"))


def _may_end_text(char: str, *, typed: bool) -> bool:
    # A dash behind a closing quote is prose: “Stop”—no one moved.
    if char in "\"'" or unicodedata.category(char) in {"Pi", "Pf"}:
        return typed
    if char.isascii():
        return char in ",.;:!?)]}>"
    return unicodedata.category(char) not in {"Lu", "Ll", "Lt", "Nd", "Pd", "Pc"}


# A prompt's flags ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one prompt by canonical name, in the order written."""

    entries: tuple[tuple[str, Value], ...] = ()

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return iter(self.entries)

    def __contains__(self, name: str) -> bool:
        return self.value(name) is not None

    def get(self, name: str) -> str | None:
        """Return a flag's value as written: empty for a switch, None when it is not there."""
        value = self.value(name)
        return None if value is None else write_value(name, value)

    def value(self, name: str) -> Value | None:
        """Return the value of a canonical name, None when the flag is not there."""
        for own, value in self.entries:  # Asked a dozen times per submit; a generator is slower.
            if own == name:
                return value
        return None

    def put(self, name: str, value: Value) -> Flags:
        """Return these flags with one more at the end; it replaces those of its slot."""
        slot = _SLOTS[name]
        kept = [entry for entry in self.entries if _SLOTS[entry[0]] != slot]
        return Flags((*kept, (name, value)))

    def drop(self, *names: str) -> Flags:
        """Return these flags without those of the canonical names."""
        kept = tuple([entry for entry in self.entries if entry[0] not in names])
        return self if len(kept) == len(self.entries) else Flags(kept)

    def write(self) -> str:
        """Return the flags as they stand at the end of a prompt."""
        return " ".join([_write(name, value) for name, value in self.entries])

    def has(self, name: str) -> bool:
        """Say whether a flag is there."""
        return name in self

    def number(self, name: str) -> int | None:
        """Return the value of a flag that takes a whole number."""
        value = self.value(name)
        return value if isinstance(value, int) else None

    def whole(self, name: str, default: int = 0) -> int:
        """Return the value of a flag that takes a whole number, or a default."""
        value = self.number(name)
        return default if value is None else value

    def decimal(self, name: str) -> Decimal | None:
        """Return the value of a flag that takes a fraction."""
        value = self.value(name)
        return value if isinstance(value, Decimal) else None

    def text(self, name: str) -> str | None:
        """Return the value of a flag that takes one word, a link or free text."""
        value = self.value(name)
        return value if isinstance(value, str) else None

    def several(self, name: str) -> tuple[str, ...]:
        """Return the values of a flag that takes many; empty when it is not there."""
        value = self.value(name)
        if not isinstance(value, tuple) or isinstance(value, Aspect):
            return ()
        return value

    @property
    def version(self) -> Version | None:
        """The model that `--v` or `--niji` names; None when the prompt names none."""
        number = self.text("v")
        return Version("v", number) if number is not None else self.niji

    @property
    def niji(self) -> Version | None:
        """The model that `--niji` names."""
        number = self.text("niji")
        return Version("niji", number) if number is not None else None

    @property
    def seed(self) -> int | None:
        """The seed that the prompt names."""
        return self.number("seed")


def _write(name: str, value: Value) -> str:
    return f"--{name} {write_value(name, value)}".rstrip()


def write_value(name: str, value: Value) -> str:
    """Return a value as it stands behind its flag; empty for a switch."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, Aspect):
        return f"{value.width}:{value.height}"
    if isinstance(value, tuple):
        return (", " if name == "no" else " ").join(map(str, value))
    return format(value, "f") if isinstance(value, Decimal) else str(value)
