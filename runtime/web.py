"""Pages and REST, put together: what people and programs reach without a chat."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter
from starlette.routing import BaseRoute

from runtime.languages import language
from runtime.wiring import Product
from storage.idempotency import KEPT_FOR, SqlKeptAnswers
from survey.localtime import zone
from survey.usecases.answer_by_link import AnswerByLink
from survey.usecases.link_for import LinkFor
from survey.usecases.nps_over_time import NpsOverTime
from survey.usecases.submit_answer import SubmitAnswer
from survey.usecases.unsubscribe import Unsubscribe
from webapp.api import ApiParts, api_routers
from webapp.api.keys import Access
from webapp.api.limits import Allowance
from webapp.api.once import Once
from webapp.page import PageParts, page_routes
from webapp.throttle import Throttle


def pages(product: Product, throttle: Throttle) -> Sequence[BaseRoute]:
    """Where the links in mails lead."""
    settings, answers = product.settings, product.answers
    return page_routes(
        PageParts(
            links=product.links,
            rounds=product.rounds,
            answer=AnswerByLink(answers=answers, doubtful=product.doubtful),
            unsubscribe=Unsubscribe(answers=answers, people=product.people),
            languages=language,
            clock=product.clock,
            brand=settings.brand,
            zone=zone(settings.timezone),
            throttle=throttle,
            audit=product.audit,
            proxies=settings.trusted_proxies,
        )
    )


def access_of(product: Product, throttle: Throttle) -> Access:
    """Who may call."""
    return Access(
        keys=product.keys,
        audit=product.audit,
        clock=product.clock,
        throttle=throttle,
        proxies=product.settings.trusted_proxies,
        usual=Allowance(product.settings.api_limit),
        once=Once(kept=SqlKeptAnswers(product.database), clock=product.clock),
    )


def forgetting(product: Product) -> Callable[[], Awaitable[int]]:
    """Forgets answers that are told again no more."""
    kept, clock = SqlKeptAnswers(product.database), product.clock
    return lambda: kept.forget(before=clock() - KEPT_FOR)


def rest(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:
    """What programs call.

    Args:
        product: The product.
        access: Who may.
        throttle: Counts links that are none of ours, those of the pages among them.
    """
    settings, audit, clock = product.settings, product.audit, product.clock
    surveys = settings.surveys
    return api_routers(
        ApiParts(
            surveys=surveys,
            access=access,
            submit=SubmitAnswer(
                links=product.links,
                answers=product.answers,
                clock=clock,
            ),
            link_for=LinkFor(
                surveys=surveys,
                people=product.people,
                rounds=product.rounds,
                links=product.links,
                audit=audit,
                clock=clock,
            ),
            nps=NpsOverTime(
                surveys=surveys,
                report=product.report,
                figures=product.figures,
                audit=audit,
                clock=clock,
            ),
            rounds=product.rounds,
            throttle=throttle,
            clock=clock,
            proxies=settings.trusted_proxies,
        )
    )
