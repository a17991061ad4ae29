"""The house: database, queue, store and what all parts of one process share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from gesso.app.parts import running, sender, shapes
from gesso.domain.channel import Rule
from gesso.domain.errors import BadSettings
from gesso.domain.provider import Provider
from gesso.http.pictures import PictureLinks
from gesso.providers import discover
from gesso.services import administer, seal
from gesso.services.catalogue import Catalogue
from gesso.services.deliver import Sender
from gesso.services.look_up import Finder
from gesso.services.quote import Quoter
from gesso.services.relay import Relayer
from gesso.services.relay_open import open_relayer
from gesso.services.watch import Watch
from gesso.settings import Settings
from gesso.storage import migrate, secrets
from gesso.storage.blobs import Blobs, open_blobs
from gesso.storage.database import Database, open_database
from gesso.storage.jobs import EmbeddedJobs, Jobs, PostgresJobs
from gesso.storage.reader import Reader
from gesso.storage.writer import Writer


@dataclass(frozen=True, slots=True)
class House:
    """Everything that one process is made of."""

    settings: Settings
    database: Database
    jobs: Jobs
    blobs: Blobs
    writer: Writer
    reader: Reader
    catalogue: Catalogue
    relayer: Relayer
    finder: Finder
    links: PictureLinks
    watch: Watch
    hook_secret: str
    first_key: str | None = None  #: Drawn at the very first start; shown once.

    def sender(self) -> Sender:
        """Return what sends callbacks of this installation."""
        return sender(self.settings, self.database, self.hook_secret)


def check_public(settings: Settings, *, has_keys: bool) -> None:
    """Refuse to listen publicly with a key that nobody chose; raises BadSettings."""
    if settings.listens_publicly() and not settings.admin_key and not has_keys:
        raise BadSettings(
            f"GESSO_HOST={settings.host or '0.0.0.0'} can be reached from other machines, but no "
            "key was set up. Set GESSO_ADMIN_KEY (sk-… of at least 24 characters), or start once "
            "on 127.0.0.1 to get a first key."
        )


@asynccontextmanager
async def open_house(settings: Settings, *, set_up: bool = False) -> AsyncIterator[House]:
    """Open database, queue and store, run the writer, and close all at the end.

    With `set_up`, migrations are applied and a first account, channel and key are made;
    without it, a database of another version raises SchemaMismatch.
    """
    database = open_database(settings.database_url, settings.data_dir, settings.secret_key)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await (migrate.migrate(database) if set_up else migrate.check(database))
        jobs: Jobs = PostgresJobs(database.dsn) if database.distributed else EmbeddedJobs()
        stack.push_async_callback(jobs.close)
        blobs = _open_blobs(settings)
        writer = Writer(database, jobs)
        catalogue = Catalogue(
            database, _providers(settings), settings.banned_words, Rule(settings.channel_rule)
        )
        await stack.enter_async_context(running([writer.run()]))
        first_key = None
        if set_up:
            check_public(settings, has_keys=await administer.has_keys(database))
            first_key = await administer.set_up_first(database, writer, settings)
            await seal.seal_all(database)
        await catalogue.refresh()
        relayer = open_relayer(settings, database, writer, catalogue)
        await stack.enter_async_context(
            running([catalogue.run(), relayer.leases.run(), relayer.prober.run()])
        )
        stack.push_async_callback(relayer.drain)
        async with database.transaction() as connection:
            picture_secret = bytes.fromhex(await secrets.get(connection, "picture_links"))
            hook_secret = await secrets.get(connection, "callbacks")
        reader = Reader(database)
        lifetime = min(settings.link_hours, settings.picture_days * 24)
        links = PictureLinks(settings.base_url, picture_secret, timedelta(hours=lifetime))
        watch = Watch(database, reader, Quoter(database, catalogue), shapes(links))
        if not database.distributed:
            writer.on_commit(watch.heard)
        await stack.enter_async_context(running([watch.run()]))
        yield House(
            settings=settings,
            database=database,
            jobs=jobs,
            blobs=blobs,
            writer=writer,
            reader=reader,
            catalogue=catalogue,
            relayer=relayer,
            finder=Finder(database, reader),
            links=links,
            watch=watch,
            hook_secret=hook_secret,
            first_key=first_key,
        )


def _providers(settings: Settings) -> dict[str, Provider]:
    return discover(
        sandbox_paint_s=settings.sandbox_paint_s,
        sandbox_pixels=settings.sandbox_pixels,
        sandbox_video_s=settings.sandbox_video_s,
        upstream_poll_s=settings.upstream_poll_s,
        upstream_answer_s=settings.upstream_answer_s,
        max_result_bytes=settings.max_result_bytes,
        relay_connect_s=settings.relay_connect_s,
        relay_first_byte_s=settings.relay_first_byte_s,
        relay_idle_s=settings.relay_idle_s,
    )


def _open_blobs(settings: Settings) -> Blobs:
    if not settings.blob_url:
        return open_blobs(str(settings.data_dir / "pictures"))
    return open_blobs(
        settings.blob_url,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
    )
