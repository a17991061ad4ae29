"""One file per upstream protocol; the folder listing is the registry.

Every module here exports `open_provider(**options)`; packages of others add theirs by the
entry point group `gesso.providers`, under the same form.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from gesso.domain.provider import Provider


def discover(**options: Any) -> dict[str, Provider]:
    """Open every provider of this folder and of installed packages, by name."""
    modules = [
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    ]
    openers = [*(m.open_provider for m in modules), *_installed()]
    found = [opener(**options) for opener in openers]
    return {provider.manifest.name: provider for provider in found}


@cache
def _installed() -> tuple[Callable[..., Provider], ...]:
    """Return the openers of other packages, read once: it looks into every package there is."""
    return tuple(point.load() for point in entry_points(group="gesso.providers"))
