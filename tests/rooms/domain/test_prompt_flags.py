"""Every flag: what it takes, how it is written back, what it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gesso.domain.errors import InvalidOrder
from gesso.domain.prompt_flags import BY_NAME, TABLE, Aspect, Flags, Value, find_flag, get_flag
from gesso.domain.version import Version

URL = "https://example.org/a.png"

TAKEN: list[tuple[str, str, Value, str]] = [
    ("ar", "16:9", Aspect(16, 9), "16:9"),
    ("aspect", "1920:1080", Aspect(1920, 1080), "1920:1080"),
    ("ar", "16：9,", Aspect(16, 9), "16:9"),
    ("v", "6.1", "6.1", "6.1"),
    ("version", "7.0", "7", "7"),
    ("niji", "6", "6", "6"),
    ("niji", "", "7", "7"),
    ("s", "250", 250, "250"),
    ("stylize", "0", 0, "0"),
    ("c", "100", 100, "100"),
    ("chaos", "007", 7, "7"),
    ("w", "3000", 3000, "3000"),
    ("weird", "5", 5, "5"),
    ("exp", "25", 25, "25"),
    ("q", ".5", Decimal("0.5"), "0.5"),
    ("quality", "4", Decimal(4), "4"),
    ("iw", "1.50", Decimal("1.5"), "1.5"),
    ("sw", "1000", 1000, "1000"),
    ("cw", "0", 0, "0"),
    ("ow", "1", 1, "1"),
    ("dw", "99.5", Decimal("99.5"), "99.5"),
    ("dw", "100", Decimal(100), "100"),
    ("sv", "6", 6, "6"),
    ("sref", "random", ("random",), "random"),
    (
        "sref",
        f"{URL}::2 123456::.5 RANDOM",
        (f"{URL}::2", "123456::.5", "random"),
        f"{URL}::2 123456::.5 random",
    ),
    ("cref", f"<{URL}>, {URL}", (URL, URL), f"{URL} {URL}"),
    ("oref", URL, URL, URL),
    ("dref", URL, URL, URL),
    ("no", "red  cars,text， 水印", ("red cars", "text", "水印"), "red cars, text, 水印"),
    ("seed", "4294967295", 2**32 - 1, "4294967295"),
    ("sameseed", "1", 1, "1"),
    ("tile", "", True, ""),
    ("stop", "10", 10, "10"),
    ("repeat", "40", 40, "40"),
    ("r", "2", 2, "2"),
    ("raw", "", True, ""),
    ("style", "RAW", "raw", "raw"),
    ("style", "4b", "4b", "4b"),
    ("style", "raw-4SPpDOzHZXc", "raw-4SPpDOzHZXc", "raw-4SPpDOzHZXc"),
    ("draft", "", True, ""),
    ("hd", "", True, ""),
    ("zoom", "1.8", Decimal("1.8"), "1.8"),
    ("p", "", (), ""),
    ("profile", "8xb3ee0 gnbkvvx::2", ("8xb3ee0", "gnbkvvx::2"), "8xb3ee0 gnbkvvx::2"),
    ("personalize", "m7343124312", ("m7343124312",), "m7343124312"),
    ("fast", "", True, ""),
    ("relax", "", True, ""),
    ("turbo", "", True, ""),
    ("video", "", True, ""),
    ("motion", "High", "high", "high"),
    ("loop", "", True, ""),
    ("end", URL, URL, URL),
    ("bs", "2", Decimal(2), "2"),
    ("stealth", "", True, ""),
    ("public", "", True, ""),
    ("uplight", "", True, ""),
    ("upbeta", "", True, ""),
    ("test", "", True, ""),
    ("testp", "", True, ""),
    ("creative", "", True, ""),
    ("sandbox", "fail:banned after 3", "fail:banned after 3", "fail:banned after 3"),
]


@pytest.mark.parametrize(("spelling", "text", "value", "written"), TAKEN)
def test_takes_and_writes(spelling: str, text: str, value: Value, written: str) -> None:
    flag = get_flag(spelling)
    assert flag.read_value(text.split(), spelling) == value
    assert flag.read(text) == written
    assert flag.read(written) == written


def test_every_spelling_has_an_example() -> None:
    assert {spelling for spelling, *_ in TAKEN} == set(BY_NAME)


REFUSED = [
    ("ar", "", "--ar needs a value: width:height, such as 16:9"),
    ("ar", "16x9", "--ar must be width:height in whole numbers, such as 16:9, not 16x9"),
    ("ar", "0:1", "--ar must be width:height above zero, not 0:1"),
    ("ar", "1.85:1", "--ar must be in whole numbers, not 1.85:1; write 37:20"),
    ("ar", "15:1", "--ar must be between 1:14 and 14:1, not 15:1"),
    ("ar", "-1:1", "--ar must be width:height in whole numbers, such as 16:9, not -1:1"),
    ("stylize", "5000", "--stylize must be between 0 and 1000, not 5000"),
    ("s", "-5", "--s must be between 0 and 1000, not -5"),
    ("s", "1e2", "--s must be a whole number between 0 and 1000, not 1e2"),
    ("s", "nan", "--s must be a whole number between 0 and 1000, not nan"),
    ("s", "+5", "--s must be a whole number between 0 and 1000, not +5"),
    ("s", "٣", "--s must be a whole number between 0 and 1000, not ٣"),
    ("s", "５", "--s must be a whole number between 0 and 1000, not ５"),
    ("s", "", "--s needs a value: a whole number between 0 and 1000"),
    ("s", "9" * 99, f"--s must be between 0 and 1000, not {'9' * 39}…"),
    ("c", "101", "--c must be between 0 and 100, not 101"),
    ("w", "3001", "--w must be between 0 and 3000, not 3001"),
    ("exp", "101", "--exp must be between 0 and 100, not 101"),
    ("iw", "3.1", "--iw must be between 0 and 3, not 3.1"),
    ("iw", "inf", "--iw must be a number between 0 and 3, not inf"),
    ("dw", "101", "--dw must be between 0 and 100, not 101"),
    ("sw", "1001", "--sw must be between 0 and 1000, not 1001"),
    ("cw", "101", "--cw must be between 0 and 100, not 101"),
    ("ow", "0", "--ow must be between 1 and 1000, not 0"),
    ("sv", "0", "--sv must be between 1 and 9, not 0"),
    ("q", "3", "--q must be one of 0.25, 0.5, 1, 2, 4, not 3"),
    ("bs", "3", "--bs must be one of 1, 2, 4, not 3"),
    ("zoom", "2.1", "--zoom must be between 1 and 2, not 2.1"),
    ("stop", "9", "--stop must be between 10 and 100, not 9"),
    ("repeat", "1", "--repeat must be between 2 and 40, not 1"),
    ("seed", "4294967296", "--seed must be between 0 and 4294967295, not 4294967296"),
    (
        "v",
        "9",
        "--v must be one of 1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7, 8, 8.1, 8.2, not 9",
    ),
    ("niji", "3", "--niji must be one of 4, 5, 6, 7, not 3"),
    ("motion", "mid", "--motion must be one of low, high, not mid"),
    ("sref", "4294967296", "--sref must be http(s) links, style codes or random, not 4294967296"),
    ("sref", "", "--sref needs a value: http(s) links, style codes or random"),
    ("cref", "ftp://x", "--cref must be http(s) links, not ftp://x"),
    ("oref", "cat", "--oref must be an http(s) link, not cat"),
    ("oref", f"{URL} {URL}", f"text after --oref {URL}: {URL}; flags stand at the end"),
    ("no", " , ", "--no needs words, such as --no text, people"),
    ("no", "x,--foo,y", "--no must be words, not --foo"),
    ("no", "x" * 1001, "--no may have 1000 characters at most"),
    ("p", "cat", "text after --p: cat; flags stand at the end"),
    ("tile", "cat", "text after --tile: cat; flags stand at the end"),
    ("sandbox", "", "--sandbox needs the name of a test card, such as --sandbox fail:banned"),
    ("sandbox", "x" * 201, "--sandbox may have 200 characters at most"),
    (
        "style",
        "cinematic",
        "--style must be one of raw, cute, expressive, original, scenic, 4a, 4b, 4c"
        " or a style code, not cinematic",
    ),
    ("sref", "1 " * 21, "--sref may have 20 values at most"),
]


@pytest.mark.parametrize(("spelling", "text", "message"), REFUSED)
def test_refuses(spelling: str, text: str, message: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        get_flag(spelling).read(text, spelling=spelling)
    assert (caught.value.message, caught.value.param) == (message, "prompt")


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("a", "unknown flag --a; did you mean --ar?"),
        ("stilize", "unknown flag --stilize; did you mean --stylize?"),
        ("v6", "unknown flag --v6; write --v 6"),
        ("ar16:9", "unknown flag --ar16:9; write --ar 16:9"),
        ("ar=16:9", "unknown flag --ar=16:9; write --ar 16:9"),
        ("人物", "unknown flag --人物"),
    ],
)
def test_names_the_nearest_flag(spelling: str, message: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        get_flag(spelling)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("--ar", ("", "ar")),
        ("--AR", ("", "AR")),
        ("--anything", ("", "anything")),
        ("--人物", ("", "人物")),
        ("—ar", ("", "ar")),
        ("——ar", ("", "ar")),
        ("–v", ("", "v")),
        ("cat,--ar", ("cat,", "ar")),
        ("猫--ar", ("猫", "ar")),
        ("猫。——ar", ("猫。", "ar")),
        ("🐈--tile", ("🐈", "tile")),
        ("--tile,", ("", "tile")),
        ("--tile,--hd", ("--tile,", "hd")),
        ('"cat"--ar', ('"cat"', "ar")),
        ("”—no", None),
        ("well--no", None),
        ("конец—no", None),
        ("—quiet", None),
        ("--", None),
        ("--5", None),
        ("https://x.org/a,--ar", None),
        ("cat", None),
    ],
)
def test_finds_flags_in_words(word: str, found: tuple[str, str] | None) -> None:
    assert find_flag(word) == found


def test_a_slot_holds_one_flag() -> None:
    flags = Flags().put("v", "6").put("s", 50).put("fast", True).put("niji", "6").put("relax", True)
    assert flags.write() == "--s 50 --niji 6 --relax"
    assert flags.version == flags.niji == Version("niji", "6")
    assert "v" not in flags
    assert not flags.has("v")


def test_values_by_kind() -> None:
    flags = Flags().put("s", 50).put("q", Decimal("0.5")).put("no", ("a", "b")).put("tile", True)
    assert (flags.get("q"), flags.get("no"), flags.get("tile"), flags.get("w")) == (
        "0.5", "a, b", "", None,
    )  # fmt: skip
    assert (flags.whole("s"), flags.whole("w"), flags.whole("w", 9)) == (50, 0, 9)
    assert flags.decimal("q") == Decimal("0.5")
    assert flags.several("no") == ("a", "b")
    assert flags.several("s") == ()
    assert flags.text("s") is None
    assert flags.drop("s", "no").write() == "--q 0.5 --tile"


def test_every_flag_says_what_it_does() -> None:
    assert all(flag.about.endswith((".", "`.")) for flag in TABLE)


@given(st.sampled_from(sorted(BY_NAME)), st.text())
def test_never_fails_otherwise_and_writes_what_it_reads(spelling: str, text: str) -> None:
    flag = get_flag(spelling)
    try:
        written = flag.read(text)
    except InvalidOrder:
        return
    assert flag.read(written) == written
