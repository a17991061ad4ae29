"""customIds and the buttons of every kind of result (wire/midjourney-proxy section 7)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gesso.domain import buttons
from gesso.domain.buttons import Button, Deed, Press, read, write
from gesso.domain.errors import InvalidOrder
from gesso.domain.task import Action
from gesso.domain.version import DEFAULT_NIJI, NIJI_NUMBERS, NUMBERS, Version

JOB = "01234567-89ab-cdef-0123-456789abcdef"
D = Deed

#: customId as canonically written, press, /mj action by our name, billing name, dialog.
PRESSES = [
    (f"MJ::JOB::upsample::2::{JOB}", Press(D.UPSAMPLE, 2, JOB), "UPSCALE", "upscale", "never"),
    (
        f"MJ::JOB::variation::4::{JOB}",
        Press(D.VARIATION, 4, JOB),
        "VARIATION",
        "variation",
        "remix",
    ),
    (f"MJ::JOB::reroll::0::{JOB}::SOLO", Press(D.REROLL, None, JOB), "BLEND", "reroll", "remix"),
    *(
        (f"MJ::JOB::upsample_{m}_2x_{s}::1::{JOB}::SOLO", Press(d, 1, JOB, m), "UPSCALE", "upscale",
         "never")
        for m in ("v6", "v6r1", "v7")
        for s, d in (("subtle", D.UPSCALE_SUBTLE), ("creative", D.UPSCALE_CREATIVE))
    ),
    (f"MJ::JOB::upsample_v5_2x::1::{JOB}::SOLO", Press(D.UPSCALE_2X, 1, JOB, "v5"), "UPSCALE",
     "upscale", "never"),
    (f"MJ::JOB::upsample_v5_4x::3::{JOB}::SOLO", Press(D.UPSCALE_4X, 3, JOB, "v5"), "UPSCALE",
     "upscale", "never"),
    (f"MJ::JOB::low_variation::1::{JOB}::SOLO", Press(D.LOW_VARIATION, None, JOB), "VARIATION",
     "low_variation", "remix"),
    (f"MJ::JOB::high_variation::1::{JOB}::SOLO", Press(D.HIGH_VARIATION, None, JOB), "VARIATION",
     "high_variation", "remix"),
    (f"MJ::Inpaint::1::{JOB}::SOLO", Press(D.INPAINT, None, JOB), "INPAINT", "inpaint", "always"),
    (f"MJ::Outpaint::50::1::{JOB}::SOLO", Press(D.ZOOM_OUT_2X, None, JOB), "ZOOM", "zoom", "never"),
    (f"MJ::Outpaint::75::1::{JOB}::SOLO", Press(D.ZOOM_OUT_1_5X, None, JOB), "ZOOM", "zoom",
     "never"),
    (f"MJ::Outpaint::100::1::{JOB}::SOLO", Press(D.MAKE_SQUARE, None, JOB), "ZOOM", "zoom",
     "never"),
    (f"MJ::CustomZoom::{JOB}", Press(D.CUSTOM_ZOOM, None, JOB), "ZOOM", "zoom", "always"),
    *(
        (f"MJ::JOB::pan_{way}::1::{JOB}::SOLO", Press(D(f"pan_{way}"), None, JOB), "PAN", "pan",
         "remix")
        for way in ("left", "right", "up", "down")
    ),
    *(
        (f"MJ::JOB::animate_{how}::1::{JOB}::SOLO", Press(D(f"animate_{how}"), None, JOB), "VIDEO",
         "video", "remix")
        for how in ("high", "low")
    ),
    (f"MJ::JOB::animate_high_extend::1::{JOB}", Press(D.EXTEND_HIGH, None, JOB), "VIDEO", "video",
     "remix"),
    (f"MJ::JOB::animate_low_extend::1::{JOB}", Press(D.EXTEND_LOW, None, JOB), "VIDEO", "video",
     "remix"),
    (f"MJ::JOB::video_virtual_upscale::4::{JOB}", Press(D.VIDEO_UPSCALE, 4, JOB), "UPSCALE",
     "upscale", "never"),
    ("MJ::Job::PicReader::4", Press(D.DESCRIBE_PICK, 4), "IMAGINE", "imagine", "always"),
    ("MJ::Job::PicReader::all", Press(D.DESCRIBE_ALL), "IMAGINE", "imagine", "never"),
    ("MJ::Picread::Retry", Press(D.DESCRIBE_RETRY), "DESCRIBE", "describe", "never"),
    ("MJ::Job::PromptAnalyzer::5", Press(D.SHORTEN_PICK, 5), "IMAGINE", "imagine", "always"),
    ("MJ::Job::PromptAnalyzerExtended", Press(D.SHORTEN_DETAILS), "SHORTEN", "shorten", "never"),
]  # fmt: skip


@pytest.mark.parametrize(("custom_id", "press", "action", "price", "dialog"), PRESSES)
def test_presses(custom_id: str, press: Press, action: str, price: str, dialog: str) -> None:
    assert read(custom_id) == press
    assert write(press) == custom_id
    assert buttons.action_of(press, Action.BLEND) is Action(action)
    assert buttons.price_action(press) == price
    assert buttons.needs_dialog(press.deed) == dialog
    if press.job_id is not None:
        assert read(custom_id.removesuffix("::SOLO")) == press
        assert read(custom_id.removesuffix("::SOLO") + "::SOLO") == press


def test_every_deed_has_an_example() -> None:
    assert {press.deed for _, press, *_ in PRESSES} == set(Deed) - {Deed.BOOKMARK}


def test_a_bookmark_makes_no_task() -> None:
    press = read(f"MJ::BOOKMARK::{JOB}")
    assert press == Press(D.BOOKMARK, None, JOB)
    assert write(press) == f"MJ::BOOKMARK::{JOB}"
    assert buttons.needs_dialog(D.BOOKMARK) == "never"
    with pytest.raises(InvalidOrder, match="a bookmark makes no task"):
        buttons.action_of(press, Action.UPSCALE)
    with pytest.raises(InvalidOrder):
        buttons.price_action(press)


def test_other_spellings() -> None:
    assert read(f"MJ::CustomZoom::1::{JOB}") == Press(D.CUSTOM_ZOOM, None, JOB)
    assert read(f"MJ::JOB::upsample::1::{JOB.upper()}") == Press(D.UPSAMPLE, 1, JOB)


@pytest.mark.parametrize("parent", [Action.IMAGINE, Action.VARIATION, Action.VIDEO, Action.ZOOM])
def test_a_reroll_keeps_its_parents_action(parent: Action) -> None:
    assert buttons.action_of(Press(D.REROLL, None, JOB), parent) is parent


def test_a_reroll_of_an_upscale_is_an_imagine() -> None:
    assert buttons.action_of(Press(D.REROLL, None, JOB), Action.UPSCALE) is Action.IMAGINE


@pytest.mark.parametrize(
    "custom_id",
    [
        "",
        "MJ::JOB::upsample",
        f"MJ::JOB::upsample::0::{JOB}",
        f"MJ::JOB::upsample::5::{JOB}",
        f"MJ::JOB::upsample::١::{JOB}",
        f"MJ::JOB::upsample::1::{JOB[:-1]}",
        f"MJ::JOB::upsample::1::{JOB}\n",
        f"MJ::JOB::upsample::1::{JOB}::SOLO::SOLO",
        f"mj::job::upsample::1::{JOB}",
        f"MJ::JOB::upsample_v5_2x_subtle::1::{JOB}::SOLO",
        f"MJ::JOB::upsample_v7_4x::1::{JOB}::SOLO",
        f"MJ::JOB::upsample_v8_2x_subtle::1::{JOB}::SOLO",
        f"MJ::Outpaint::60::1::{JOB}::SOLO",
        f"MJ::CustomZoom::2::{JOB}",
        "MJ::Job::PicReader::5",
        "MJ::Job::PicReader::1::SOLO",
        "MJ::Job::PromptAnalyzer::6",
        "MJ::Settings::HighVariabilityMode::1",
    ],
)
def test_refuses_unknown_ids(custom_id: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        read(custom_id)
    assert caught.value.message == f"unknown action: {custom_id}"
    assert caught.value.param == "customId"


@pytest.mark.parametrize(
    "press",
    [
        Press(D.UPSAMPLE, 7, JOB),
        Press(D.UPSAMPLE, None, JOB),
        Press(D.UPSAMPLE, 1),
        Press(D.UPSCALE_SUBTLE, 1, JOB, "v5"),
        Press(D.DESCRIBE_PICK),
    ],
)
def test_refuses_to_write_what_no_id_can_say(press: Press) -> None:
    with pytest.raises(InvalidOrder, match="no such button"):
        write(press)


def _shown(row: tuple[Button, ...]) -> list[tuple[str, str, str]]:
    assert all((button.style, button.type) == (2, 2) for button in row)
    return [(button.custom_id.replace(JOB, "@"), button.emoji, button.label) for button in row]


def test_grid() -> None:
    assert _shown(buttons.for_grid(JOB)) == [
        ("MJ::JOB::upsample::1::@", "", "U1"),
        ("MJ::JOB::upsample::2::@", "", "U2"),
        ("MJ::JOB::upsample::3::@", "", "U3"),
        ("MJ::JOB::upsample::4::@", "", "U4"),
        ("MJ::JOB::reroll::0::@::SOLO", "🔄", ""),
        ("MJ::JOB::variation::1::@", "", "V1"),
        ("MJ::JOB::variation::2::@", "", "V2"),
        ("MJ::JOB::variation::3::@", "", "V3"),
        ("MJ::JOB::variation::4::@", "", "V4"),
    ]


VARY = [
    ("MJ::JOB::low_variation::1::@::SOLO", "🪄", "Vary (Subtle)"),
    ("MJ::JOB::high_variation::1::@::SOLO", "🪄", "Vary (Strong)"),
]
REGION = [("MJ::Inpaint::1::@::SOLO", "🖌️", "Vary (Region)")]
ZOOM = [
    ("MJ::Outpaint::50::1::@::SOLO", "🔍", "Zoom Out 2x"),
    ("MJ::Outpaint::75::1::@::SOLO", "🔍", "Zoom Out 1.5x"),
]
SQUARE = [("MJ::Outpaint::100::1::@::SOLO", "↔️", "Make Square")]
CUSTOM = [("MJ::CustomZoom::@", "🔍", "Custom Zoom")]
PAN = [
    ("MJ::JOB::pan_left::1::@::SOLO", "⬅️", ""),
    ("MJ::JOB::pan_right::1::@::SOLO", "➡️", ""),
    ("MJ::JOB::pan_up::1::@::SOLO", "⬆️", ""),
    ("MJ::JOB::pan_down::1::@::SOLO", "⬇️", ""),
]
ANIMATE = [
    ("MJ::JOB::animate_high::1::@::SOLO", "🎞️", "Animate (High motion)"),
    ("MJ::JOB::animate_low::1::@::SOLO", "🎞️", "Animate (Low motion)"),
]
HEART = [("MJ::BOOKMARK::@", "❤️", "")]


def _upscalers(model: str, word: str = "Upscale") -> list[tuple[str, str, str]]:
    names = [("2x", "2x"), ("4x", "4x")]
    if model != "v5":
        names = [("2x_subtle", "Subtle"), ("2x_creative", "Creative")]
    return [
        (f"MJ::JOB::upsample_{model}_{command}::1::@::SOLO", "upscale_1", f"{word} ({name})")
        for command, name in names
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        *((f"v{n}", VARY + HEART) for n in ("1", "2", "3", "4")),
        ("niji4", VARY + HEART),
        *(
            (key, _upscalers("v5") + VARY + REGION + ZOOM + CUSTOM + PAN + HEART)
            for key in ("v5", "v5.1", "v5.2", "niji5")
        ),
        *(
            (key, _upscalers("v6") + VARY + REGION + ZOOM + CUSTOM + PAN + HEART)
            for key in ("v6", "niji6")
        ),
        ("v6.1", _upscalers("v6r1") + VARY + REGION + ZOOM + CUSTOM + PAN + HEART),
        *(
            (key, _upscalers("v7") + VARY + REGION + ZOOM + CUSTOM + PAN + ANIMATE + HEART)
            for key in ("v7", "niji7")
        ),
        *((f"v{n}", VARY + REGION + ANIMATE + HEART) for n in ("8", "8.1", "8.2")),
    ],
)
def test_single(key: str, expected: list[tuple[str, str, str]]) -> None:
    version = Version.read(key)
    assert _shown(buttons.for_single(JOB, version, square=True)) == expected
    oblong = _shown(buttons.for_single(JOB, version, square=False))
    assert [row for row in oblong if row not in SQUARE] == expected
    assert (SQUARE[0] in oblong) == (ZOOM[0] in expected)


def test_make_square_stands_before_custom_zoom() -> None:
    shown = _shown(buttons.for_single(JOB, Version.read("v6"), square=False))
    assert shown[shown.index(SQUARE[0]) + 1] == CUSTOM[0]


@pytest.mark.parametrize(("key", "model"), [("v5.2", "v5"), ("v6.1", "v6r1"), ("v7", "v7")])
def test_an_upscaled_picture_offers_to_redo_it(key: str, model: str) -> None:
    row = buttons.for_single(JOB, Version.read(key), square=True, redo=D.UPSCALE_SUBTLE)
    assert _shown(row)[:2] == _upscalers(model, "Redo Upscale")


def test_video() -> None:
    assert _shown(buttons.for_video(JOB, 2)) == [
        ("MJ::JOB::video_virtual_upscale::1::@", "", "U1"),
        ("MJ::JOB::video_virtual_upscale::2::@", "", "U2"),
        ("MJ::JOB::reroll::0::@::SOLO", "🔄", ""),
    ]
    assert _shown(buttons.for_single_video(JOB)) == [
        ("MJ::JOB::animate_high_extend::1::@", "🎞️", "Extend (High motion)"),
        ("MJ::JOB::animate_low_extend::1::@", "🎞️", "Extend (Low motion)"),
    ]


def test_describe() -> None:
    assert _shown(buttons.for_describe()) == [
        ("MJ::Job::PicReader::1", "1️⃣", ""),
        ("MJ::Job::PicReader::2", "2️⃣", ""),
        ("MJ::Job::PicReader::3", "3️⃣", ""),
        ("MJ::Job::PicReader::4", "4️⃣", ""),
        ("MJ::Picread::Retry", "🔄", ""),
        ("MJ::Job::PicReader::all", "🎉", "Imagine all"),
    ]


def test_shorten() -> None:
    assert _shown(buttons.for_shorten(2)) == [
        ("MJ::Job::PromptAnalyzer::1", "1️⃣", ""),
        ("MJ::Job::PromptAnalyzer::2", "2️⃣", ""),
        ("MJ::Job::PromptAnalyzerExtended", "", "Show Details"),
    ]
    assert len(buttons.for_shorten(5)) == 6


_VERSIONS = st.one_of(
    st.builds(Version, st.just("v"), st.sampled_from(NUMBERS)),
    st.builds(Version, st.just("niji"), st.sampled_from(NIJI_NUMBERS)),
)


@given(_VERSIONS, st.uuids().map(str), st.booleans())
def test_every_shown_button_can_be_pressed(version: Version, job: str, square: bool) -> None:
    row = buttons.for_single(job, version, square=square) + buttons.for_grid(job)
    assert len({button.custom_id for button in row}) == len(row)
    for button in row:
        press = read(button.custom_id)
        assert press.job_id == job
        assert write(press) == button.custom_id


_WORDS = st.sampled_from(
    f"MJ JOB Job upsample reroll 0 1 4 5 SOLO {JOB} {JOB.upper()} Inpaint Outpaint 50 75 100"
    " CustomZoom PicReader all Picread Retry PromptAnalyzer upsample_v6r1_2x_subtle"
    " upsample_v5_4x BOOKMARK".split()
)


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.lists(_WORDS, max_size=6).map("::".join),
        st.sampled_from([custom_id for custom_id, *_ in PRESSES]).map(lambda text: text + "::SOLO"),
    )
)
def test_any_text_is_read_or_refused(custom_id: str) -> None:
    try:
        press = read(custom_id)
    except InvalidOrder:
        return
    written = write(press)
    assert read(written) == press
    assert write(read(written)) == written


def test_the_default_anime_model_has_buttons() -> None:
    assert len(buttons.for_single(JOB, Version("niji", DEFAULT_NIJI), square=True)) > 5
