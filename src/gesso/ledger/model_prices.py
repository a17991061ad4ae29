"""Prices of models: what a relayed call costs by what it uses.

Keys look like `openai@<model>:<unit>`; the model may be a pattern with `*`. A model costs by
the most precise name that has any price: its own, then the longest pattern. `openai@*:…` is
the price of every other model; without one, a model that is not on the list is refused.
Sources of the defaults: the published list prices of the models' makers. Pure: no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gesso.domain.call import Usage
from gesso.ledger.money import DOLLAR, read_dollars

PREFIX = "openai@"
GROUP = "group@"
#: What is counted, and how much of it one price buys.
UNITS: Mapping[str, int] = {
    "input": 1_000_000,  # tokens of the prompt
    "cached": 1_000_000,  # tokens of the prompt that the upstream had at hand
    "output": 1_000_000,  # tokens of the answer
    "character": 1_000_000,  # characters that are spoken
    "audio_second": 1,
    "image": 1,
    "call": 1,
}


def _default_list() -> dict[str, int]:
    prices: dict[str, int] = {}
    for model, read, cached, write in (
        ("gpt-4o", "2.50", "1.25", "10"),
        ("gpt-4o-mini", "0.15", "0.075", "0.60"),
        ("gpt-4.1", "2", "0.50", "8"),
        ("gpt-4.1-mini", "0.40", "0.10", "1.60"),
        ("gpt-4.1-nano", "0.10", "0.025", "0.40"),
        ("gpt-5", "1.25", "0.125", "10"),
        ("gpt-5-mini", "0.25", "0.025", "2"),
        ("gpt-5-nano", "0.05", "0.005", "0.40"),
        ("o3", "2", "0.50", "8"),
        ("o4-mini", "1.10", "0.275", "4.40"),
        ("gpt-4-turbo", "10", "10", "30"),
        ("gpt-4", "30", "30", "60"),
        ("gpt-3.5-turbo", "0.50", "0.50", "1.50"),
        ("gpt-3.5-turbo-instruct", "1.50", "1.50", "2"),
        ("gpt-4-vision-preview", "10", "10", "30"),
        ("gemini-pro", "0.50", "0.50", "1.50"),
        ("gpt-image-1", "5", "1.25", "40"),
        ("text-embedding-3-small", "0.02", "0.02", "0"),
        ("text-embedding-3-large", "0.13", "0.13", "0"),
        ("text-embedding-ada-002", "0.10", "0.10", "0"),
        ("gpt-4o-transcribe", "2.50", "2.50", "10"),
        ("gpt-4o-mini-transcribe", "1.25", "1.25", "5"),
        ("gpt-4o-mini-tts", "0.60", "0.60", "12"),
    ):
        for unit, dollars in (("input", read), ("cached", cached), ("output", write)):
            prices[f"{PREFIX}{model}:{unit}"] = read_dollars(dollars)
    for key, dollars in (
        ("whisper-1:audio_second", "0.0001"),
        ("tts-1:character", "15"),
        ("tts-1-hd:character", "30"),
        ("dall-e-2:image", "0.02"),
        ("dall-e-3:image", "0.04"),
        ("dall-e-3:image-hd", "0.08"),
        ("gpt-4-all:call", "0.05"),
        ("gpt-4-gizmo-*:call", "0.05"),
        ("omni-moderation-*:call", "0"),
        ("text-moderation-*:call", "0"),
        ("sandbox-*:call", "0"),
    ):
        prices[PREFIX + key] = read_dollars(dollars)
    return prices


#: Default amounts in nano-dollars by price key.
DEFAULTS: Mapping[str, int] = _default_list()


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one model costs: nano-dollars by unit. `key` names it in the books."""

    key: str
    nanos: Mapping[str, int]

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever charged."""
        return not any(self.nanos.values())

    def times(self, factor_nanos: int) -> Tariff:
        """Return the tariff of a group, whose factor is in billionths; prices are rounded down."""
        changed = {unit: nanos * factor_nanos // DOLLAR for unit, nanos in self.nanos.items()}
        return Tariff(self.key, changed)

    def cost(self, usage: Usage, *, quality: str = "") -> int:
        """Return what a usage costs, rounded down once: in doubt we lose.

        `quality` picks the price of a picture where the list has one for it.
        """
        price = self.nanos.get
        read = price("input", 0)
        millionths = usage.input_tokens * read + usage.output_tokens * price("output", 0)
        # Asked for only where there is some: this is worked out twice for each call.
        if usage.cached_tokens:
            cached = min(usage.cached_tokens, usage.input_tokens)
            millionths += cached * (price("cached", read) - read)
        if usage.characters:
            millionths += usage.characters * price("character", 0)
        if usage.audio_ms:
            millionths += usage.audio_ms * price("audio_second", 0) * 1000
        nanos = millionths // 1_000_000 + price("call", 0)
        if usage.pictures:
            nanos += usage.pictures * price(f"image-{quality}", price("image", 0))
        return nanos


def group_factor(prices: Mapping[str, int], group: str) -> int:
    """Return the factor of a price group in billionths; one without a price pays as listed."""
    return prices.get(f"{GROUP}{group}", DOLLAR) if group else DOLLAR


def find_tariff(prices: Mapping[str, int], model: str) -> Tariff | None:
    """Return what a model costs, None when the list says nothing about it."""
    by_name: dict[str, dict[str, int]] = {}
    for key, nanos in prices.items():
        if key.startswith(PREFIX):
            name, _, unit = key.removeprefix(PREFIX).rpartition(":")
            by_name.setdefault(name, {})[unit] = nanos
    matching = [n for n in by_name if n == model or ("*" in n and fnmatchcase(model, n))]
    if not matching:
        return None
    best = max(matching, key=lambda n: (n == model, len(n)))
    return Tariff(PREFIX + best, by_name[best])


def list_tariffs(prices: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return every priced model or pattern with its prices by unit, by name."""
    found: dict[str, dict[str, int]] = {}
    for key in sorted(prices):
        if key.startswith(PREFIX):
            name, _, unit = key.removeprefix(PREFIX).rpartition(":")
            found.setdefault(name, {})[unit] = prices[key]
    return found
