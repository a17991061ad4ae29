"""ComfyUI's own words: ids, refusals, ends of prompts, uploads. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.provider import Job
from gesso.upstream.line import Answer, Form
from gesso.upstream.scrub import scrub


def prompt_id(job: Job) -> str:
    """Return the id that we ask the server to use; older ones use their own."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"gesso/{job.reference}"))


def is_ours(entry: Any, job: Job) -> bool:
    """Say whether an entry of queue or history (number, id, graph, extra data) is a job's."""
    if not isinstance(entry, list) or len(entry) < 4:
        return False
    extra = entry[3]
    marked = isinstance(extra, dict) and extra.get("gesso") == job.reference
    return marked or entry[1] == prompt_id(job)


def read_refusal(channel: Channel, answer: Answer) -> str:
    """Return why a graph was not taken: the server's words, with each wrong node."""
    error = answer.body.get("error")
    said = [_words(error) if isinstance(error, dict) else str(error or "")]
    nodes = answer.body.get("node_errors")
    for number, node in nodes.items() if isinstance(nodes, dict) else ():
        if isinstance(node, dict):
            faults = "; ".join(_words(one) for one in _objects(node.get("errors")))
            said.append(f"node {number} ({node.get('class_type')}): {faults}")
    reason = ". ".join(one for one in said if one) or "no reason given"
    return scrub(channel, f"the workflow was refused: {reason}")


def _words(error: Mapping[str, Any]) -> str:
    parts = (error.get("message"), error.get("details"))
    return ": ".join(str(part) for part in parts if part)


def read_fault(entry: Mapping[str, Any]) -> str:
    """Return what went wrong in a finished prompt; empty when nothing did."""
    status = entry.get("status")
    if not isinstance(status, dict) or status.get("status_str") != "error":
        return ""
    for message in status.get("messages") or ():
        if isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict):
            kind, data = message
            if kind == "execution_error":
                node = f"node {data.get('node_id')} ({data.get('node_type')})"
                return f"{node}: {str(data.get('exception_message') or 'failed').strip()}"
            if kind == "execution_interrupted":
                return "the job was interrupted at the upstream"
    return "the upstream failed and gave no reason"


def read_images(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the pictures that a prompt has saved; passing previews only if it saved none."""
    outputs = entry.get("outputs")
    found: list[Mapping[str, Any]] = [
        image
        for node in (outputs.values() if isinstance(outputs, dict) else ())
        if isinstance(node, dict)
        for image in _objects(node.get("images"))
    ]
    return [one for one in found if one.get("type") == "output"] or found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    yield from (one for one in value or () if isinstance(one, dict))


def write_form(file: str, data: bytes) -> Form:
    """Return an upload as the server's form: the file, and that it may replace its like."""
    edge = uuid.uuid4().hex
    fields = {"type": "input", "subfolder": "gesso", "overwrite": "true"}
    head = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += (
        f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="{file}"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    return Form(body, f"multipart/form-data; boundary={edge}")
