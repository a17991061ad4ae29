"""Prompts: read, written back, changed; and what is refused at submit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gesso.domain.errors import InvalidOrder
from gesso.domain.prompt import Given, Prompt, parse, split_protected
from gesso.domain.prompt_flags import BY_NAME
from gesso.domain.version import Version

URL = "https://example.org/a.png"

WRITTEN = [
    ("a cat", "a cat"),
    ("  a  cat\n", "a  cat"),
    ("\u3000一只猫 在雪里\u3000--ar 16：9", "一只猫 在雪里 --ar 16:9"),
    ("一只猫，--ar 16:9", "一只猫， --ar 16:9"),
    ("一只猫——ar 16:9", "一只猫 --ar 16:9"),
    ("a cat —ar 16:9 —v 7", "a cat --ar 16:9 --v 7"),
    ("a cat,--ar 16:9,--tile", "a cat, --ar 16:9 --tile"),
    ("a — quiet —scene", "a — quiet —scene"),
    ("a well--known scene -- calm", "a well--known scene -- calm"),
    (f"{URL} <{URL}>, a cat", f"{URL} {URL} a cat"),
    (f"a cat {URL}", f"a cat {URL}"),
    (f"{URL} {URL}", f"{URL} {URL}"),
    ("/imagine prompt: a cat --aspect 3:2", "a cat --ar 3:2"),
    ("/imagine a cat", "a cat"),
    ("/imagine /imagine prompt:a cat", "a cat"),
    ("/imaginary cat", "/imaginary cat"),
    ("a --s 1 --S 2 --stylize 3", "a --s 3"),
    ("a --sref 1 --tile --sref 2", "a --tile --sref 1 2"),
    ("a --no x, y --no z", "a --no x, y, z"),
    ("a --p --p 8xb3ee0", "a --p 8xb3ee0"),
    ("a --v 6 --niji", "a --niji 7"),
    ("a --fast --relax", "a --relax"),
    ("a --style raw", "a --raw"),
    ("a --raw --style cute", "a --style cute"),
    ("hot:: dog::2 {red, blue}", "hot:: dog::2 {red, blue}"),
    ("a --sandbox fail:banned now --tile", "a --sandbox fail:banned now --tile"),
]


@pytest.mark.parametrize(("source", "written"), WRITTEN)
def test_writes(source: str, written: str) -> None:
    prompt = parse(source)
    assert prompt.write() == written
    assert parse(written) == prompt


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "prompt is required"),
        (" \u3000 ", "prompt is required"),
        ("--ar 16:9", "prompt is required"),
        ("/imagine prompt:", "prompt is required"),
        ("a --a cat", "unknown flag --a; did you mean --ar?"),
        ("a --ar 1:1 big cat", "text after --ar 1:1: big cat; flags stand at the end"),
        ("a --stylize 5000", "--stylize must be between 0 and 1000, not 5000"),
        ("a --v", "--v needs a value: one of 1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7, 8, 8.1, 8.2"),
        ("a\x00b", "the prompt holds a character that is not text"),
        ("a\ud800b", "the prompt holds a character that is not text"),
        ("a" * 8193, "the prompt may have 8192 characters, not 8193"),
        (f"{URL} " * 21, "the prompt may have 20 picture links, not 21"),
        ("a --cref " + f"{URL} " * 20 + f"--cref {URL}", "--cref may have 20 values at most"),
    ],
)
def test_refuses(source: str, message: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        parse(source)
    assert (caught.value.message, caught.value.param) == (message, "prompt")


def test_pictures_beside_the_prompt_may_be_enough() -> None:
    assert parse("--ar 2:3", need_words=False).write() == "--ar 2:3"


def test_defaults() -> None:
    p = parse("a")
    assert (p.aspect, p.seed, p.speed, p.zoom, p.sandbox) == ((1, 1), None, None, None, None)
    assert (p.stylize, p.chaos, p.weird, p.stop, p.repeat) == (100, 0, 0, 100, 1)
    assert (p.quality, p.image_weight) == (Decimal(1), Decimal(1))
    assert not p.unwanted
    assert not any((p.tile, p.raw, p.niji))
    assert p.version == Version("v", "7")
    assert p.version_or(Version("v", "8.1")).key == "v8.1"
    assert p.flags.version is None


def test_accessors() -> None:
    p = parse(
        "a --ar 3:2 --seed 0 --s 0 --c 1 --w 2 --stop 10 --r 3 --q .5 --iw 0 --zoom 1.5"
        " --no x, y --tile --style raw --niji 6 --turbo --sandbox slow:30"
    )
    assert (p.aspect, p.seed, p.speed, p.sandbox) == ((3, 2), 0, "turbo", "slow:30")
    assert (p.stylize, p.chaos, p.weird, p.stop, p.repeat) == (0, 1, 2, 10, 3)
    assert (p.quality, p.image_weight, p.zoom) == (Decimal("0.5"), Decimal(0), Decimal("1.5"))
    assert p.unwanted == ("x", "y")
    assert p.tile
    assert p.raw
    assert p.niji
    assert p.version.key == "niji6"


def test_the_body_wins_over_the_prompt() -> None:
    p = parse("a beautiful sunset --ar 1:1 --s 5 --v 6 --raw")
    body: dict[str, Given] = {
        "ar": "16:9", "s": None, "raw": False, "no": ["x", "y"], "iw": 1.5, "niji": True,
        "tile": True, "seed": 7, "quality": "0.5",
    }  # fmt: skip
    assert p.with_flags(**body).write() == (
        "a beautiful sunset --s 5 --ar 16:9 --no x, y --iw 1.5 --niji 7 --tile --seed 7 --q 0.5"
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("stylize", 5000, "--stylize must be between 0 and 1000, not 5000"),
        ("no", "x --ar 1:1", "no must be a value without flags, not x --ar 1:1"),
        ("iw", float("nan"), "--iw must be a number between 0 and 3, not nan"),
        ("seed", True, "--seed needs a value: a whole number between 0 and 4294967295"),
        ("tile", "yes", "text after --tile: yes; flags stand at the end"),
        ("no", "a\x00", "the prompt holds a character that is not text"),
        ("colour", "red", "unknown flag --colour"),
    ],
)
def test_names_the_field_of_the_body(name: str, value: Given, message: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        parse("a").with_flags(**{name: value})
    assert (caught.value.message, caught.value.param) == (message, name)


def test_changes() -> None:
    p = parse("a --fast --stylize 5 --v 6")
    assert p.strip_speed().write() == "a --s 5 --v 6"
    assert p.without("stylize", "version").write() == "a --fast"
    assert p.with_flag("zoom", "1.8").with_flag("tile").write().endswith("--zoom 1.8 --tile")
    assert p.as_niji().write() == "a --fast --s 5 --niji 6"
    assert parse("a --v 5.2").as_niji().write() == "a --niji 7"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hot dog", [("hot dog", "1")]),
        ("hot:: dog::2", [("hot", "1"), ("dog", "2")]),
        ("a::-.5 b::1.5 c", [("a", "-.5"), ("b", "1.5"), ("c", "1")]),
        ("a::2nd floor", [("a", "1"), ("2nd floor", "1")]),
        ("::", []),
    ],
)
def test_parts(text: str, parts: list[tuple[str, str]]) -> None:
    assert parse(text).parts() == tuple((words, Decimal(weight)) for words, weight in parts)


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        (f"{URL} 一只猫 --no 水印", (f"{URL} ", "一只猫", " --no 水印")),
        ("/imagine prompt: 猫--ar 1:1", ("/imagine prompt: ", "猫", "--ar 1:1")),
        ("猫", ("", "猫", "")),
        (f" {URL} ", (f" {URL} ", "", "")),
        (" --tile", (" ", "", "--tile")),
    ],
)
def test_protects_links_and_flags(source: str, pieces: tuple[str, str, str]) -> None:
    assert split_protected(source) == pieces


_SCRAPS = st.sampled_from(
    [f"--{name}" for name in sorted(BY_NAME)]
    + [
        "—ar",
        "——",
        "--",
        "--foo",
        ",",
        "，",
        "::2",
        "::",
        "/imagine",
        "prompt:",
        "<",
        ">",
        "\u3000",
    ]
    + [
        " ",
        "\n",
        "1",
        "16:9",
        "16：9",
        ".5",
        "6.1",
        "random",
        "raw",
        "cat",
        "猫",
        "a--b",
        "8xb3ee0",
    ]
    + [URL, "http://", f"<{URL}>", "high", "fail:x", "{a, b}", '"', "”", "é", "\x1c", "\x85"]
)
_SOURCES = st.one_of(
    st.text(st.characters()),
    st.lists(_SCRAPS, max_size=12).map("".join),
    st.lists(_SCRAPS, max_size=12).map(" ".join),
)
_VALID = {
    "ar": "3:2", "v": "6.1", "niji": "6", "q": ".5", "sref": "random", "cref": URL, "oref": URL,
    "dref": URL, "no": "red cars,水印", "style": "cute", "p": "8xb3ee0", "motion": "low",
    "end": URL, "sandbox": "fail:x y", "zoom": "1.5", "iw": "2.5", "stop": "50",
}  # fmt: skip
_SWITCHES = {"tile", "raw", "draft", "hd", "fast", "relax", "turbo", "video", "loop", "stealth"} | {
    "public", "uplight", "upbeta", "test", "testp", "creative",
}  # fmt: skip


def _flag(name: str) -> str:
    return f"--{name} {'' if name in _SWITCHES else _VALID.get(BY_NAME[name].name, '4')}"


_FLAGGED = st.builds(
    lambda words, flags: " ".join([words, *map(_flag, flags)]),
    st.sampled_from(["a cat", f"{URL} 猫", "hot:: dog::2"]),
    st.lists(st.sampled_from(sorted(BY_NAME)), max_size=10),
)


def _try(make: Callable[[], Prompt], *, param: str) -> Prompt | None:
    try:
        return make()
    except InvalidOrder as fault:
        refused_for = fault.param
    assert refused_for == param
    return None


def _check_round_trip(prompt: Prompt) -> None:
    written = prompt.write()
    assert parse(written, max_chars=10**6) == prompt
    assert parse(written, max_chars=10**6).write() == written


@settings(max_examples=1000, deadline=None)
@given(_SOURCES)
def test_any_text_is_read_or_refused(source: str) -> None:
    assert "".join(split_protected(source)) == source
    prompt = _try(lambda: parse(source), param="prompt")
    if prompt is not None:
        _check_round_trip(prompt)
        prompt.parts()


@settings(max_examples=300, deadline=None)
@given(_FLAGGED)
def test_any_flags_survive_writing(source: str) -> None:
    _check_round_trip(parse(source))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BY_NAME)), st.one_of(st.text(), st.floats(), st.integers()))
def test_any_field_of_the_body_is_read_or_refused(name: str, value: str | float) -> None:
    prompt = _try(lambda: parse("a cat").with_flags(**{name: value}), param=name)
    if prompt is not None:
        _check_round_trip(prompt)


@pytest.mark.parametrize("scrap", ["--a,", "—", "--", "::", "/imagine ", "{", "猫--ar", "--tile,"])
def test_long_prompts_are_quick(scrap: str) -> None:
    source = (scrap * 4096)[:8192]
    try:
        parse(source).parts()
    except InvalidOrder:
        assert split_protected(source)
