"""The front hall: builds every object once and hands it on. Only this file knows all rooms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from gesso.dialects.admin.routes import AdminRoutes
from gesso.dialects.admin.wire import ErrorEnvelope
from gesso.dialects.midjourney import wire as midjourney_wire
from gesso.dialects.midjourney.hall import Bounds, Hall
from gesso.dialects.midjourney.routes import MidjourneyRoutes
from gesso.dialects.midjourney.submits import Services
from gesso.dialects.openai.door import Bounds as OpenAIBounds
from gesso.dialects.openai.images import Studio
from gesso.dialects.openai.routes import OpenAIRoutes
from gesso.domain.errors import BadSettings
from gesso.domain.provider import Provider
from gesso.domain.task import Task
from gesso.http.auth import Doorkeeper
from gesso.http.docs import DocsRoom
from gesso.http.health import HealthRoom
from gesso.http.limits import Pace
from gesso.http.pictures import PictureLinks, PictureRoom
from gesso.kit import lock, picture
from gesso.kit.mask import Polarity
from gesso.kit.web import Guard
from gesso.providers import discover
from gesso.services import administer, relay_money, seal, sweep
from gesso.services.answer import Answerer
from gesso.services.authenticate import Authenticator
from gesso.services.bookmark import Bookmarker
from gesso.services.cancel import Canceller
from gesso.services.catalogue import Catalogue
from gesso.services.deliver import Sender
from gesso.services.gather import Gatherer
from gesso.services.intake import Intake
from gesso.services.look_up import Finder
from gesso.services.model_list import ModelList
from gesso.services.office import open_office
from gesso.services.paint import Painter
from gesso.services.pause import Gate
from gesso.services.relay import Relayer
from gesso.services.relay_open import open_relayer
from gesso.services.step import Stepper
from gesso.services.submit import Submitter
from gesso.services.translate import Endpoint, Translator
from gesso.services.upload import Uploader
from gesso.settings import Settings
from gesso.storage import migrate, secrets
from gesso.storage.blobs import Blobs, open_blobs
from gesso.storage.database import Database, open_database
from gesso.storage.jobs import EmbeddedJobs, Jobs, PostgresJobs
from gesso.storage.reader import Reader
from gesso.storage.writer import Writer
from gesso.worker.courier import Courier, Patience
from gesso.worker.engine import Engine
from gesso.worker.sweeper import Sweeper

log = structlog.get_logger()


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
    hook_secret: str
    first_key: str | None = None  #: Drawn at the very first start; shown once.


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
        catalogue = Catalogue(database, _providers(settings), settings.banned_words)
        await stack.enter_async_context(_running([writer.run()]))
        first_key = None
        if set_up:
            check_public(settings, has_keys=await administer.has_keys(database))
            first_key = await administer.set_up_first(database, writer, settings)
            await seal.seal_all(database)
        await catalogue.refresh()
        relayer = open_relayer(settings, database, writer, catalogue)
        await stack.enter_async_context(_running([catalogue.run(), relayer.leases.run()]))
        stack.push_async_callback(relayer.drain)
        async with database.transaction() as connection:
            picture_secret = bytes.fromhex(await secrets.get(connection, "picture_links"))
            hook_secret = await secrets.get(connection, "callbacks")
        reader = Reader(database)
        lifetime = min(settings.link_hours, settings.picture_days * 24)
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
            links=PictureLinks(settings.base_url, picture_secret, timedelta(hours=lifetime)),
            hook_secret=hook_secret,
            first_key=first_key,
        )


def build_web(house: House) -> Starlette:
    """Build the HTTP application over an open house."""
    settings = house.settings
    room = PictureRoom(house.finder, house.blobs, house.links)
    authenticator = Authenticator(house.database)
    doorkeeper = Doorkeeper(authenticator, Pace())
    office = open_office(
        database=house.database,
        reader=house.reader,
        writer=house.writer,
        catalogue=house.catalogue,
        authenticator=authenticator,
        sender=_sender(house),
        callback_timeout_s=settings.callback_timeout_s,
    )
    midjourney = MidjourneyRoutes(
        _hall(house, doorkeeper), _services(house, room), room, office.channels
    )
    admin = AdminRoutes(doorkeeper, office, house.links, settings.max_admin_body_bytes)
    docs = DocsRoom(
        [*midjourney.operations(), *admin.operations()], settings.base_url, ErrorEnvelope
    )
    models = ModelList(house.catalogue, house.relayer)
    bounds = OpenAIBounds.of(settings)
    openai = OpenAIRoutes(doorkeeper, models, _studio(house, room), house.finder, bounds)
    health = HealthRoom(house.database, settings.base_url)
    # Keys travel in headers, never in cookies, so other sites' pages may call us freely.
    cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    return Starlette(
        routes=[
            # First what is asked for most: paths are compared one after the other.
            *openai.routes(),
            *midjourney.routes(),
            *admin.routes(),
            *room.routes(),
            *docs.routes(),
            *health.routes(),
        ],
        middleware=[cors],
    )


def _studio(house: House, room: PictureRoom) -> Studio:
    settings = house.settings
    keep = timedelta(days=settings.picture_days)
    submitter = Submitter(
        house.writer, house.catalogue, notify_hook=settings.notify_hook, keep=keep
    )
    return Studio(
        painter=Painter(submitter, house.finder, house.blobs, patience_s=settings.picture_wait_s),
        # On the OpenAI wire a mask is transparent where the picture is to change.
        intake=Intake(house.blobs, _limits(settings), Polarity.TRANSPARENT, room.find_own),
        links=house.links,
        catalogue=house.catalogue,
        relayer=house.relayer,
    )


def _hall(house: House, doorkeeper: Doorkeeper) -> Hall:
    settings = house.settings
    return Hall(
        doorkeeper,
        house.finder,
        house.links,
        Bounds(
            body_bytes=settings.max_body_bytes,
            prompt_chars=settings.max_prompt_chars,
            pictures=settings.max_pictures,
            rows=settings.max_list,
        ),
    )


def _services(house: House, room: PictureRoom) -> Services:
    settings, writer, catalogue = house.settings, house.writer, house.catalogue
    keep = timedelta(days=settings.picture_days)
    polarity = Polarity(settings.mask_polarity)
    return Services(
        submitter=Submitter(writer, catalogue, notify_hook=settings.notify_hook, keep=keep),
        answerer=Answerer(writer, catalogue, keep=keep),
        canceller=Canceller(writer, house.finder),
        catalogue=catalogue,
        intake=Intake(house.blobs, _limits(settings), polarity, room.find_own),
        uploader=Uploader(writer, keep=timedelta(hours=settings.upload_hours)),
        translator=Translator(
            Endpoint(
                settings.translate_url,
                settings.translate_key,
                settings.translate_model,
                settings.translate_timeout_s,
            )
        ),
        bookmarker=Bookmarker(writer),
    )


@asynccontextmanager
async def running_worker(house: House) -> AsyncIterator[Engine]:
    """Run tasks, callbacks and housekeeping while the block lasts.

    On SQLite only one process may: two in-memory queues would carry the same tasks twice.
    """
    settings = house.settings
    with ExitStack() as stack:
        if not house.database.distributed:
            try:
                stack.enter_context(lock.exclusive(settings.data_dir / "worker.lock"))
            except lock.Locked as error:
                raise BadSettings(
                    f"another gesso already works in {settings.data_dir}; stop it, choose another "
                    "GESSO_DATA_DIR, or talk to it (gesso imagine --url http://… --key sk-…)"
                ) from error
        async with _running_worker(house) as engine:
            yield engine


@asynccontextmanager
async def _running_worker(house: House) -> AsyncIterator[Engine]:
    settings = house.settings
    keep = timedelta(days=settings.picture_days)
    stepper = Stepper(
        house.writer,
        house.reader,
        house.catalogue,
        house.blobs,
        Gatherer(
            house.blobs,
            house.reader,
            Guard(allow_private=_networks("GESSO_FETCH_PRIVATE", settings.fetch_private)),
            _limits(settings),
            Polarity(settings.mask_polarity),
        ),
        # Results are our upstream's, not a stranger's: larger, but not without a limit.
        picture.Limits(settings.max_result_bytes, 4 * settings.max_picture_pixels, 100_000),
        keep=keep,
        retry_s=settings.upstream_retry_s,
    )
    engine = Engine(
        await house.jobs.open_worker(),
        stepper,
        house.catalogue,
        gate=Gate(house.catalogue, house.reader),
        heartbeat_s=settings.heartbeat_s,
        most_tasks=settings.worker_tasks,
    )
    await sweep.wake_tasks(house.database, house.jobs)
    engine_task = asyncio.create_task(engine.run())
    engine_task.add_done_callback(_report)
    try:
        async with _running([_courier(house).run(), _sweeper(house).run()]):
            yield engine
    finally:
        engine.stop()
        await asyncio.wait({engine_task}, timeout=10)
        engine_task.cancel()
        await asyncio.wait({engine_task})


def _report(engine_task: asyncio.Task[None]) -> None:
    if not engine_task.cancelled() and engine_task.exception() is not None:
        log.critical("engine_stopped", exc_info=engine_task.exception())


def _courier(house: House) -> Courier:
    settings = house.settings

    def midjourney(task: Task) -> bytes:
        return midjourney_wire.write_task(task, house.links)

    return Courier(
        house.database,
        _sender(house),
        {"midjourney": midjourney, "openai": midjourney},
        Patience(settings.callback_timeout_s, timedelta(hours=settings.callback_hours)),
    )


def _sender(house: House) -> Sender:
    settings = house.settings
    guard = Guard(
        allow_private=_networks("GESSO_CALLBACK_PRIVATE", settings.callback_private),
        low_ports=frozenset(settings.callback_port_numbers),
    )
    return Sender(house.database, guard, house.hook_secret)


def _sweeper(house: House) -> Sweeper:
    database, writer, blobs, jobs = house.database, house.writer, house.blobs, house.jobs
    keep = timedelta(days=house.settings.delivery_days)
    return Sweeper(
        {
            "wake_tasks": (60.0, lambda: sweep.wake_tasks(database, jobs)),
            "lapse_dialogs": (20.0, lambda: sweep.lapse_dialogs(database, writer)),
            "drop_expired": (300.0, lambda: sweep.drop_expired(database, blobs)),
            "drop_orphans": (86400.0, lambda: sweep.drop_orphans(database, blobs)),
            "release_dead_calls": (15.0, lambda: relay_money.release_dead(database, writer)),
            "drop_deliveries": (3600.0, lambda: sweep.drop_deliveries(database, keep)),
        }
    )


def _networks(name: str, text: str) -> frozenset[Any]:
    try:
        return frozenset(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BadSettings(f"{name}: {error}") from error


def _limits(settings: Settings) -> picture.Limits:
    return picture.Limits(
        max_bytes=settings.max_picture_bytes,
        max_pixels=settings.max_picture_pixels,
        max_frames=settings.max_picture_frames,
    )


def _providers(settings: Settings) -> dict[str, Provider]:
    return discover(
        sandbox_paint_s=settings.sandbox_paint_s,
        sandbox_pixels=settings.sandbox_pixels,
        upstream_poll_s=settings.upstream_poll_s,
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


@asynccontextmanager
async def _running(loops: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
