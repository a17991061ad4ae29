"""Models: which channel offers one, under which name, and which we paint ourselves. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder

#: Longest name of a model, in characters; a price key must hold it.
NAME_CHARS = 100
#: Models that are pictures by chat: name → what is added to the prompt.
CHAT_PAINTERS: Mapping[str, str] = {
    "midjourney": "",
    "mj-chat": "",
    "niji": "--niji 6",
    "stable-diffusion": "",
    "gpt-4-all": "",
}
#: Picture models of others that a painter can stand in for.
STAND_INS = ("dall-e-2", "dall-e-3", "gpt-image-1")
#: The later ones are known by the beginning of their names: new ones come every few months.
_KIN = ("dall-e-", "gpt-image-", "chatgpt-image-")
#: Models of the image endpoints that are painted.
PAINTERS = frozenset({*CHAT_PAINTERS, *STAND_INS})

#: The provider that works in this process, with no upstream.
SANDBOX = "sandbox"
#: Models that answer here, with no upstream: the sandbox's. Endpoint's path → name.
SANDBOX_MODELS: Mapping[str, str] = {
    "chat/completions": "sandbox-chat",
    "completions": "sandbox-chat",
    "responses": "sandbox-chat",
    "embeddings": "sandbox-embedding",
    "moderations": "sandbox-moderation",
    "audio/speech": "sandbox-speech",
    "audio/transcriptions": "sandbox-transcribe",
    "audio/translations": "sandbox-transcribe",
}


def is_kin(model: str) -> bool:
    """Say whether a picture model of others is one that a painter could stand in for."""
    return model.startswith(_KIN)


def check_name(model: object) -> str:
    """Return a model's name; raises InvalidOrder for what cannot be one."""
    if not isinstance(model, str) or not model.strip():
        raise InvalidOrder("you must provide a model parameter", param="model")
    if len(model) > NAME_CHARS or not model.isprintable() or "*" in model:
        raise InvalidOrder(f"a model's name has {NAME_CHARS} characters at most", param="model")
    return model


def names(channel: Channel, option: str = "models") -> tuple[str, ...]:
    """Return an option that lists names or patterns: a JSON list or a text with commas."""
    value = channel.options.get(option) or ()
    parts: Iterable[Any] = value.replace("\n", ",").split(",") if isinstance(value, str) else value
    return tuple(text for part in parts if (text := str(part).strip()))


def offers(channel: Channel, model: str) -> bool:
    """Say whether a channel serves a model; one that lists none serves all."""
    return lists(channel, model) or not (names(channel) or _mapping(channel))


def lists(channel: Channel, model: str) -> bool:
    """Say whether a channel names a model, in full or by a pattern."""
    return any(_matches(model, name) for name in (*names(channel), *_mapping(channel)))


def upstream_name(channel: Channel, model: str) -> str:
    """Return the name by which a channel's upstream knows a model."""
    if not channel.options.get("model_map"):
        return model  # Most channels have none, and each call asks.
    mapping = _mapping(channel)
    found = [name for name in mapping if _matches(model, name)]
    if not found:
        return model
    return mapping[max(found, key=lambda n: (n == model, len(n)))]


def explicit_names(channel: Channel) -> set[str]:
    """Return the models that a channel names in full."""
    return {name for name in (*names(channel), *_mapping(channel)) if "*" not in name}


def _matches(model: str, name: str) -> bool:
    return model == name or ("*" in name and fnmatchcase(model, name))


def _mapping(channel: Channel) -> Mapping[str, str]:
    """Return the option `model_map`: an object, or a text that holds one."""
    value = channel.options.get("model_map") or {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
