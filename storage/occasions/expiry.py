"""Invitations that close by themselves, where their campaign has no end."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import campaigns, deliveries, invitations, set_aside
from storage.updates import plan_updates
from survey.states import OPEN_CAMPAIGN, DeliveryState, InvitationState

AT_ONCE = 500
"""How many one transaction closes: presses have their turn in between."""
OVER = "its time was over"
"""Why a planned message is skipped."""
_PENDING, _SENT = InvitationState.PENDING.value, InvitationState.SENT.value
_DUE = (
    select(invitations.c.id)
    .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
    .where(
        invitations.c.closes_at.is_not(None),
        invitations.c.state.in_([_PENDING, _SENT]),
        campaigns.c.state.in_([state.value for state in OPEN_CAMPAIGN]),
    )
    .order_by(invitations.c.closes_at)
    .limit(AT_ONCE)
    .with_for_update(skip_locked=True, of=invitations)
)


@dataclass(frozen=True, kw_only=True)
class Expired:
    """What one transaction did.

    Attributes:
        closed: How many invitations.
        more: Whether others may still wait.
    """

    closed: int
    more: bool


async def expire(connection: AsyncConnection, *, at: datetime) -> Expired:
    """Close those whose own time is over, the oldest first.

    Who never got the question was not asked. What was answered stays, and so does its message.
    """
    ids = list(await connection.scalars(_DUE.where(invitations.c.closes_at <= at)))
    if not ids:
        return Expired(closed=0, more=False)
    these = invitations.c.id.in_(ids)
    await connection.execute(
        invitations.update()
        .where(these)
        .values(
            state=case(
                (invitations.c.state == _PENDING, InvitationState.WITHDRAWN.value),
                else_=InvitationState.EXPIRED.value,
            )
        )
    )
    await connection.execute(
        deliveries.update()
        .where(
            deliveries.c.invitation_id.in_(ids),
            deliveries.c.state == DeliveryState.PLANNED.value,
        )
        .values(state=DeliveryState.SKIPPED.value, reason=OVER)
    )
    await plan_updates(connection, these, at=at)
    # What was kept aside can't be counted any more; that it was is told on.
    await connection.execute(
        set_aside.update()
        .where(set_aside.c.invitation_id.in_(ids))
        .values(score=None, counts_at=None)
    )
    return Expired(closed=len(ids), more=len(ids) == AT_ONCE)
