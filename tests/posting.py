"""Rounds that go out by chat and e-mail on a real database; what the platforms say is told."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from storage.invitations import Ballots
from storage.outbox import SqlOutbox
from storage.suppressions import SqlSuppressions
from storage.tables import deliveries, invitations
from storage.ties import SqlTies
from survey.campaign import Campaign
from survey.delivery import Delivery, MessageRef
from survey.person import EMAIL, Person
from survey.ports import Cause
from tests.world import World, email

CHAT = "sandbox"


class Post:
    """What a worker does with the outbox, and what mail servers report."""

    def __init__(self, world: World, *platforms: str) -> None:
        self.world = world
        on = platforms or (CHAT, EMAIL)
        object.__setattr__(world.product.start, "platforms", on)
        database = world.product.database
        ballots = Ballots(timezone="Europe/Berlin")
        self.outbox = SqlOutbox(database, ballots, platforms=on)
        self.suppressions = SqlSuppressions(database, platforms=on)
        self.ties = SqlTies(database)

    async def start(self, *places: int, survey: str = "nps") -> Campaign:
        """A round that asks these people, whose messages are due."""
        await self.ties.give_mailboxes()
        asked = frozenset(email(place) for place in places)
        return await self.world.start(survey, to=asked, deliver=False)

    async def due(self) -> list[Delivery]:
        """What is due now, under way from here on."""
        found = await self.outbox.claim(at=self.world.clock.at, limit=100)
        return sorted(found, key=lambda one: one.invitation.person.id)

    async def arrives(self, *sent: Delivery) -> None:
        for one in sent:
            ref = MessageRef(channel="", message=name_of(one))
            assert await self.outbox.sent(one, ref, at=self.world.clock.at)

    async def fails(self, *lost: Delivery) -> None:
        for one in lost:
            assert await self.outbox.failed(one, reason="refused")

    async def returns(
        self,
        mail: Delivery,
        cause: Cause = Cause.BOUNCED,
        *,
        name: str | None = None,
        to: str | None = None,
        reason: str = "550 5.1.1 no such user",
        for_good: bool = True,
    ) -> bool:
        """A report says that a mail did not arrive, or was complained about."""
        return await self.suppressions.returned(
            name_of(mail) if name is None else name,
            to or mail.address.user_id,
            cause=cause,
            reason=reason,
            at=self.world.clock.at,
            for_good=for_good,
        )

    async def person(self, place: int) -> Person:
        found = await self.world.product.people.by_email(email(place))
        assert found is not None
        return found

    async def states(self, place: int) -> list[str]:
        """Of somebody's invitations, oldest round first."""
        rows = await self.world.rows(
            select(invitations.c.state)
            .where(invitations.c.person_id == (await self.person(place)).id)
            .order_by(invitations.c.campaign_id)
        )
        return [row.state for row in rows]

    async def messages(self, place: int) -> list[tuple[Any, ...]]:
        """Kind, ordinal, platform and state of what went or goes to somebody."""
        rows = await self.world.rows(
            select(
                deliveries.c.kind, deliveries.c.ordinal, deliveries.c.platform, deliveries.c.state
            )
            .join(invitations)
            .where(invitations.c.person_id == (await self.person(place)).id)
            .order_by(invitations.c.campaign_id, deliveries.c.kind, deliveries.c.ordinal)
        )
        return [tuple(row) for row in rows]

    async def reached(self, campaign: Campaign) -> int:
        return (await self.world.product.rounds.by_id(campaign.id)).reached


def name_of(mail: Delivery) -> str:
    """What stands before the @ of its Message-ID."""
    return (mail.invitation.id if mail.begins else mail.id).hex


def platforms_of(found: Sequence[Delivery]) -> list[str]:
    return [one.address.platform for one in found]
