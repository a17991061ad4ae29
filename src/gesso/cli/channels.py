"""`gesso channel …`: configured backends."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gesso import settings as settings_room
from gesso.app import open_house
from gesso.domain.channel import Channel
from gesso.domain.errors import InvalidOrder
from gesso.domain.task import Lane
from gesso.services import administer

app = typer.Typer(help="Add and list backends.", no_args_is_help=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What you call it.")],
    provider: Annotated[str, typer.Option(help="Provider, such as sandbox or mjproxy.")],
    base_url: Annotated[str, typer.Option(help="Address of the upstream.")] = "",
    core_size: Annotated[int, typer.Option(min=1, max=1000, help="Tasks at once.")] = 3,
    queue_size: Annotated[int, typer.Option(min=0, max=1_000_000, help="Tasks waiting.")] = 10,
    timeout_s: Annotated[
        int, typer.Option(min=1, help="Seconds without progress until a task fails.")
    ] = 300,
    priority: Annotated[int, typer.Option(help="Higher is preferred.")] = 0,
    weight: Annotated[int, typer.Option(min=1, help="Share among equals.")] = 1,
    lane: Annotated[list[Lane] | None, typer.Option(help="Served speed; repeatable.")] = None,
    remark: Annotated[str, typer.Option(help="For accountFilter.remark.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE of the provider, such as api_key=…; repeatable."),
    ] = None,
) -> None:
    """Create a channel and print its id; running processes take it up within seconds."""

    async def run() -> str:
        async with open_house(settings_room.read(), set_up=True) as house:
            known = house.catalogue.providers
            if provider not in known:
                raise InvalidOrder(f"no provider {provider}; there are {', '.join(sorted(known))}")
            if known[provider].manifest.needs_base_url and not base_url.startswith("http"):
                raise InvalidOrder(f"{provider} needs --base-url http…")
            channel = Channel(
                id="",
                name=name,
                provider=provider,
                base_url=base_url,
                lanes=frozenset(lane or Lane),
                core_size=core_size,
                queue_size=queue_size,
                timeout_s=timeout_s,
                priority=priority,
                weight=weight,
                remark=remark,
                options=_options(option or []),
            )
            return (await administer.create_channel(house.database, channel)).id

    typer.echo(asyncio.run(run()))


def _options(given: list[str]) -> dict[str, str]:
    for one in given:
        if "=" not in one:
            raise InvalidOrder("--option takes NAME=VALUE")
    return {name: value for name, _, value in (one.partition("=") for one in given)}


@app.command("list")
def list_channels() -> None:
    """List channels with their provider and sizes."""

    async def run() -> None:
        async with open_house(settings_room.read()) as house:
            for one in house.catalogue.channels:
                state = "on" if one.enabled else "off"
                sizes = f"{one.core_size} at once, {one.queue_size} waiting"
                typer.echo(f"{one.id}  {one.provider}  {state}  {sizes}  {one.name}")

    asyncio.run(run())
