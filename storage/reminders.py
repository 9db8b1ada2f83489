"""Who has a question and has not answered it: what reminders are planned from."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.planned import plan_messages
from storage.rows import PERSON, SILENCE, UNTIL, person_of, silence_of
from storage.tables import campaigns, deliveries, invitations, people
from survey.campaign import Campaign
from survey.contact import MESSAGES_APART
from survey.errors import NoReminder, WhyNoReminder
from survey.person import Address, Person
from survey.reminders import Reminder, Unanswered, earliest
from survey.states import COUNTED, UNDER_WAY, DeliveryKind, InvitationState

_ABOUT = [DeliveryKind.INITIAL.value, DeliveryKind.REMINDER.value]
_UNDER_WAY = sorted(state.value for state in UNDER_WAY)
PORTION = 5_000
"""How many people are read at a time: presses have their turn in between."""
_REMINDER = deliveries.c.kind == DeliveryKind.REMINDER.value
_FIRST_SENT = func.min(deliveries.c.sent_at)
_LAST_SENT = func.max(deliveries.c.sent_at)
_LAST_ORDINAL = func.coalesce(func.max(case((_REMINDER, deliveries.c.ordinal))), 0)
_UNDER_WAY_NOW = func.count().filter(deliveries.c.state.in_(_UNDER_WAY))


class SqlReminders:
    """The port `Reminders` on a database.

    Args:
        timezone: The organisation's zone; it stands in for people who have none.
    """

    def __init__(self, database: Database, *, timezone: str) -> None:
        self._database = database
        self._timezone = timezone

    async def unanswered(
        self, campaigns: Sequence[Campaign], *, at: datetime, most: int
    ) -> AsyncIterator[Sequence[Unanswered]]:
        """See the port."""
        ready = [
            and_(
                invitations.c.campaign_id == campaign.id,
                min(ordinal, most) > _LAST_ORDINAL,
                before >= _FIRST_SENT,
            )
            for campaign in campaigns
            for ordinal, before in earliest(campaign, at=at)
        ]
        if not ready:
            return
        due = and_(or_(*ready), at - MESSAGES_APART >= _LAST_SENT, _UNDER_WAY_NOW == 0)
        beyond: ColumnElement[bool] = true()
        while True:
            found = await self._read(
                campaigns,
                and_(invitations.c.state == InvitationState.SENT.value, beyond),
                having=due,
                limit=PORTION,
            )
            if found:
                yield found
            if len(found) < PORTION:
                return
            beyond = invitations.c.id > found[-1].invitation_id

    async def unanswered_by(self, campaign: Campaign, person: Person) -> Unanswered:
        """See the port."""
        found = await self._read(
            [campaign],
            and_(
                invitations.c.person_id == person.id,
                invitations.c.state == InvitationState.SENT.value,
            ),
            having=not_(_FIRST_SENT.is_(None)) & (_UNDER_WAY_NOW == 0),
        )
        if found:
            return found[0]
        async with self._database.read() as connection:
            state = await connection.scalar(
                select(invitations.c.state).where(
                    invitations.c.campaign_id == campaign.id,
                    invitations.c.person_id == person.id,
                )
            )
        raise NoReminder(_why_not(state))

    async def plan(self, reminders: Sequence[Reminder]) -> int:
        """See the port."""
        if not reminders:
            return 0
        try:
            async with self._database.write() as connection:
                if len(reminders) == 1 and await _is_under_way(connection, reminders[0]):
                    return 0
                await plan_messages(
                    connection,
                    DeliveryKind.REMINDER,
                    (
                        (one.invitation_id, one.ordinal, one.address, one.due_at)
                        for one in reminders
                    ),
                )
        except IntegrityError:
            return 0  # another sweep was quicker; what it left out is found by the next
        return len(reminders)

    async def _read(
        self,
        of: Sequence[Campaign],
        which: ColumnElement[bool],
        *,
        having: ColumnElement[bool],
        limit: int | None = None,
    ) -> list[Unanswered]:
        known = {campaign.id: campaign for campaign in of}
        grouped = (
            select(
                invitations.c.id,
                invitations.c.campaign_id,
                invitations.c.person_id,
                func.max(UNTIL).label("until"),
                _FIRST_SENT.label("first_sent"),
                _LAST_SENT.label("last_sent"),
                _LAST_ORDINAL.label("last_ordinal"),
                func.count()
                .filter(_REMINDER, deliveries.c.sent_at.is_not(None))
                .label("reminders"),
            )
            .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
            .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
            .join(people, people.c.id == invitations.c.person_id)
            .where(
                people.c.active,
                invitations.c.campaign_id.in_(known),
                deliveries.c.kind.in_(_ABOUT),
                which,
            )
            .group_by(invitations.c.id, invitations.c.campaign_id, invitations.c.person_id)
            .having(having)
            .order_by(invitations.c.id)
            .limit(limit)
            .subquery()
        )
        latest = deliveries.alias("latest")
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(
                    grouped,
                    latest.c.platform,
                    latest.c.workspace,
                    latest.c.user_id,
                    *PERSON[1:],
                    *SILENCE,
                )
                .join(people, people.c.id == grouped.c.person_id)
                .join(latest, latest.c.id == _latest_arrived(grouped.c.id))
                .order_by(grouped.c.id)
            )
            return [self._unanswered(row, known[row.campaign_id]) for row in rows]

    def _unanswered(self, row: Any, campaign: Campaign) -> Unanswered:
        return Unanswered(
            invitation_id=row.id,
            campaign=replace(campaign, closes_at=row.until),
            person=person_of(dict(row._mapping), timezone=self._timezone),  # noqa: SLF001 - its public name
            address=Address(platform=row.platform, workspace=row.workspace, user_id=row.user_id),
            first_sent=row.first_sent,
            last_sent=row.last_sent,
            last_ordinal=row.last_ordinal,
            reminders=row.reminders,
            silence=silence_of(row),
        )


def _latest_arrived(invitation_id: ColumnElement[Any]) -> Any:
    """The message of an invitation that reached its person last: there they are reminded."""
    arrived = deliveries.alias("arrived")
    return (
        select(arrived.c.id)
        .where(
            arrived.c.invitation_id == invitation_id,
            arrived.c.kind.in_(_ABOUT),
            arrived.c.sent_at.is_not(None),
        )
        .order_by(arrived.c.sent_at.desc(), arrived.c.ordinal.desc())
        .limit(1)
        .scalar_subquery()
    )


async def _is_under_way(connection: AsyncConnection, reminder: Reminder) -> bool:
    """Whether a message of the same invitation has been planned since; nobody plans one now."""
    mine = invitations.c.id == reminder.invitation_id
    await connection.execute(select(invitations.c.id).where(mine).with_for_update())
    found = await connection.scalar(
        select(func.count()).where(
            deliveries.c.invitation_id == reminder.invitation_id,
            deliveries.c.kind.in_(_ABOUT),
            deliveries.c.state.in_(_UNDER_WAY),
        )
    )
    return bool(found)


def _why_not(state: str | None) -> WhyNoReminder:
    if state is None or state == InvitationState.PENDING.value:
        return WhyNoReminder.NOT_SENT
    if state in {counted.value for counted in COUNTED}:
        return WhyNoReminder.ANSWERED
    if state == InvitationState.SENT.value:
        return WhyNoReminder.PLANNED
    return WhyNoReminder.LEFT
