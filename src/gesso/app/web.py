"""The HTTP application over an open house."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from starlette.types import ASGIApp

from gesso.app.crossing import app_of, describe_both, join
from gesso.app.house import House
from gesso.app.parts import issuer, limits, networks
from gesso.dialects import apimart
from gesso.dialects.admin.routes import AdminRoutes
from gesso.dialects.admin.wire import ErrorEnvelope
from gesso.dialects.apimart.routes import ApimartRoutes
from gesso.dialects.midjourney.hall import Bounds, Hall
from gesso.dialects.midjourney.reception import Services
from gesso.dialects.midjourney.routes import MidjourneyRoutes
from gesso.dialects.openai.door import Bounds as OpenAIBounds
from gesso.dialects.openai.images import Studio
from gesso.dialects.openai.routes import OpenAIRoutes
from gesso.dialects.openai.strays import lost
from gesso.http.auth import Doorkeeper
from gesso.http.console import ConsoleRoom
from gesso.http.dispatch import Dispatcher
from gesso.http.docs import DocsRoom
from gesso.http.events import EventRoom
from gesso.http.health import HealthRoom
from gesso.http.limits import Pace
from gesso.http.origins import Origins
from gesso.http.pictures import PictureRoom
from gesso.kit.mask import Polarity
from gesso.kit.web import Guard
from gesso.services.answer import Answerer
from gesso.services.authenticate import Authenticator
from gesso.services.bookmark import Bookmarker
from gesso.services.cancel import Canceller
from gesso.services.catch_up import CatchUp
from gesso.services.inquire import Inquirer
from gesso.services.intake import Intake
from gesso.services.model_list import ModelList
from gesso.services.moderate import Moderator, Policy
from gesso.services.office import open_office
from gesso.services.paint import Painter
from gesso.services.quote import Quoter
from gesso.services.spending import Spending
from gesso.services.submit import Submitter
from gesso.services.translate import Language, Translator
from gesso.services.upload import Uploader
from gesso.settings import Settings

#: Answered at once or with a task, as the caller wants it.
_PICTURES = "/v1/images/generations"


def build_web(house: House) -> ASGIApp:
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
        relayer=house.relayer,
        authenticator=authenticator,
        sender=house.sender(),
        issuer=issuer(settings),
        settings=settings,
    )
    shared = _services(house, room)
    events = EventRoom(house.watch, CatchUp(house.database, house.writer), settings.max_streams)
    midjourney = MidjourneyRoutes(_hall(house, doorkeeper), shared, room, events, office.channels)
    mart = _apimart(house, doorkeeper, shared, room, events)
    deferred = mart.routes()
    openai = _openai(house, doorkeeper, shared, room, app_of(deferred, _PICTURES, "POST"))
    admin = AdminRoutes(doorkeeper, office, house.links, settings.max_admin_body_bytes)
    models = describe_both(openai.operations(), mart.operations())
    described = [*midjourney.operations(), *models, *admin.operations()]
    docs = DocsRoom(described, settings.base_url, ErrorEnvelope)
    health = HealthRoom(house.database)
    console = ConsoleRoom(settings.base_url)
    every = Dispatcher(
        [
            *join(openai.routes(), deferred),
            *midjourney.routes(),
            *admin.routes(),
            *room.routes(),
            *docs.routes(),
            *health.routes(),
            *console.routes(),
        ],
        lost,
    )
    return Origins(every)


def _openai(
    house: House, doorkeeper: Doorkeeper, shared: Services, room: PictureRoom, deferred: ASGIApp
) -> OpenAIRoutes:
    settings = house.settings
    wait_s = settings.picture_wait_s
    studio = Studio(
        painter=Painter(shared.submitter, house.finder, house.blobs, patience_s=wait_s),
        # On the OpenAI wire a mask is transparent where the picture is to change.
        intake=Intake(house.blobs, limits(settings), Polarity.TRANSPARENT, room.find_own),
        links=house.links,
        catalogue=house.catalogue,
        relayer=house.relayer,
        deferred=deferred,
    )
    models = ModelList(house.catalogue, house.relayer)
    bounds = OpenAIBounds.of(settings)
    return OpenAIRoutes(doorkeeper, models, studio, house.finder, bounds)


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
    inquirer = Inquirer(catalogue, house.relayer.router, house.relayer.attempts)
    language = Language(settings.translate_model, settings.translate_timeout_s)
    translator = Translator(inquirer, language)
    return Services(
        submitter=Submitter(
            writer,
            catalogue,
            translator,
            Moderator(inquirer, _policy(settings), house.blobs),
            notify_hook=settings.notify_hook,
            keep=keep,
            waits=settings.outage != "refuse",
        ),
        answerer=Answerer(writer, catalogue, translator, keep=keep),
        canceller=Canceller(writer, house.finder),
        catalogue=catalogue,
        intake=Intake(house.blobs, limits(settings), polarity, room.find_own),
        uploader=Uploader(writer, keep=timedelta(hours=settings.upload_hours)),
        bookmarker=Bookmarker(writer),
    )


def _policy(settings: Settings) -> Policy:
    return Policy(settings.moderate_model, settings.moderate_always, settings.moderate_timeout_s)


def _apimart(
    house: House,
    doorkeeper: Doorkeeper,
    shared: Services,
    room: PictureRoom,
    events: EventRoom,
) -> ApimartRoutes:
    settings, allowed = house.settings, limits(house.settings)
    guard = Guard(allow_private=networks("GESSO_FETCH_PRIVATE", settings.fetch_private))
    bounds = apimart.Bounds(settings.max_body_bytes, settings.max_prompt_chars, settings.max_list)

    def intake(most: int) -> Intake:
        bounded = replace(allowed, max_bytes=most)
        return Intake(house.blobs, bounded, Polarity(settings.mask_polarity), room.find_own)

    services = apimart.Services(
        submitter=shared.submitter,
        answerer=shared.answerer,
        canceller=shared.canceller,
        catalogue=house.catalogue,
        quoter=Quoter(house.database, house.catalogue),
        spending=Spending(house.database),
        uploader=shared.uploader,
        inputs=apimart.Inputs(intake(min(apimart.INPUT_BYTES, allowed.max_bytes)), guard),
        uploads=intake(apimart.UPLOAD_BYTES),
        events=events,
    )
    return ApimartRoutes(apimart.Hall(doorkeeper, house.finder, house.links, bounds), services)
