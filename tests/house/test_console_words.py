"""The console speaks Chinese wherever the gateway itself has English words alone."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gesso
from gesso.domain.errors import GessoError
from gesso.ledger.model_prices import UNITS
from gesso.providers import discover
from gesso.settings import Settings
from gesso.testing.provider_contract import _CODES

I18N = Path(__file__).parents[2] / "console/src/i18n"
_CHINESE = re.compile("[一-鿿]")
_PAIR = re.compile(r"'(code|fail)\.(\w+)': \[\s*(['\"])(.*?)\3,\s*(['\"])(.*?)\5,?\s*\]", re.DOTALL)
#: Codes of tasks that no provider gives: gesso itself ends them.
_OURS = {"internal", "no_channel", "uncertain", "banned_prompt", "cancelled", "deadline_missed"}


def _read(name: str) -> Any:
    return json.loads((I18N / "zh" / name).read_text(encoding="utf-8"))


def _pairs(kind: str) -> dict[str, tuple[str, str]]:
    text = (I18N / "errors.ts").read_text(encoding="utf-8")
    return {one[1]: (one[3], one[5]) for one in _PAIR.findall(text) if one[0] == kind}


def _below(error: type[GessoError]) -> Iterator[type[GessoError]]:
    yield error
    for one in error.__subclasses__():
        if one.__module__ == GessoError.__module__:
            yield from _below(one)


def test_every_setting_is_explained_in_chinese() -> None:
    said = _read("settings.json")
    assert list(said) == [f"GESSO_{one.name.upper()}" for one in dataclasses.fields(Settings)]
    assert [name for name, text in said.items() if not _CHINESE.search(text)] == []


def test_every_field_of_every_provider_is_explained_in_chinese() -> None:
    said = _read("providers.json")
    manifests = {name: one.manifest for name, one in discover().items()}
    assert set(said) == set(manifests)
    for name, manifest in manifests.items():
        texts = said[name]["options"]
        assert list(texts) == [one.name for one in manifest.options], name
        assert all(_CHINESE.search(text) for text in (said[name]["about"], *texts.values())), name


def test_every_record_of_the_audit_log_has_a_name() -> None:
    text = (I18N / "audit.ts").read_text(encoding="utf-8")
    named = set(re.findall(r"'record\.([a-z_.]+)'", text))
    rooms = Path(gesso.__file__).parent
    code = "".join(one.read_text() for one in rooms.glob("services/*.py"))
    nouns = {name.partition(".")[0] for name in named}
    recorded = set(re.findall(rf'"((?:{"|".join(nouns)})\.[a-z_]+)"', code))
    assert recorded == named


def test_every_refusal_is_said_in_both_languages() -> None:
    said = _pairs("code")
    assert {name: english for name, (english, _) in said.items()} == {
        one.code: (one.__doc__ or "").splitlines()[0] for one in _below(GessoError)
    }
    assert all(_CHINESE.search(chinese) for _, chinese in said.values())


@pytest.mark.parametrize("code", sorted(_CODES | _OURS))
def test_every_failure_of_a_task_is_said_in_both_languages(code: str) -> None:
    english, chinese = _pairs("fail")[code]
    assert english.isascii()
    assert _CHINESE.search(chinese)


def test_every_unit_of_a_price_has_a_name() -> None:
    text = (I18N / "operations.ts").read_text(encoding="utf-8")
    assert re.findall(r"'unit\.(\w+)': \[", text) == list(UNITS)


def test_every_label_of_a_button_is_said_in_chinese() -> None:
    text = (I18N / "labels.ts").read_text(encoding="utf-8")
    named = set(re.findall(r"'label\.(.*?)': \[", text))
    code = (Path(gesso.__file__).parent / "domain/buttons.py").read_text()
    written = set(
        re.findall(r'"((?:Vary|Zoom|Make|Custom|Animate|Extend|Imagine|Show) .*?)"', code)
    )
    assert written
    assert written <= named
