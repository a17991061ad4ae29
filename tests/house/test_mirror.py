"""Tests mirror the code: every module has its test file, or a reason for having none."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gesso"
ROOMS = ROOT / "tests" / "rooms"

#: Folders that are tested as a whole, by the named test file or folder below `tests`.
TOGETHER = {
    "app": "flows",
    "dialects/admin": "flows/test_admin.py",
    "painting": "rooms/painting/test_paint.py",
    "storage/migrations": "rooms/storage/test_migrate.py",
    "dialects/midjourney": "contracts/test_dialects.py",
    "dialects/apimart": "rooms/dialects/apimart",
    "dialects/openai": "rooms/dialects/openai/test_wire.py",
}
#: Modules without a file of their own: where their behaviour is tested, or why there is none.
ELSEWHERE = {
    "__main__.py": "rooms/cli/test_commands.py",
    "cli/__init__.py": "rooms/cli/test_cli.py",
    "cli/imagine.py": "rooms/cli/test_commands.py",
    "cli/keys.py": "rooms/cli/test_commands.py",
    "cli/prices.py": "flows/test_openai_prices.py",
    "cli/migrate.py": "rooms/cli/test_commands.py",
    "cli/serve.py": "rooms/cli/test_commands.py",
    "cli/worker.py": "crash/test_kill.py",
    "domain/actor.py": "",  # records
    "domain/attempt.py": "",  # a record and its words
    "domain/call.py": "",  # records
    "domain/order.py": "",  # records
    "domain/limits.py": "flows/test_openai_limits.py",
    "services/relay_probe.py": "flows/test_openai_health.py",
    "services/relay_again.py": "flows/test_openai_limits.py",
    "storage/call_replays.py": "flows/test_openai_limits.py",
    "storage/limits.py": "flows/test_openai_limits.py",
    "domain/relay.py": "",  # the port: records and a protocol
    "domain/provider.py": "",  # the port: records and a protocol
    "domain/search.py": "",  # records
    "http/docs.py": "flows/test_admin.py",
    "http/pictures.py": "flows/test_imagine.py",
    "ledger/journal.py": "flows/test_admin.py",
    "sandbox_models/answer.py": "flows/test_openai_sandbox.py",
    "sandbox_models/events.py": "flows/test_openai_sandbox.py",
    "sandbox_models/form.py": "flows/test_openai_sandbox.py",
    "sandbox_models/sample.py": "rooms/sandbox_models/test_chat.py",
    "sandbox_models/sound.py": "rooms/sandbox_models/test_melody.py",
    "sandbox_models/transcript.py": "flows/test_openai_sandbox.py",
    "providers/__init__.py": "house/test_walls.py",
    "providers/apimart/orders.py": "rooms/providers/test_apimart.py",
    "providers/apimart/results.py": "rooms/providers/test_apimart.py",
    "providers/comfyui/feed.py": "rooms/providers/test_comfyui.py",
    "providers/comfyui/graphs.py": "rooms/providers/test_comfyui.py",
    "providers/comfyui/wire.py": "rooms/providers/test_comfyui.py",
    "providers/diffusers/engine.py": "rooms/providers/test_diffusers.py",
    "providers/diffusers/worker.py": "rooms/providers/test_diffusers.py",
    "providers/mjproxy/line.py": "rooms/upstream/test_line.py",
    "providers/sandbox.py": "flows/test_imagine.py",
    "services/browse.py": "flows/test_admin.py",
    "services/channel_switches.py": "flows/test_accounts.py",
    "services/compose.py": "flows/test_matrix.py",
    "services/deliver.py": "flows/test_deliveries.py",
    "services/follow_up.py": "flows/test_imagine.py",
    "services/manage_accounts.py": "flows/test_admin.py",
    "services/manage_catalogue.py": "flows/test_admin.py",
    "services/manage_channels.py": "flows/test_admin.py",
    "services/manage_deliveries.py": "flows/test_deliveries.py",
    "services/manage_keys.py": "flows/test_admin.py",
    "services/manage_users.py": "rooms/cli/test_users.py",
    "services/moderate.py": "flows/test_moderation.py",
    "services/office.py": "flows/test_admin.py",  # wiring
    "services/issuer.py": "flows/test_oidc.py",
    "services/oidc_login.py": "flows/test_oidc.py",
    "services/page.py": "rooms/storage/test_paging.py",  # a name for another floor
    "services/pause.py": "flows/test_outage.py",
    "http/server.py": "flows/test_imagine.py",
    "services/record.py": "flows/test_admin.py",
    "services/reroute.py": "flows/test_outage.py",
    "services/spending.py": "flows/test_apimart_terms.py",
    "services/watch.py": "flows/test_events.py",
    "services/model_list.py": "flows/test_openai_relay.py",
    "services/paint.py": "flows/test_openai_pictures.py",
    "services/relay.py": "flows/test_openai_relay.py",
    "services/relay_demand.py": "flows/test_openai_relay.py",
    "services/relay_ending.py": "flows/test_openai_relay.py",
    "services/relay_open.py": "flows/test_openai_relay.py",
    "services/relay_try.py": "flows/test_openai_relay.py",
    "services/sweep.py": "crash/test_kill.py",
    "storage/accounts.py": "rooms/services/test_administer.py",
    "storage/attempts.py": "rooms/services/test_attempts.py",
    "storage/banned.py": "rooms/storage/test_paging.py",
    "storage/blob_files.py": "rooms/storage/test_blobs.py",
    "storage/blob_uses.py": "rooms/storage/test_tables.py",
    "storage/calls.py": "rooms/services/test_relay_money.py",
    "storage/channels.py": "rooms/storage/test_tables.py",
    "storage/deliveries.py": "flows/test_deliveries.py",
    "storage/keys.py": "rooms/storage/test_tables.py",
    "storage/ledger_entries.py": "rooms/ledger/test_statement.py",
    "storage/needs.py": "",  # a record
    "storage/outbox.py": "rooms/services/test_notify.py",
    "storage/prices.py": "rooms/storage/test_tables.py",
    "storage/replays.py": "rooms/storage/test_tables.py",
    "storage/schema.py": "rooms/storage/test_migrate.py",
    "storage/secrets.py": "rooms/storage/test_tables.py",
    "storage/signing_secrets.py": "flows/test_deliveries.py",
    "storage/task_pages.py": "flows/test_admin.py",
    "storage/tasks.py": "rooms/storage/test_tables.py",
    "storage/users.py": "rooms/cli/test_users.py",
    "testing/__init__.py": "contracts/test_example.py",
    "testing/provider_contract.py": "contracts/test_providers.py",
    "testing/relay_contract.py": "contracts/test_providers.py",
    "testing/rig.py": "contracts/test_providers.py",
    "upstream/diffusion.py": "rooms/providers/test_sdwebui.py",
    "upstream/transfer.py": "",  # the port: records and a protocol
    "worker/courier.py": "flows/test_callbacks.py",
}


def _is_empty(path: Path) -> bool:
    """Whether a package file holds nothing but its docstring."""
    return path.name == "__init__.py" and len(path.read_text().splitlines()) <= 6


def _modules() -> list[str]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = str(path.relative_to(SOURCE))
        if not _is_empty(path) and not name.startswith(tuple(f"{f}/" for f in TOGETHER)):
            found.append(name)
    return found


def _mirror(name: str) -> Path:
    place = Path(name)
    if place.name == "__init__.py":
        # A package that is a module: providers/mjproxy/__init__.py → providers/test_mjproxy.py
        return ROOMS / place.parent.parent / f"test_{place.parent.name}.py"
    return ROOMS / place.parent / f"test_{place.name}"


@pytest.mark.parametrize("name", _modules())
def test_every_module_has_its_test_file(name: str) -> None:
    if not _mirror(name).exists():
        assert name in ELSEWHERE, f"write {_mirror(name).relative_to(ROOT)}"


@pytest.mark.parametrize("name", sorted({*ELSEWHERE, *TOGETHER}))
def test_exceptions_are_about_what_is_there(name: str) -> None:
    assert (SOURCE / name).exists(), name
    assert (ROOT / "tests" / (ELSEWHERE | TOGETHER)[name]).exists(), name
