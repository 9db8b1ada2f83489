"""Whoever comes back from a stop or a snooze gets the questions that are still open."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import campaigns, deliveries, invitations
from storage.updates import plan_updates
from survey.person import Person
from survey.states import OPEN_CAMPAIGN, DeliveryKind, DeliveryState, InvitationState

_OPEN_ROUNDS = select(campaigns.c.id).where(
    campaigns.c.state.in_([state.value for state in OPEN_CAMPAIGN])
)


def open_rounds(survey: str | None) -> Select[Any]:
    """The ids of the rounds that are open, of one survey or of all."""
    return _OPEN_ROUNDS if not survey else _OPEN_ROUNDS.where(campaigns.c.survey == survey)


async def bring_back(
    connection: AsyncConnection, person: Person, *, survey: str | None, at: datetime
) -> None:
    """Open questions that left with a stop; what was held back of them may go out after all."""
    message = exists().where(
        deliveries.c.invitation_id == invitations.c.id, deliveries.c.sent_at.is_not(None)
    )
    # In one statement: a press in the meantime is not written over.
    back = await connection.scalars(
        invitations.update()
        .where(
            invitations.c.person_id == person.id,
            invitations.c.campaign_id.in_(open_rounds(survey)),
            # What has closed by itself stays so.
            or_(invitations.c.closes_at.is_(None), invitations.c.closes_at > at),
            invitations.c.state.in_(
                [InvitationState.DECLINED.value, InvitationState.OPTED_OUT.value]
            ),
        )
        .values(
            state=case((message, InvitationState.SENT.value), else_=InvitationState.PENDING.value)
        )
        .returning(invitations.c.id)
    )
    mine = invitations.c.id.in_(back.all())
    await plan_updates(connection, mine, at=at)
    await send_after_all(connection, person, survey=survey, at=at, also=mine)


async def send_after_all(
    connection: AsyncConnection,
    person: Person,
    *,
    at: datetime,
    survey: str | None = None,
    also: ColumnElement[bool] | None = None,
) -> None:
    """First messages that were held back because they snoozed, and those of `also`.

    What has gone on to another platform meanwhile stays skipped.
    """
    later = deliveries.alias("later")
    gone_on = exists().where(
        later.c.invitation_id == deliveries.c.invitation_id,
        later.c.kind == deliveries.c.kind,
        later.c.ordinal > deliveries.c.ordinal,
    )
    await connection.execute(
        deliveries.update()
        .where(
            deliveries.c.invitation_id.in_(
                select(invitations.c.id).where(
                    or_(
                        false() if also is None else also,
                        and_(
                            invitations.c.person_id == person.id,
                            invitations.c.campaign_id.in_(open_rounds(survey)),
                            invitations.c.state == InvitationState.PENDING.value,
                        ),
                    )
                )
            ),
            deliveries.c.state == DeliveryState.SKIPPED.value,
            deliveries.c.kind == DeliveryKind.INITIAL.value,
            ~gone_on.correlate(deliveries),
        )
        .values(state=DeliveryState.PLANNED.value, due_at=at, reason=None)
    )
