"""Who has a question and has not answered it: what reminders are planned from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select
from sqlalchemy.exc import IntegrityError

from storage.bulk import insert_many
from storage.engine import Database
from storage.rows import PERSON, SILENCE, person_of, silence_of
from storage.tables import deliveries, invitations, people
from survey.campaign import Campaign
from survey.contact import MESSAGES_APART
from survey.errors import NoReminder, WhyNoReminder
from survey.person import Address, Person
from survey.reminders import Reminder, Unanswered, earliest
from survey.states import COUNTED, UNDER_WAY, DeliveryKind, DeliveryState, InvitationState

_ABOUT = [DeliveryKind.INITIAL.value, DeliveryKind.REMINDER.value]
_UNDER_WAY = sorted(state.value for state in UNDER_WAY)
_REMINDER = deliveries.c.kind == DeliveryKind.REMINDER.value
_FIRST_SENT = func.min(deliveries.c.sent_at)
_LAST_SENT = func.max(deliveries.c.sent_at)
_LAST_ORDINAL = func.coalesce(func.max(case((_REMINDER, deliveries.c.ordinal))), 0)
_UNDER_WAY_NOW = func.count().filter(deliveries.c.state.in_(_UNDER_WAY))


def _of_the_first(name: str) -> Any:
    """Where the question itself went."""
    first = and_(deliveries.c.kind == DeliveryKind.INITIAL.value, deliveries.c.ordinal == 1)
    return func.max(case((first, deliveries.c[name]))).label(name)


class SqlReminders:
    """The port `Reminders` on a database.

    Args:
        timezone: The organisation's zone; it stands in for people who have none.
    """

    def __init__(self, database: Database, *, timezone: str) -> None:
        self._database = database
        self._timezone = timezone

    async def unanswered(
        self, campaigns: Sequence[Campaign], *, at: datetime
    ) -> Sequence[Unanswered]:
        """See the port."""
        ready = []
        for campaign in campaigns:
            before = earliest(campaign, at=at)
            if before is not None:
                ready.append(
                    and_(
                        invitations.c.campaign_id == campaign.id,
                        before >= _FIRST_SENT,
                        len(campaign.survey.reminders) > _LAST_ORDINAL,
                    )
                )
        if not ready:
            return []
        return await self._read(
            campaigns,
            invitations.c.state == InvitationState.SENT.value,
            having=and_(or_(*ready), at - MESSAGES_APART >= _LAST_SENT, _UNDER_WAY_NOW == 0),
        )

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
                await connection.execute(select(deliveries.c.id).limit(1))  # the transaction begins
                await insert_many(
                    connection,
                    deliveries,
                    (
                        "id",
                        "invitation_id",
                        "kind",
                        "ordinal",
                        "platform",
                        "workspace",
                        "user_id",
                        "state",
                        "due_at",
                    ),
                    (
                        (
                            uuid4(),
                            reminder.invitation_id,
                            DeliveryKind.REMINDER.value,
                            reminder.ordinal,
                            reminder.address.platform,
                            reminder.address.workspace,
                            reminder.address.user_id,
                            DeliveryState.PLANNED.value,
                            reminder.due_at,
                        )
                        for reminder in reminders
                    ),
                )
        except IntegrityError:
            return 0  # another sweep was quicker; what it left out is found by the next
        return len(reminders)

    async def _read(
        self,
        campaigns: Sequence[Campaign],
        which: ColumnElement[bool],
        *,
        having: ColumnElement[bool],
    ) -> list[Unanswered]:
        known = {campaign.id: campaign for campaign in campaigns}
        grouped = (
            select(
                invitations.c.id,
                invitations.c.campaign_id,
                invitations.c.person_id,
                _FIRST_SENT.label("first_sent"),
                _LAST_SENT.label("last_sent"),
                _LAST_ORDINAL.label("last_ordinal"),
                func.count()
                .filter(_REMINDER, deliveries.c.sent_at.is_not(None))
                .label("reminders"),
                *(_of_the_first(name) for name in ("platform", "workspace", "user_id")),
            )
            .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
            .where(invitations.c.campaign_id.in_(known), deliveries.c.kind.in_(_ABOUT), which)
            .group_by(invitations.c.id, invitations.c.campaign_id, invitations.c.person_id)
            .having(having)
            .subquery()
        )
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(grouped, *PERSON[1:], *SILENCE)
                .join(people, people.c.id == grouped.c.person_id)
                .where(people.c.active)
            )
            return [self._unanswered(row, known[row.campaign_id]) for row in rows]

    def _unanswered(self, row: Any, campaign: Campaign) -> Unanswered:
        return Unanswered(
            invitation_id=row.id,
            campaign=campaign,
            person=person_of(dict(row._mapping), timezone=self._timezone),  # noqa: SLF001 - its public name
            address=Address(platform=row.platform, workspace=row.workspace, user_id=row.user_id),
            first_sent=row.first_sent,
            last_sent=row.last_sent,
            last_ordinal=row.last_ordinal,
            reminders=row.reminders,
            silence=silence_of(row),
        )


def _why_not(state: str | None) -> WhyNoReminder:
    if state is None or state == InvitationState.PENDING.value:
        return WhyNoReminder.NOT_SENT
    if state in {counted.value for counted in COUNTED}:
        return WhyNoReminder.ANSWERED
    if state == InvitationState.SENT.value:
        return WhyNoReminder.PLANNED
    return WhyNoReminder.LEFT
