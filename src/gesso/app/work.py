"""The worker over an open house: tasks, callbacks and housekeeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta

import structlog

from gesso.app.house import House
from gesso.app.parts import limits, networks, running, shapes
from gesso.domain.errors import BadSettings
from gesso.kit import lock, picture
from gesso.kit.mask import Polarity
from gesso.kit.web import Guard
from gesso.services import breaker as breakers
from gesso.services import relay_money, sweep
from gesso.services.breaker import Breaker
from gesso.services.gather import Gatherer
from gesso.services.pause import Gate
from gesso.services.step import Stepper
from gesso.worker.courier import Courier, Patience
from gesso.worker.engine import Engine
from gesso.worker.sweeper import Sweeper

log = structlog.get_logger()


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
    breaker = Breaker(
        house.database,
        house.catalogue,
        breakers.Patience(settings.breaker_failures, settings.breaker_rest_s),
    )
    stepper = Stepper(
        house.writer,
        house.reader,
        house.catalogue,
        house.blobs,
        Gatherer(
            house.blobs,
            house.reader,
            Guard(allow_private=networks("GESSO_FETCH_PRIVATE", settings.fetch_private)),
            limits(settings),
            Polarity(settings.mask_polarity),
        ),
        breaker,
        # Results are our upstream's, not a stranger's: larger, but not without a limit.
        picture.Limits(settings.max_result_bytes, 4 * settings.max_picture_pixels, 100_000),
        keep=keep,
        retry_s=settings.upstream_retry_s,
    )
    engine = Engine(
        await house.jobs.open_worker(),
        stepper,
        house.catalogue,
        gate=Gate(
            house.catalogue,
            house.reader,
            house.writer,
            breaker,
            moves=settings.outage != "wait",
            wait=timedelta(seconds=settings.outage_wait_s),
        ),
        heartbeat_s=settings.heartbeat_s,
        most_tasks=settings.worker_tasks,
    )
    await sweep.wake_tasks(house.database, house.jobs)
    engine_task = asyncio.create_task(engine.run())
    engine_task.add_done_callback(_report)
    try:
        async with running([_courier(house).run(), _sweeper(house).run()]):
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
    return Courier(
        house.database,
        house.sender(),
        shapes(house.links),
        Patience(settings.callback_timeout_s, timedelta(hours=settings.callback_hours)),
    )


def _sweeper(house: House) -> Sweeper:
    database, writer, blobs, jobs = house.database, house.writer, house.blobs, house.jobs
    keep = timedelta(days=house.settings.delivery_days)
    told = timedelta(seconds=house.settings.events_keep_s)
    return Sweeper(
        {
            "wake_tasks": (60.0, lambda: sweep.wake_tasks(database, jobs)),
            "lapse_deadlines": (2.0, lambda: sweep.lapse_deadlines(database, writer)),
            "lapse_dialogs": (20.0, lambda: sweep.lapse_dialogs(database, writer)),
            "drop_expired": (300.0, lambda: sweep.drop_expired(database, blobs)),
            "drop_orphans": (86400.0, lambda: sweep.drop_orphans(database, blobs)),
            "release_dead_calls": (15.0, lambda: relay_money.release_dead(database, writer)),
            "drop_snapshots": (60.0, lambda: sweep.drop_snapshots(database, told)),
            "drop_deliveries": (3600.0, lambda: sweep.drop_deliveries(database, keep)),
        }
    )
