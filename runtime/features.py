"""Features of products, put together: what programs tell, and what the bot asks by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from fastapi import APIRouter
from starlette.routing import BaseRoute

from runtime.asking import known_by_email
from runtime.feature_store import features_in
from runtime.settings.features import defined
from runtime.wiring import Product
from scheduler.knocker import Sweep
from storage.features.features import SqlFeatures
from storage.features.figures import SqlFeatureFigures
from survey.localtime import zone
from survey.occasion import Trigger
from survey.person import EMAIL
from survey.survey import Survey
from survey.usecases.feature_analytics import FeatureAnalytics
from survey.usecases.use_features import UseFeatures
from webapp.api.keys import Access
from webapp.csat import CsatParts, csat_routers
from webapp.throttle import Throttle

SETTLES_EVERY = timedelta(seconds=5)
"""How soon an answer that was given in chat counts as feedback on its feature."""

log = structlog.get_logger()


def routers(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:  # noqa: ARG001 - every kind has these
    """`/api/csat/v1`, where a survey asks about features."""
    survey = product.settings.waiting_for(Trigger.FEATURES)
    if survey is None:
        return []
    use = use_features(product, survey)
    return csat_routers(
        CsatParts(
            access=access,
            features=features_of(product),
            use=use,
            analytics=FeatureAnalytics(
                survey=survey,
                figures=SqlFeatureFigures(product.database),
                use=use,
                audit=product.audit,
                clock=product.clock,
            ),
            clock=product.clock,
            ready=once(lambda: define(product)),
        )
    )


def routes(product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:  # noqa: ARG001 - every kind has these
    """No pages: features are asked about where they are used, and in chat."""
    return []


def sweeps(product: Product) -> Sequence[Sweep]:
    """What came of questions in chat is counted."""
    survey = product.settings.waiting_for(Trigger.FEATURES)
    if survey is None:
        return []
    use, ready = use_features(product, survey), once(lambda: define(product))

    async def settle() -> None:
        await ready()
        if settled := await use.settle():
            log.info("feature_questions_settled", count=settled)

    return [Sweep(name="features", every=SETTLES_EVERY, run=settle)]


def use_features(product: Product, survey: Survey) -> UseFeatures:
    """The use case; it asks by e-mail only where the survey names that."""
    ask = product.ask_about
    chats = [
        platform for platform in ask.platforms if platform != EMAIL or EMAIL in survey.channels
    ]

    def knock() -> None:
        product.knocker.knock("send")

    return UseFeatures(
        survey=survey,
        features=features_of(product),
        occasions=product.occasions,
        ask=replace(ask, platforms=chats, rests=False),
        knock=knock,
        clock=product.clock,
        zone=zone(product.settings.timezone),
        policy=product.settings.contact,
    )


def features_of(product: Product) -> SqlFeatures:
    """What there is and how it is used, in the product's database."""
    by_email = known_by_email(product.settings)
    return features_in(product.database, product.settings, by_email=by_email)


async def define(product: Product) -> None:
    """Bring the database to what the settings name."""
    await features_of(product).define(*defined(product.settings.products), at=product.clock())


def once(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Do something the first time; again if it failed."""
    done, turn = asyncio.Event(), asyncio.Lock()

    async def ready() -> None:
        if done.is_set():
            return
        async with turn:
            if not done.is_set():
                await work()
                done.set()

    return ready
