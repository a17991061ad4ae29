"""What this wire says of refusals and of finished tasks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Garbled
from gesso.domain.provider import Delivered, Job, Progress, Stage
from gesso.upstream.line import Answer
from gesso.upstream.parent import read_lines
from gesso.upstream.scrub import scrub


def read_reason(channel: Channel, answer: Answer) -> str:
    """Return what a refusal says: the wire has an error object and an older flat form."""
    error = answer.body.get("error")
    said = error.get("message") if isinstance(error, dict) else error
    kind = f"{error.get('code') or ''} " if isinstance(error, dict) else ""
    text = f"{kind}{said or answer.body.get('description') or 'no reason given'}"
    return scrub(channel, f"{text} (HTTP {answer.status})")


def read_percent(value: Any) -> int:
    """Return progress, which is a number or a text with a per cent sign."""
    digits = str(value or "").rstrip("%")
    return min(99, int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0


def read_urls(task: Mapping[str, Any], name: str) -> list[str]:
    """Return the URLs of a field: a text, a list of texts, or a list of objects with one."""
    value = task.get(name)
    found = []
    for one in value if isinstance(value, list) else [value]:
        url = one.get("url") if isinstance(one, dict) else one
        if isinstance(url, str) and url:
            found.append(url)
    return found


def read_facts(upstream_id: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what later orders need of a finished task: its id, its buttons, its prompt."""
    shown = task.get("buttons")
    ids = [b.get("customId") for b in shown if isinstance(b, dict)] if shown else []
    facts = {
        "upstream_id": upstream_id,
        "buttons": [one for one in ids if isinstance(one, str) and one],
        "final_prompt": task.get("prompt_en") or task.get("prompt"),
    }
    return {name: value for name, value in facts.items() if value}


def read_text(job: Job, task: Mapping[str, Any], facts: dict[str, Any]) -> Progress:
    """Return the end of a description; raises Garbled when it has no text."""
    text = str(task.get("prompt") or task.get("description") or "")
    if not text:
        raise Garbled("a finished task without its text")
    facts |= {"text": text, "lines": read_lines(text)}
    facts.pop("final_prompt", None)
    shown = [Delivered(0, one) for one in job.material.pictures[:1]]
    return Progress(Stage.DONE, 100, pictures=shown, facts=facts)
