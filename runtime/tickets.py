"""Tickets, put together: webhooks of helpdesks, and what handles what they tell."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import structlog
from fastapi import APIRouter
from starlette.routing import BaseRoute

from runtime.roster_rules import rules
from runtime.settings.tickets import TicketSettings
from runtime.wiring import Product
from scheduler.knocker import Sweep
from storage.tickets import SqlTickets
from survey.errors import InvitationClosed
from survey.occasion import Trigger
from survey.usecases.take_ticket_events import TakeTicketEvents
from webapp.api.keys import Access
from webapp.throttle import Throttle
from webapp.webhooks import Jira, Standard, WebhookParts, Zammad, Zendesk, webhook_router
from webapp.webhooks.helpdesk import Helpdesk, Rules

SWEEP = "tickets"
LOOKS_EVERY = timedelta(seconds=5)
"""How often it is looked for what was told; what was reopened in this process knocks at once."""
KEPT = timedelta(days=90)
"""How long it is known which events were told, so that none counts twice."""
_PRUNES_EVERY = timedelta(hours=1)

log = structlog.get_logger()


def routers(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:
    """The webhooks of those helpdesks whose secret is set."""
    parts = WebhookParts(
        helpdesks=helpdesks(product.settings.tickets),
        tickets=SqlTickets(product.database),
        clock=product.clock,
        throttle=throttle,
        proxies=access.proxies,
        knock=lambda: product.knocker.knock(SWEEP),
    )
    return (webhook_router(parts),)


def routes(product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:  # noqa: ARG001
    """No pages of their own: what tickets are asked about by stands behind the usual links."""
    return ()


def sweeps(product: Product) -> Sequence[Sweep]:
    """What helpdesks told is handled, and forgotten when nobody tells it again."""
    take, tickets = taking(product), SqlTickets(product.database)

    async def take_and_tell() -> None:
        try:
            taken = await take()
        except InvitationClosed:  # the next look begins another campaign
            log.info("tickets_wait_for_campaign")
            return
        for source, event, kind in taken.broken:
            log.error("ticket_event_broke", source=source, event_id=event, error=kind)
        if taken.handled or taken.withdrawn:
            log.info(
                "ticket_events_handled",
                count=taken.handled,
                asked=taken.asked,
                withdrawn=taken.withdrawn,
            )
        if taken.asked:
            product.knocker.knock("send")

    async def prune() -> None:
        await tickets.prune(before=product.clock() - KEPT)

    return (
        Sweep(name=SWEEP, every=LOOKS_EVERY, run=take_and_tell),
        Sweep(name="tickets_pruned", every=_PRUNES_EVERY, run=prune),
    )


def taking(product: Product) -> TakeTicketEvents:
    """What handles the events."""
    return TakeTicketEvents(
        tickets=SqlTickets(product.database),
        occasions=product.occasions,
        ask_about=product.ask_about,
        survey=product.settings.waiting_for(Trigger.TICKETS),
        clock=product.clock,
    )


def helpdesks(settings: TicketSettings) -> Sequence[Helpdesk]:
    """Those whose secret is set."""
    known, found = _rules(), list[Helpdesk]()
    if settings.secrets:
        found.append(Standard(secrets=settings.secrets, rules=known))
    if settings.zammad_token is not None:
        found.append(Zammad(token=settings.zammad_token, rules=known))
    if settings.zendesk_secret is not None:
        found.append(Zendesk(secret=settings.zendesk_secret, rules=known))
    if settings.jira_secret is not None:
        found.append(Jira(secret=settings.jira_secret, rules=known))
    return found


@lru_cache
def _rules() -> Rules:
    known = rules()
    return Rules(email=known.email, locale=known.locale, zones=known.zones)
