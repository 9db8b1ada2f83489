"""A company that asks about its tickets, for tests of what happens to people."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from storage.tables import (
    invitations,
)
from survey.campaign import Campaign
from survey.card import Subject
from survey.eligibility import LeftOut
from survey.invitation import Invitation
from survey.occasion import Occasion
from survey.person import Enrolment
from survey.ports import Press
from survey.survey import Survey
from survey.usecases.ask_about import Asked
from tests.world import SETTINGS, World, email

WAITS = timedelta(hours=2)
TOML = (
    SETTINGS.format(mode="confidential", answers="changeable")
    + """
[surveys.support]
subject = "our support"
after = "tickets"
answers = "changeable"
"""
)


def support(world: World, **changes: Any) -> Survey:
    return replace(world.settings.surveys["support"], **changes)


def ticket(world: World, number: int, *, who: str | None = None, **changes: Any) -> Occasion:
    """Ticket n was resolved for person n just now."""
    whose = who or email(number)
    told = Occasion(
        key=f"desk:{number}",
        who=Enrolment(email=whose, name=changes.pop("name", "Somebody")),
        happened_at=world.clock.at,
        groups={"category": ("billing", "printing")[number % 2]},
        details={"subject": f"Ticket {number}"},
    )
    return replace(told, **changes)


async def ask(world: World, *tickets: Occasion, **survey: Any) -> Mapping[str, Asked | LeftOut]:
    return await world.product.ask_about(support(world, **survey), tickets)


async def campaign_of(world: World, **survey: Any) -> Campaign:
    return await world.product.occasions.campaign(support(world, **survey), at=world.clock.at)


async def deliver(world: World) -> None:
    world.clock.forward(hours=2)
    await world.product.worker()


async def invitation(world: World, place: int) -> Invitation:
    """The latest that is open for somebody."""
    return await world.invitation(place)


async def press(world: World, place: int, score: int) -> Invitation:
    found = await invitation(world, place)
    subject = Subject(campaign_id=found.campaign.id, invitation_id=found.id)
    return await world.product.answers.record(
        Press(subject=subject, by=None, at=world.clock.at), score
    )


async def states(world: World) -> dict[str, str]:
    rows = await world.rows(select(invitations.c.occasion, invitations.c.state))
    return dict(tuple(row) for row in rows)
