"""Examples of the product's things, to be bent where a test needs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from survey.campaign import Campaign, Period
from survey.delivery import Delivery
from survey.invitation import Invitation
from survey.person import Address, Person
from survey.states import CampaignState, DeliveryKind, InvitationState
from survey.survey import Survey

MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
"""Ten o'clock in Berlin."""
FRIDAY_WEEK = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
NPS_SURVEY = Survey(name="nps", subject="Acme", owner="the People team")
PERIOD = Period(2026, 4)


class SetClock:
    """Stands still until it is told to go on."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def person(number: int = 1, name: str = "Ada Okafor", **changes: Any) -> Person:
    first = name.split(maxsplit=1)[0].lower() if name.strip() else "nobody"
    known = Person(
        id=number, email=f"{first}@example.org", name=name, timezone="Europe/Berlin", locale="en"
    )
    return replace(known, **changes)


def address(of: Person) -> Address:
    return Address(platform="chat", workspace="acme", user_id=of.email)


def campaign(survey: Survey = NPS_SURVEY, **changes: Any) -> Campaign:
    known = Campaign(
        id=1,
        survey=survey,
        period=PERIOD,
        state=CampaignState.RUNNING,
        started_at=MONDAY - timedelta(days=3),
        closes_at=FRIDAY_WEEK,
        invited=480,
        reached=480,
    )
    return replace(known, **changes)


def invitation(number: int = 1, **changes: Any) -> Invitation:
    known = Invitation(
        id=UUID(int=number), campaign=campaign(), person=person(), state=InvitationState.SENT
    )
    return replace(known, **changes)


def delivery(number: int = 1, **changes: Any) -> Delivery:
    about = changes.pop("invitation", None) or invitation(number, state=InvitationState.PENDING)
    known = Delivery(
        id=UUID(int=number),
        kind=DeliveryKind.INITIAL,
        ordinal=1,
        address=address(about.person),
        attempt=1,
        invitation=about,
    )
    return replace(known, **changes)
