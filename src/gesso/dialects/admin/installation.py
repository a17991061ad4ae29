"""/settings and /providers: what this installation is made of, to read."""

from __future__ import annotations

from gesso.dialects.admin.desk import Call, Endpoint, Table
from gesso.dialects.admin.wire import View
from gesso.domain.permission import Permission
from gesso.domain.task import Action
from gesso.services.office import Office
from gesso.services.show_settings import shown


class SettingView(View):
    """A setting in force; the value of a secret is never told, only whether there is one."""

    name: str
    value: str
    default: str
    meaning: str
    secret: bool
    is_set: bool


class OptionView(View):
    """One thing that an operator may set on a channel of a provider."""

    name: str
    about: str
    default: str
    secret: bool


class ProviderView(View):
    """What a provider declares; the form of a channel is made from it."""

    name: str
    title: str
    about: str
    actions: list[Action]
    needs_base_url: bool
    options: list[OptionView]


class Installation:
    """The handlers of these nouns."""

    def __init__(self, office: Office) -> None:
        """Hold the desks."""
        self._settings = office.settings
        self._channels = office.channels

    def table(self) -> list[Endpoint]:
        """Return the routes."""
        table = Table("installation")
        table.add(
            "GET", "/settings", self.settings, "Show the settings in force, without secrets",
            permission=Permission.READ, answer=list[SettingView],
        )  # fmt: skip
        table.add(
            "GET", "/providers", self.providers, "List the providers that channels can use",
            permission=Permission.READ, answer=list[ProviderView],
        )  # fmt: skip
        return table.rows

    async def settings(self, call: Call[None, None]) -> list[SettingView]:
        """GET /settings."""
        return [
            SettingView(
                name=one.name,
                value=one.value,
                default=one.default,
                meaning=one.meaning,
                secret=one.secret,
                is_set=one.is_set,
            )
            for one in shown(self._settings)
        ]

    async def providers(self, call: Call[None, None]) -> list[ProviderView]:
        """GET /providers."""
        return [
            ProviderView(
                name=one.name,
                title=one.title,
                about=one.about,
                actions=sorted(one.actions),
                needs_base_url=one.needs_base_url,
                options=[
                    OptionView(name=o.name, about=o.about, default=o.default, secret=o.secret)
                    for o in one.options
                ],
            )
            for one in self._channels.manifests()
        ]
