"""Structured fields into flags of the prompt, and which version takes which (section 5)."""

from __future__ import annotations

from gesso.dialects.apimart import bodies
from gesso.domain import prompt
from gesso.domain.errors import InvalidOrder
from gesso.domain.prompt import Prompt
from gesso.domain.version import DEFAULT_NIJI

#: Field and its flag, in the order in which the flags are appended.
FIELDS: tuple[tuple[str, str], ...] = (
    ("size", "ar"), ("quality", "q"), ("style", "style"), ("seed", "seed"),
    ("negative_prompt", "no"), ("stylize", "s"), ("chaos", "c"), ("weird", "w"),
    ("tile", "tile"), ("iw", "iw"), ("cw", "cw"), ("sw", "sw"), ("cref", "cref"),
    ("sref", "sref"), ("dref", "dref"), ("dw", "dw"), ("repeat", "repeat"), ("raw", "raw"),
    ("draft", "draft"), ("hd", "hd"), ("stop", "stop"),
)  # fmt: skip


def read_prompt(text: str | None, action: str, *, max_chars: int) -> tuple[str, Prompt]:
    """Return a prompt as written and as read; raises InvalidOrder when there is none."""
    written = (text or "").strip()
    if not written:
        raise InvalidOrder(f"prompt is required for {action}", param="prompt")
    return written, prompt.parse(written, max_chars=max_chars)


def compile_prompt(body: bodies.Flagged, action: str, *, max_chars: int) -> tuple[str, Prompt]:
    """Return the prompt as written, and as read with the fields of the body over it.

    Raises InvalidOrder naming the field, also for one that the version does not take.
    """
    written, wanted = read_prompt(body.prompt, action, max_chars=max_chars)
    wanted = _with_version(body, wanted)
    for field, flag in FIELDS:
        value = getattr(body, field)
        if value is None or value == "":
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        wanted = with_field(wanted, field, **{flag: value})
    if (body.extra or "").strip():
        # Verbatim and last, so its flags win over all others.
        wanted = prompt.parse(f"{wanted.write()} {body.extra}", max_chars=2 * max_chars)
    return written, check_version(wanted)


def with_field(wanted: Prompt, field: str, **flag: prompt.Given) -> Prompt:
    """Return a prompt with one flag set; a fault names the field of the body."""
    try:
        return wanted.with_flags(**flag)
    except InvalidOrder as fault:
        raise InvalidOrder(f"{field}: {fault.message}", param=field) from None


def _with_version(body: bodies.Flagged, wanted: Prompt) -> Prompt:
    number = "" if body.version is None else str(body.version).strip().lower()
    niji = body.niji
    if number.startswith("niji"):
        niji, number = True, number.removeprefix("niji").strip()
    number = number.removeprefix("v").removesuffix(".0")
    if niji:
        if not number:
            return wanted.as_niji()
        return with_field(wanted, "version", niji=number or DEFAULT_NIJI)
    if niji is False and wanted.niji:
        wanted = wanted.with_flags(niji=False)
    return with_field(wanted, "version", v=number) if number else wanted


def check_version(wanted: Prompt) -> Prompt:
    """Return a prompt whose flags its version takes; raises InvalidOrder naming the flag.

    `--hd` without a version brings `--v 8.1` along.
    """
    if "hd" in wanted.flags and wanted.flags.version is None:
        wanted = wanted.with_flags(v="8.1")
    version = wanted.version
    number, anime = float(version.number), version.family == "niji"
    for flag, fits, needs in (
        ("hd", not anime and number in {8.1, 8.2}, "8.1 or 8.2"),
        ("draft", number >= 7, "7 or later"),
        ("raw", anime or number >= 5.1, "5.1 or later"),
        ("stop", 5 <= number <= 6.1, "5 to 6.1, or niji 5 or 6"),
    ):
        if flag in wanted.flags and not fits:
            raise InvalidOrder(f"{flag} needs version {needs}, not {version.key}", param=flag)
    return wanted
