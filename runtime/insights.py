"""What answers say at a glance, and their copies in the archive, put together."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from datetime import timedelta
from functools import cache

import structlog
from fastapi import APIRouter
from starlette.routing import BaseRoute

from runtime import clock
from runtime.archive import ObjectArchive
from runtime.language_model import LanguageModel
from runtime.settings.insights import ModelSettings
from runtime.wiring import Product
from scheduler.knocker import Sweep
from storage.insights import SqlInsights
from storage.invitations import Ballots
from survey.occasion import Trigger
from survey.usecases.look_into_answers import LookIntoAnswers
from survey.usecases.show_feedback import ShowFeedback
from survey.usecases.trigger_survey import Words, no_words
from survey.visits import Visit
from webapp.api.keys import Access
from webapp.throttle import Throttle
from webapp.visits.said import SaidParts, said_routers

LOOKS_EVERY = timedelta(seconds=5)
AT_ONCE = 5
"""How many answers are looked into at the same time."""

log = structlog.get_logger()


def insights_of(product: Product) -> SqlInsights:
    """Where what was found is kept."""
    return SqlInsights(product.database, Ballots(timezone=product.settings.timezone))


def model_of(product: Product) -> LanguageModel | None:
    """The language model; None where none is set."""
    settings = product.settings
    if settings.model is None:
        return None
    return _model(settings.model, settings.brand.name)


@cache
def _model(settings: ModelSettings, brand: str) -> LanguageModel:
    """One in a process: it counts how often it was asked today."""
    return LanguageModel(settings, brand=brand, clock=clock.now)


def words_of(product: Product) -> Words:
    """Finds the words above a question about a visit."""
    model = model_of(product)
    if model is None:
        return no_words

    async def words(visit: Visit) -> str:
        person = await product.people.by_email(visit.email)
        return await model.invitation(
            first_name=visit.first_name,
            purpose=visit.purpose,
            branch=visit.branch.name,
            locale="en" if person is None else person.locale,
        )

    return words


def looking(product: Product) -> LookIntoAnswers:
    """What looks into answers."""
    settings = product.settings
    return LookIntoAnswers(
        insights=insights_of(product),
        surveys=[name for name, one in settings.surveys.items() if one.after is Trigger.VISITS],
        clock=product.clock,
        together=_together,
        archive=None if settings.archive_url is None else ObjectArchive(settings.archive_url),
        reader=model_of(product),
    )


async def _together(doing: Iterable[Awaitable[str]]) -> Sequence[str]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(what: Awaitable[str]) -> str:
        async with places:
            return await what

    return await asyncio.gather(*(one(what) for what in doing))


def routers(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:  # noqa: ARG001
    """What customers said."""
    if product.settings.waiting_for(Trigger.VISITS) is None:
        return ()
    show = ShowFeedback(insights=insights_of(product), audit=product.audit, clock=product.clock)
    return said_routers(SaidParts(access=access, show=show))


def routes(product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:  # noqa: ARG001
    """It has no pages."""
    return ()


def sweeps(product: Product) -> Sequence[Sweep]:
    """Looks into what was answered."""
    if product.settings.waiting_for(Trigger.VISITS) is None:
        return ()
    look = looking(product)

    async def look_and_tell() -> None:
        troubles = await look()
        if troubles:
            log.warning("archive_unavailable", count=len(troubles), reason=troubles[0])

    return [Sweep(name="insights", every=LOOKS_EVERY, run=look_and_tell)]
