"""Write docs/reference from the code; `tests/docs` fails when the pages are stale."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from gesso.domain import errors
from gesso.domain.provider import Manifest
from gesso.domain.relay_card import RELAY_RULES
from gesso.domain.sandbox_card import RULES
from gesso.domain.task import MOVES, TaskStatus
from gesso.http.faults import status_of
from gesso.ledger.money import write_dollars
from gesso.ledger.pricing import DEFAULTS
from gesso.providers import discover
from gesso.settings import Settings

HERE = Path(__file__).parent / "reference"
_HEAD = "<!-- Made by docs/make_reference.py from the code; do not edit. -->\n\n"


def settings() -> str:
    """Return the table of settings."""
    lines = [
        "# Settings\n",
        "Every setting is an environment variable. Any of them may be read from a file instead:",
        "`GESSO_ADMIN_KEY_FILE=/run/secrets/key`. An unknown `GESSO_…` name is refused.\n",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for f in fields(Settings):
        shown = f"`{f.default}`" if str(f.default) else "(empty)"
        lines.append(f"| `GESSO_{f.name.upper()}` | {shown} | {f.metadata['meaning']} |")
    return "\n".join(lines) + "\n"


def error_table() -> str:
    """Return the table of errors."""
    lines = [
        "# Errors\n",
        "No refusal keeps money. On `/mj` the code stands in `properties.error`, beside",
        "`properties.charged` and `properties.retry`.\n",
        "| code | HTTP | safe to retry | meaning |",
        "|---|---|---|---|",
    ]
    for kind in _tree(errors.GessoError):
        about = (kind.__doc__ or "").splitlines()[0]
        retry = "yes" if kind.retry else "no"
        lines.append(f"| `{kind.code}` | {status_of(kind())} | {retry} | {about} |")
    return "\n".join(lines) + "\n"


def _tree(kind: type[errors.GessoError]) -> list[type[errors.GessoError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _tree(child))]


def task_states() -> str:
    """Return the drawing of the state machine and what each state means."""
    source = (Path(errors.__file__).parent / "task.py").read_text()
    meaning = dict(re.findall(r'^    (\w+) = "\w+"  #: (.+)$', source, re.MULTILINE))
    lines = ["# Task states\n", "```mermaid", "stateDiagram-v2"]
    lines += [f"    {a} --> {b}" for a in TaskStatus for b in TaskStatus if b in MOVES[a]]
    lines += ["```\n", "| state | meaning |", "|---|---|"]
    lines += [f"| {s.value} | {meaning[s.name]} |" for s in TaskStatus]
    return "\n".join(lines) + "\n"


def providers() -> str:
    """Return the table of providers."""
    lines = ["# Providers\n", "| name | about | actions |", "|---|---|---|"]
    for name, one in sorted(discover().items()):
        actions = ", ".join(sorted(a.value.lower() for a in one.manifest.actions))
        lines.append(f"| `{name}` | {one.manifest.about} | {actions} |")
    for name, one in sorted(discover().items()):
        if one.manifest.options:
            lines += [f"\n## Options of `{name}`\n", *_options(one.manifest)]
    return "\n".join(lines) + "\n"


def _options(manifest: Manifest) -> list[str]:
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for one in manifest.options:
        default = f"`{one.default}`" if one.default else "(none)"
        about = one.about + (" Kept sealed." if one.secret else "")
        lines.append(f"| `{one.name}` | {default} | {about} |")
    return lines


def prices() -> str:
    """Return the default price list."""
    lines = [
        "# Default prices\n",
        "The most precise key wins: action-version-speed, action-version, action-speed, action,",
        "then `midjourney`.\n",
        "| key | US dollars |",
        "|---|---|",
    ]
    lines += [f"| `{key}` | {write_dollars(nanos)} |" for key, nanos in sorted(DEFAULTS.items())]
    return "\n".join(lines) + "\n"


def test_cards() -> str:
    """Return the table of the sandbox's test cards."""
    lines = [
        "# Test cards\n",
        "`--sandbox <card>[:<argument>]` in a prompt brings an outcome on demand, as the test card",
        "numbers of a payment service do; several cards may follow one another:",
        "`a fox --sandbox slow:5 partial:3`. Cards count on the sandbox alone; a key made with",
        "`gesso key create --test` always runs there and costs nothing.\n",
        "| card | argument | what happens |",
        "|---|---|---|",
    ]
    for card, rule in RULES.items():
        lines.append(f"| `{card}` | {rule.argument} | {rule.about} |")
    lines += [
        "",
        "## Models\n",
        "The sandbox has models too: `sandbox-chat`, `sandbox-embedding`, `sandbox-moderation`,",
        "`sandbox-speech` and `sandbox-transcribe`. Their cards stand at the end of the last",
        "words of a chat, of the input, or of the `prompt` of a recording: "
        "`hello --sandbox error:429`.\n",
        "| card | argument | what happens |",
        "|---|---|---|",
    ]
    for one, what in RELAY_RULES.items():
        lines.append(f"| `{one}` | {what.argument} | {what.about} |")
    return "\n".join(lines) + "\n"


PAGES = {
    "settings.md": settings,
    "errors.md": error_table,
    "task-states.md": task_states,
    "providers.md": providers,
    "prices.md": prices,
    "test-cards.md": test_cards,
}


def main() -> None:
    """Write every page."""
    HERE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (HERE / name).write_text(_HEAD + page())


def current(name: str) -> str:
    """Return what a page should hold."""
    return _HEAD + PAGES[name]()


if __name__ == "__main__":
    main()
