"""Visits, put together: what programs tell, the front desk, and what customers say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog
from fastapi import APIRouter
from starlette.routing import BaseRoute

from runtime.asking import known_by_email
from runtime.insights import words_of
from runtime.languages import language
from runtime.wiring import Product
from scheduler.knocker import Sweep
from storage.idempotency import SqlKeptAnswers
from storage.tombstones import Tombstones
from storage.visits import SqlVisits
from survey.occasion import Trigger
from survey.person import EMAIL
from survey.survey import Survey
from survey.usecases.feedback import Feedback
from survey.usecases.register_customer import RegisterCustomer
from survey.usecases.submit_answer import SubmitAnswer
from survey.usecases.trigger_survey import TriggerSurvey
from webapp.api.keys import Access
from webapp.throttle import Throttle
from webapp.visits import DeskParts, VisitParts, desk_router, visit_routers
from webapp.visits.session import Sessions, sealing

log = structlog.get_logger()


def survey_of(product: Product) -> Survey | None:
    """The survey that asks about visits; None if there is none.

    Customers agree to e-mails: where those are on, nothing else is used unless the settings say so.
    """
    survey = product.settings.waiting_for(Trigger.VISITS)
    if survey is None or survey.channels or EMAIL not in product.settings.platforms:
        return survey
    return replace(survey, channels=(EMAIL,))


def visits_of(product: Product) -> SqlVisits:
    """Where they are kept."""
    settings = product.settings
    return SqlVisits(
        product.database,
        Tombstones(settings.secret_keys),
        by_email=known_by_email(settings),
    )


def trigger_of(product: Product, survey: Survey) -> TriggerSurvey:
    """What asks customers."""
    return TriggerSurvey(
        visits=visits_of(product),
        ask_about=product.ask_about,
        clock=product.clock,
        survey=survey,
        knock=partial(product.knocker.knock, "send"),
        words=words_of(product),
    )


def routers(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:
    """What programs and the front desk call; nothing where no survey asks about visits."""
    survey = survey_of(product)
    if survey is None:
        return ()
    settings, visits, clock = product.settings, visits_of(product), product.clock
    trigger = trigger_of(product, survey)
    register = RegisterCustomer(
        visits=visits,
        occasions=product.occasions,
        clock=clock,
        survey=survey,
        branches=settings.branches,
    )
    parts = VisitParts(
        access=access,
        register=register,
        trigger=trigger,
        feedback=Feedback(
            links=product.links,
            visits=visits,
            answers=product.answers,
            submit=SubmitAnswer(links=product.links, answers=product.answers, clock=clock),
            clock=clock,
        ),
        languages=language,
        throttle=throttle,
        ask_at_capture=settings.visits.ask_at_capture,
        proxies=settings.trusted_proxies,
    )
    desk = DeskParts(
        access=access,
        sessions=Sessions(
            seal=sealing(settings.secret_keys),
            keys=product.keys,
            clock=clock,
            base_url=settings.base_url,
        ),
        visits=visits,
        register=register,
        trigger=trigger,
        kept=SqlKeptAnswers(product.database),
        languages=language,
        brand=settings.brand,
        branches=settings.branches,
        purposes=settings.visits.purposes,
    )
    return [*visit_routers(parts), desk_router(desk)]


def routes(product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:  # noqa: ARG001
    """The page behind the links is that of every survey."""
    return ()


def sweeps(product: Product) -> Sequence[Sweep]:
    """What a process left half done that ended too early is mended."""
    survey = survey_of(product)
    if survey is None:
        return ()
    visits, name = visits_of(product), survey.name

    async def mend() -> None:
        if mended := await visits.mend(survey=name):
            log.warning("visits_mended", count=mended)

    return (Sweep(name="visits", every=timedelta(minutes=1), run=mend),)
