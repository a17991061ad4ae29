"""Which channels a call may go to, and in which order they are tried."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from gesso.domain.channel import Channel
from gesso.domain.errors import NoChannel, UnknownModel
from gesso.domain.model import explicit_names, lists, names, offers, upstream_name
from gesso.domain.provider import Provider
from gesso.domain.relay import Endpoint, Relay
from gesso.services.relay_breaker import Breakers

#: Models whose channels are remembered; names that strangers make up cannot fill memory.
_REMEMBERED = 1000


class Router:
    """Orders channels for calls."""

    def __init__(self, providers: Mapping[str, Provider], breakers: Breakers) -> None:
        """Take the providers, of which some relay, and who knows which channels are well."""
        self.breakers = breakers
        self._known: dict[tuple[Endpoint, str], Sequence[Channel]] = {}
        self._known_of: Sequence[Channel] | None = None
        # Asked once: what a class can do is found out slowly, and this is asked per call.
        self._relays: dict[str, Relay] = {
            name: provider for name, provider in providers.items() if isinstance(provider, Relay)
        }

    def relay_of(self, channel: Channel) -> Relay | None:
        """Return what relays for a channel, None for one that takes tasks only."""
        return self._relays.get(channel.provider)

    def serves(self, channel: Channel, endpoint: Endpoint) -> bool:
        """Say whether a channel relays an endpoint at all."""
        relay = self.relay_of(channel)
        if relay is None or endpoint not in relay.endpoints:
            return False
        only = names(channel, "endpoints")
        return not only or endpoint.value in only

    def offers(self, channel: Channel, endpoint: Endpoint, model: str) -> bool:
        """Say whether a channel has a model at an endpoint."""
        relay = self._relays.get(channel.provider)
        if relay is None or not offers(channel, model):
            return False
        # What answers by itself has what it has, whatever the channel's options promise.
        return not relay.models or upstream_name(channel, model) in relay.models.get(endpoint, ())

    def names(self, channels: Sequence[Channel], endpoint: Endpoint, model: str) -> bool:
        """Say whether an enabled channel relays a model and lists it, by name or pattern."""
        return any(
            c.enabled
            and self.serves(c, endpoint)
            and self.offers(c, endpoint, model)
            and (lists(c, model) or bool(self._relays[c.provider].models))
            for c in channels
        )

    def order(
        self,
        channels: Sequence[Channel],
        endpoint: Endpoint,
        model: str,
        provider: str | None = None,
    ) -> list[Channel]:
        """Return the channels to try: by priority, among equals drawn by weight.

        With a provider, only its channels: test keys work on the sandbox's.
        Raises UnknownModel when no channel offers the model, NoChannel when those that do
        are switched off or left alone.
        """
        able = self._able(channels, endpoint, model)
        if provider is None and len(able) == 1:
            # Of most models there is one channel: what is checked below, of that one.
            (only,) = able
            if only.enabled and not only.paused and self.breakers.allows(only.id):
                return [only]
        if provider is not None:
            able = [c for c in able if c.provider == provider]
        if not able:
            raise UnknownModel(
                f"the model {model!r} does not exist or you do not have access to it",
                param="model",
            )
        on = [c for c in able if c.enabled and not c.paused]
        if not on:
            raise NoChannel(f"every channel with {model} is disabled")
        well = [c for c in on if self.breakers.allows(c.id)]
        if not well:
            reason = self.breakers.find(on[0].id).reason
            raise NoChannel(f"every channel with {model} is failing: {reason}")
        if len(well) == 1:
            return well
        # The smallest of random**(1/weight)'s logarithms: a draw without replacement.
        return sorted(well, key=lambda c: (-c.priority, random.expovariate(1.0) / max(1, c.weight)))

    def _able(
        self, channels: Sequence[Channel], endpoint: Endpoint, model: str
    ) -> Sequence[Channel]:
        """Return the channels that have a model; remembered until the channels change."""
        if channels is not self._known_of or len(self._known) > _REMEMBERED:
            self._known, self._known_of = {}, channels
        found = self._known.get((endpoint, model))
        if found is None:
            found = [
                c for c in channels if self.serves(c, endpoint) and self.offers(c, endpoint, model)
            ]
            self._known[endpoint, model] = found
        return found

    def listed(self, channels: Sequence[Channel]) -> dict[str, str]:
        """Return the models that enabled channels name in full, with the provider of each."""
        found: dict[str, str] = {}
        for channel in channels:
            relay = self.relay_of(channel)
            if relay is None or not channel.enabled:
                continue
            own = {name for some in relay.models.values() for name in some}
            found |= dict.fromkeys(explicit_names(channel) | own, channel.provider)
        return found
