"""Low marks: found now and again, and looked after by programs as well."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from fastapi import APIRouter
from starlette.routing import BaseRoute

from bot.desk import ALERTS
from runtime.wiring import Product
from scheduler.knocker import Sweep
from survey.usecases.find_low_marks import JUST_NOW, LATELY
from webapp.api.analytics import AnalyticsParts, analytics_routers
from webapp.api.follow_ups import FollowUpParts, follow_up_routers
from webapp.api.keys import Access
from webapp.throttle import Throttle

EVERY = timedelta(seconds=5)
THOROUGHLY_EVERY = timedelta(minutes=10)

log = structlog.get_logger()


def routers(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:  # noqa: ARG001 - as the others
    """What programs call."""
    looking_after = product.looking_after
    return [
        *follow_up_routers(
            FollowUpParts(
                follow_ups=looking_after.follow_ups,
                people=product.people,
                access=access,
                clock=product.clock,
                knock=product.knocker.knock,
            )
        ),
        *analytics_routers(AnalyticsParts(analyse=looking_after.analyse, access=access)),
    ]


def routes(product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:  # noqa: ARG001 - as the others
    """No pages."""
    return ()


def sweeps(product: Product) -> Sequence[Sweep]:
    """Low marks are found within seconds; those of a standstill a little later."""

    async def look(back: timedelta) -> None:
        found = await product.looking_after.find(back=back)
        if found.opened or found.reopened:
            log.info("low_marks_found", opened=found.opened, reopened=found.reopened)
            product.knocker.knock("send")

    async def quickly() -> None:
        await look(JUST_NOW)

    async def thoroughly() -> None:
        await look(LATELY)

    return (
        Sweep(name=ALERTS, every=EVERY, run=quickly),
        Sweep(name="alerts_of_a_month", every=THOROUGHLY_EVERY, run=thoroughly),
    )
